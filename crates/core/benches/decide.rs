//! What the core costs: the JSON of 1,000 users parsed, planned, and decided against the rows that are there, compared
//! with the way it is written by hand: plain structs of `Option`s, and an `if let` per field.

use std::hint::black_box;

use conversation_settings_bench as bench;
use conversation_settings_core::{
    Conversation, ConversationId, Decision, GroupId, IfMissing, Key, Limits, Patch, SetConversations,
    SetConversationsRequest, Settings, Target, Timestamp, UserId, decide,
};

const USERS: usize = 1_000;

fn user_id(n: usize) -> String {
    format!("69659{n:05}")
}

fn json() -> String {
    let users: Vec<String> = (0..USERS).map(|n| format!("{:?}", user_id(n * 7 % USERS))).collect();
    format!(
        r#"{{"userIDs":[{}],"conversation":{{"conversationID":"sg_3580441235","conversationType":3,"userID":"",
        "groupID":"3580441235","recvMsgOpt":2,"attachedInfo":"attached","isPinned":true,"ex":"{{\"colour\":\"teal\"}}",
        "burnDuration":30}}}}"#,
        users.join(",")
    )
}

mod by_hand {
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Request {
        #[serde(rename = "userIDs")]
        pub(crate) user_ids: Vec<String>,
        pub(crate) conversation: Req,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "parsed as the request has to be, and not looked at where the rows are there")]
    pub(crate) struct Req {
        #[serde(rename = "conversationID")]
        pub(crate) conversation_id: String,
        pub(crate) conversation_type: i32,
        #[serde(rename = "userID")]
        pub(crate) user_id: String,
        #[serde(rename = "groupID")]
        pub(crate) group_id: String,
        recv_msg_opt: Option<i32>,
        is_pinned: Option<bool>,
        is_private_chat: Option<bool>,
        burn_duration: Option<i32>,
        group_at_type: Option<i32>,
        attached_info: Option<String>,
        ex: Option<String>,
        min_seq: Option<i64>,
        max_seq: Option<i64>,
        is_msg_destruct: Option<bool>,
        msg_destruct_time: Option<i64>,
    }

    #[derive(Clone, Default)]
    #[expect(dead_code, reason = "a row is built to be stored, which is not what is measured here")]
    pub(crate) struct Row {
        pub(crate) owner_user_id: String,
        pub(crate) conversation_id: String,
        pub(crate) conversation_type: i32,
        pub(crate) user_id: String,
        pub(crate) group_id: String,
        pub(crate) recv_msg_opt: i32,
        pub(crate) is_pinned: bool,
        pub(crate) is_private_chat: bool,
        pub(crate) burn_duration: i32,
        pub(crate) group_at_type: i32,
        pub(crate) attached_info: String,
        pub(crate) ex: String,
        pub(crate) min_seq: i64,
        pub(crate) max_seq: i64,
        pub(crate) is_msg_destruct: bool,
        pub(crate) msg_destruct_time: i64,
    }

    pub(crate) fn set(row: &Row, req: &Req) -> Row {
        let mut row = row.clone();
        macro_rules! set {
            ($($field:ident)*) => { $( if let Some(value) = &req.$field { row.$field.clone_from(value); } )* };
        }
        set! {
            recv_msg_opt is_pinned is_private_chat burn_duration group_at_type attached_info ex min_seq max_seq
            is_msg_destruct msg_destruct_time
        }
        row
    }
}

fn main() {
    if !bench::is_wanted() {
        return;
    }
    let json = json();
    let id = ConversationId::new("sg_3580441235").unwrap();
    let target = Target::Group(GroupId::new("3580441235").unwrap());

    let mut settings = Settings::default();
    Patch::KEEP.ex(r#"{"colour":"red"}"#).apply(&mut settings);
    let conversation = |owner: UserId| {
        let (target, settings) = (target.clone(), settings.clone());
        Conversation { key: Key::new(owner, id.clone()), target, settings, created_at: Timestamp(0) }
    };
    // The stored conversations are in the order in which each side visits its users.
    let stored: Vec<Conversation> =
        (0..USERS).map(|n| conversation(UserId::new(user_id(n).as_str()).unwrap())).collect();
    let row = |n: usize| by_hand::Row {
        owner_user_id: user_id(n * 7 % USERS),
        conversation_id: id.to_string(),
        conversation_type: 3,
        group_id: "3580441235".into(),
        ex: r#"{"colour":"red"}"#.into(),
        ..Default::default()
    };
    let rows: Vec<by_hand::Row> = (0..USERS).map(row).collect();

    let limits = Limits::default();
    let ours = || {
        let request: SetConversationsRequest = serde_json::from_str(black_box(&json)).unwrap();
        let batch = SetConversations::parse(request, &limits).unwrap().plan(IfMissing::Create);
        let stored_and_written = stored.iter().zip(batch.writes());
        let new: Vec<Decision> =
            stored_and_written.map(|(stored, write)| decide(Some(stored), write, Timestamp(1)).unwrap()).collect();
        assert!(matches!(new[USERS - 1], Decision::Put(..)));
        black_box(new);
    };
    let by_hand = || {
        let request: by_hand::Request = serde_json::from_str(black_box(&json)).unwrap();
        let mut new = Vec::with_capacity(request.user_ids.len());
        for (user, row) in request.user_ids.iter().zip(&rows) {
            assert_eq!(*user, row.owner_user_id);
            new.push(by_hand::set(row, &request.conversation));
        }
        assert_eq!(new.len(), USERS);
        black_box(new);
    };
    let repeat = |work: &dyn Fn()| bench::timed(|| (0..20).for_each(|_| work()));
    bench::ratio("core_decide", 101, || repeat(&ours), || repeat(&by_hand));
}
