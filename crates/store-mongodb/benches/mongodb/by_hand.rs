//! The correct code that a developer would write by hand: one transaction, one find of the rows, one of the versions, and
//! one statement for equal changes.

use std::collections::HashMap;

use conversation_settings_core::{ConversationId, UserId};
use futures_util::TryStreamExt;
use mongodb::{
    Client, ClientSession, Collection, Database,
    bson::{DateTime, Document, doc, oid::ObjectId},
    error::{Result, TRANSIENT_TRANSACTION_ERROR},
    options::{ClientOptions, ReadConcern, WriteConcern},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    owner_user_id: String,
    conversation_id: String,
    conversation_type: i32,
    user_id: String,
    group_id: String,
    recv_msg_opt: i32,
    is_pinned: bool,
    is_private_chat: bool,
    burn_duration: i32,
    group_at_type: i32,
    attached_info: String,
    ex: String,
    max_seq: i64,
    min_seq: i64,
    create_time: DateTime,
    is_msg_destruct: bool,
    msg_destruct_time: i64,
    latest_msg_destruct_time: DateTime,
}

impl Row {
    fn new(owner: &str, id: &str, is_pinned: bool) -> Self {
        Self {
            owner_user_id: owner.to_owned(),
            conversation_id: id.to_owned(),
            conversation_type: 3,
            user_id: String::new(),
            group_id: "team".to_owned(),
            recv_msg_opt: 0,
            is_pinned,
            is_private_chat: false,
            burn_duration: 0,
            group_at_type: 0,
            attached_info: String::new(),
            ex: String::new(),
            max_seq: 0,
            min_seq: 0,
            create_time: DateTime::from_millis(1_700_000_000_000),
            is_msg_destruct: false,
            msg_destruct_time: 0,
            latest_msg_destruct_time: DateTime::from_millis(-62_135_596_800_000),
        }
    }
}

#[derive(Debug, Deserialize)]
struct VersionRow {
    d_id: String,
    #[expect(dead_code, reason = "code by hand would return it")]
    version: i64,
}

pub(crate) struct ByHand {
    client: Client,
    rows: Collection<Row>,
    versions: Collection<Document>,
}

impl ByHand {
    pub(crate) async fn open(address: &str) -> Self {
        let mut options = ClientOptions::parse(address).await.unwrap();
        options.max_pool_size = Some(100);
        options.read_concern = Some(ReadConcern::majority());
        options.write_concern = Some(WriteConcern::majority());
        let database = options.default_database.clone().unwrap();
        let client = Client::with_options(options).unwrap();
        let database = client.database(&database);
        Self {
            client,
            rows: database.collection("conversation"),
            versions: database.collection("conversation_version"),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Finds the rows, without a transaction.
    pub(crate) async fn find(&self, users: &[UserId], id: &ConversationId) -> Vec<Row> {
        let found = self.rows.find(rows(users, id)).batch_size(size(users)).await.unwrap();
        found.try_collect().await.unwrap()
    }

    /// Pins or unpins for all users, and creates missing rows. Repeats what the server aborts because of another writer.
    pub(crate) async fn set_pinned(&self, users: &[UserId], id: &ConversationId, is_pinned: bool) {
        while let Err(error) = self.try_set_pinned(users, id, is_pinned).await {
            assert!(error.contains_label(TRANSIENT_TRANSACTION_ERROR), "{error}");
        }
    }

    async fn try_set_pinned(&self, users: &[UserId], id: &ConversationId, is_pinned: bool) -> Result<()> {
        let mut session = self.client.start_session().await?;
        session.start_transaction().read_concern(ReadConcern::snapshot()).await?;
        let all = size(users);
        let mut found = self.rows.find(rows(users, id)).batch_size(all).session(&mut session).await?;
        let mut there = HashMap::new();
        while found.advance(&mut session).await? {
            let row = found.deserialize_current()?;
            there.insert(row.owner_user_id.clone(), row);
        }
        let owners: Vec<_> = users.iter().map(UserId::as_str).collect();
        let mut found = self
            .versions
            .clone_with_type::<VersionRow>()
            .find(doc! { "d_id": { "$in": &owners } })
            .projection(doc! { "d_id": 1, "version": 1 })
            .batch_size(all)
            .session(&mut session)
            .await?;
        let mut versions = HashMap::new();
        while found.advance(&mut session).await? {
            let version = found.deserialize_current()?;
            versions.insert(version.d_id.clone(), version);
        }
        let (updated, created): (Vec<_>, Vec<_>) = owners.iter().partition(|owner| there.contains_key(**owner));
        let updated: Vec<_> =
            updated.into_iter().copied().filter(|owner| there[*owner].is_pinned != is_pinned).collect();
        if !updated.is_empty() {
            let set = doc! { "$set": { "is_pinned": is_pinned } };
            let of = doc! { "owner_user_id": { "$in": &updated }, "conversation_id": id.as_str() };
            self.rows.update_many(of, set).session(&mut session).await?;
            self.raise(&mut session, &updated, id, 3, &versions).await?;
        }
        if !created.is_empty() {
            let created: Vec<_> = created.into_iter().copied().collect();
            let new = created.iter().map(|owner| Row::new(owner, id.as_str(), is_pinned));
            self.rows.insert_many(new.collect::<Vec<_>>()).session(&mut session).await?;
            self.raise(&mut session, &created, id, 1, &versions).await?;
        }
        session.commit_transaction().await
    }

    async fn raise(
        &self,
        session: &mut ClientSession,
        owners: &[&str],
        id: &ConversationId,
        state: i32,
        versions: &HashMap<String, VersionRow>,
    ) -> Result<()> {
        let now = DateTime::from_millis(1_700_000_000_000);
        let (there, new): (Vec<&str>, Vec<&str>) = owners.iter().partition(|owner| versions.contains_key(**owner));
        if !there.is_empty() {
            let version = doc! { "$add": ["$version", 1] };
            let others = doc! { "$filter": { "input": "$logs", "cond": { "$ne": ["$$this.e_id", { "$literal": id.as_str() }] } } };
            let entry = doc! { "e_id": { "$literal": id.as_str() }, "state": state, "version": version.clone(), "last_update": now };
            let logs = doc! { "$concatArrays": [others, [entry]] };
            let set = vec![doc! { "$set": { "version": version, "logs": logs, "last_update": now } }];
            self.versions.update_many(doc! { "d_id": { "$in": there } }, set).session(&mut *session).await?;
        }
        if !new.is_empty() {
            let entry = doc! { "e_id": id.as_str(), "state": state, "version": 1_i64, "last_update": now };
            let new = new.iter().map(|owner| log(owner, vec![entry.clone()]));
            self.versions.insert_many(new.collect::<Vec<_>>()).session(&mut *session).await?;
        }
        Ok(())
    }
}

/// A batch size that returns everything in one response.
fn size(users: &[UserId]) -> u32 {
    u32::try_from(users.len()).unwrap() + 1
}

fn rows(users: &[UserId], id: &ConversationId) -> Document {
    let owners: Vec<_> = users.iter().map(UserId::as_str).collect();
    doc! { "owner_user_id": { "$in": owners }, "conversation_id": id.as_str() }
}

fn log(owner: &str, logs: Vec<Document>) -> Document {
    let now = DateTime::from_millis(1_700_000_000_000);
    let version = i64::try_from(logs.len()).unwrap();
    doc! { "_id": ObjectId::new(), "d_id": owner, "logs": logs, "version": version, "deleted": 0_i64, "last_update": now }
}

/// Inserts a log of `history` entries for each user.
pub(crate) async fn fill_logs(database: &Database, users: &[UserId], entries: usize) {
    if entries == 0 {
        return;
    }
    let now = DateTime::from_millis(1_700_000_000_000);
    let entry = |n: usize| doc! { "e_id": format!("sg_history_{n}"), "state": 1, "version": i64::try_from(n + 1).unwrap(), "last_update": now };
    for users in users.chunks(1_000) {
        let logs = users.iter().map(|user| log(user.as_str(), (0..entries).map(entry).collect()));
        database.collection::<Document>("conversation_version").insert_many(logs.collect::<Vec<_>>()).await.unwrap();
    }
}

/// Inserts rows of other owners.
pub(crate) async fn fill_rows(database: &Database, number: usize) {
    let rows = database.collection::<Row>("conversation");
    for first in (0..number).step_by(10_000) {
        let some = (first..number.min(first + 10_000)).map(|n| Row::new(&format!("filler_{n:09}"), "sg_team", false));
        rows.insert_many(some.collect::<Vec<_>>()).ordered(false).write_concern(WriteConcern::nodes(1)).await.unwrap();
    }
}
