//! The baseline: code by hand with rusqlite and serde, for exactly this, on the same tables.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

const LIST: &str = "
    SELECT owner, conversation_id, conversation_type, target_id, recv_msg_opt, is_pinned, is_private_chat,
        burn_duration, group_at_type, attached_info, ex, min_seq, max_seq, is_msg_destruct, msg_destruct_time,
        latest_msg_destruct_time
    FROM conversations WHERE owner = ?1 AND conversation_type IS NOT NULL ORDER BY conversation_id";

const GET: &str = "
    SELECT owner, conversation_id, conversation_type, target_id, recv_msg_opt, is_pinned, is_private_chat,
        burn_duration, group_at_type, attached_info, ex, min_seq, max_seq, is_msg_destruct, msg_destruct_time,
        latest_msg_destruct_time
    FROM conversations WHERE owner = ?1 AND conversation_id = ?2 AND conversation_type IS NOT NULL";

/// The request.
#[derive(Deserialize)]
pub(crate) struct GetConversation {
    #[serde(rename = "ownerUserID")]
    pub(crate) owner: String,
    #[serde(rename = "conversationID")]
    pub(crate) conversation_id: String,
}

/// The response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationRow {
    #[serde(rename = "ownerUserID")]
    owner: String,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    conversation_type: i32,
    #[serde(rename = "userID")]
    user_id: String,
    #[serde(rename = "groupID")]
    group_id: String,
    recv_msg_opt: i32,
    is_pinned: bool,
    is_private_chat: bool,
    burn_duration: i32,
    group_at_type: i32,
    attached_info: String,
    ex: String,
    min_seq: i64,
    max_seq: i64,
    is_msg_destruct: bool,
    msg_destruct_time: i64,
    latest_msg_destruct_time: i64,
}

impl ConversationRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let conversation_type = row.get(2)?;
        let (user_id, group_id) = match conversation_type {
            1 | 4 => (row.get(3)?, String::new()),
            _ => (String::new(), row.get(3)?),
        };
        Ok(Self {
            owner: row.get(0)?,
            conversation_id: row.get(1)?,
            conversation_type,
            user_id,
            group_id,
            recv_msg_opt: row.get(4)?,
            is_pinned: row.get(5)?,
            is_private_chat: row.get(6)?,
            burn_duration: row.get(7)?,
            group_at_type: row.get(8)?,
            attached_info: row.get(9)?,
            ex: row.get(10)?,
            min_seq: row.get(11)?,
            max_seq: row.get(12)?,
            is_msg_destruct: row.get(13)?,
            msg_destruct_time: row.get(14)?,
            latest_msg_destruct_time: row.get(15)?,
        })
    }
}

#[derive(Serialize)]
struct Conversations {
    conversations: Vec<ConversationRow>,
}

pub(crate) struct ByHand(Connection);

impl ByHand {
    /// Opens a file that has the tables.
    pub(crate) fn open(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "cache_size", -16_384).unwrap();
        Self(connection)
    }

    /// All conversations of an owner, as JSON.
    pub(crate) fn list(&self, owner: &str) -> Vec<u8> {
        let mut statement = self.0.prepare_cached(LIST).unwrap();
        let rows = statement.query_map([owner], ConversationRow::read).unwrap();
        let conversations = rows.collect::<rusqlite::Result<_>>().unwrap();
        serde_json::to_vec(&Conversations { conversations }).unwrap()
    }

    /// One conversation, as JSON.
    pub(crate) fn get(&self, owner: &str, id: &str) -> Option<String> {
        self.read(owner, id).map(|conversation| serde_json::to_string(&conversation).unwrap())
    }

    /// One row.
    pub(crate) fn read(&self, owner: &str, id: &str) -> Option<ConversationRow> {
        self.0.prepare_cached(GET).unwrap().query_row((owner, id), ConversationRow::read).optional().unwrap()
    }
}
