//! The cost of reads from 1,000,000 rows in SQLite, beside code by hand.

mod by_hand;
mod client;
mod rows;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, http::header::CONTENT_TYPE, response::IntoResponse, routing::post};
use conversation_settings_bench as bench;
use conversation_settings_core::{Conversation, GroupId, UserId};
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::{Context, Service};
use conversation_settings_store::{Changes, ConversationStore, Filter};
use conversation_settings_store_sqlite::SqliteStore;
use serde::{Serialize, Serializer, ser::SerializeMap};
use tokio::runtime::Runtime;

use crate::{
    by_hand::ByHand,
    client::Client,
    rows::{OWNERS, conversation_id, owner},
};

fn main() {
    if !bench::is_wanted() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    // On a real disk: a folder in memory has no disk to read.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("conversations.db");
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    runtime.block_on(rows::fill(&*store));
    let service = Service::builder(store.clone()).build();
    list(&runtime, &service, &path);
    for conversations in rows::MORE_OWNERS {
        increment(&runtime, &service, &store, &path, conversations);
    }
    http_get(service, &path);
}

/// Lists all 200 conversations of one owner after the other, as JSON.
fn list(runtime: &Runtime, service: &Service, path: &Path) {
    const CALLS: usize = 20;
    #[derive(Serialize)]
    struct Conversations {
        conversations: Vec<Written>,
    }
    let ours = |name: String| {
        runtime.block_on(async {
            let owner = UserId::new(&*name).unwrap();
            let found = service.list_all(&of_owner(&name), &owner, &Filter::ALL).await.unwrap();
            let conversations = found.into_iter().map(Written).collect();
            serde_json::to_vec(&Conversations { conversations }).unwrap()
        })
    };
    let by_hand = ByHand::open(path);
    assert_eq!(ours(owner(7)), by_hand.list(&owner(7)));
    let (mut round, mut round_by_hand) = (0, 0);
    bench::ratio(
        "sqlite_list_200",
        101,
        || {
            round += 1;
            bench::timed(|| some_owners(round, CALLS).for_each(|name| assert!(ours(name).len() > 60_000)))
        },
        || {
            round_by_hand += 1;
            bench::timed(|| {
                some_owners(round_by_hand, CALLS).for_each(|name| assert!(by_hand.list(&name).len() > 60_000));
            })
        },
    );
}

/// A conversation as the HTTP host writes it.
struct Written(Conversation);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Conversation { key, target, settings, .. } = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ownerUserID", &key.owner)?;
        map.serialize_entry("conversationID", &key.conversation_id)?;
        map.serialize_entry("conversationType", &target.conversation_type())?;
        map.serialize_entry("userID", target.user_id().map_or("", UserId::as_str))?;
        map.serialize_entry("groupID", target.group_id().map_or("", GroupId::as_str))?;
        for (field, value) in settings.values() {
            map.serialize_entry(field.wire_name(), &value)?;
        }
        map.end()
    }
}

/// Owners far from each other, different ones in each round.
fn some_owners(round: usize, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |n| owner((round * 7 + n * (OWNERS / count)) % OWNERS))
}

fn of_owner(name: &str) -> Context {
    Context::user(UserId::new(name).unwrap())
}

/// An empty increment, against one row read by its index.
fn increment(runtime: &Runtime, service: &Service, store: &SqliteStore, path: &Path, conversations: usize) {
    const CALLS: usize = 200;
    let name = rows::owner_of(conversations);
    let user = UserId::new(&*name).unwrap();
    let version = runtime.block_on(store.version(&user)).unwrap();
    let context = of_owner(&name);
    let ours = || {
        bench::timed(|| {
            runtime.block_on(async {
                for _ in 0..CALLS {
                    let changes = service.changes(&context, &user, &version).await.unwrap();
                    let Changes::Increment { inserted, updated, .. } = changes else { panic!("{changes:?}") };
                    assert!(inserted.is_empty() && updated.is_empty());
                }
            });
        })
    };
    let by_hand = ByHand::open(path);
    let limit = || {
        bench::timed(|| {
            for call in 0..CALLS {
                assert!(by_hand.read(&name, &conversation_id(call % conversations)).is_some());
            }
        })
    };
    bench::ratio(&format!("sqlite_increment_{conversations}"), 101, ours, limit);
}

/// One conversation over a socket, against a handler that parses the same body and returns prepared bytes.
fn http_get(service: Service, path: &Path) {
    const CALLS: usize = 500;
    const PATH: &str = "/conversation/get_conversation";
    bench::share_a_core();
    let tokens = TokenAuthority::new("hush", [UserId::new("imAdmin").unwrap()]);
    let token = tokens.issue(&UserId::new("imAdmin").unwrap(), TokenAuthority::ADMIN_PLATFORM);
    let request = |name: &str, n: usize| {
        let body = format!(r#"{{"ownerUserID":"{name}","conversationID":"{}"}}"#, conversation_id(n));
        format!(
            "POST {PATH} HTTP/1.1\r\nhost: localhost\r\noperationID: 1646445464564\r\ntoken: {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let requests: Vec<_> = (0..CALLS).map(|call| request(&owner(call * (OWNERS / CALLS)), 7).into_bytes()).collect();
    let answer = ByHand::open(path).get(&owner(7), &conversation_id(7)).unwrap();
    let envelope = |conversation: &str| {
        format!(r#"{{"errCode":0,"errMsg":"","errDlt":"","data":{{"conversation":{conversation}}}}}"#)
    };
    let answer: &'static str = envelope(&answer).leak();
    let bare = post(move |body: Bytes| async move {
        let request: by_hand::GetConversation = serde_json::from_slice(&body).unwrap();
        std::hint::black_box(request);
        ([(CONTENT_TYPE, "application/json")], answer).into_response()
    });
    // The same with a read by hand, to separate SQLite's share.
    let by_hand = Arc::new(Mutex::new(ByHand::open(path)));
    let reading = post(move |body: Bytes| async move {
        let request: by_hand::GetConversation = serde_json::from_slice(&body).unwrap();
        let read = by_hand.lock().unwrap().get(&request.owner, &request.conversation_id).unwrap();
        ([(CONTENT_TYPE, "application/json")], envelope(&read)).into_response()
    });
    let [mut bare, mut reading] = [bare, reading].map(|handler| Client::connect_to(Router::new().route(PATH, handler)));
    let mut ours = Client::connect_to(Api::with_tokens(service, tokens).router());
    for client in [&mut ours, &mut reading] {
        assert_eq!(client.call(request(&owner(7), 7).as_bytes()), answer);
    }
    let length = answer.len();
    let all = |client: &mut Client| {
        bench::timed(|| requests.iter().for_each(|request| assert_eq!(client.call(request).len(), length)))
    };
    bench::ratio("http_get", 101, || all(&mut ours), || all(&mut bare));
    bench::ratio("http_get_beside_a_read_by_hand", 101, || all(&mut ours), || all(&mut reading));
}
