//! The limit: the least correct handwritten code, one transaction in two round trips. It locks the owners, loads the
//! rows, and writes what changes, set-based. The three statements go out without waiting for each other's responses.

use std::collections::HashMap;

use conversation_settings_core::RecvMsgOpt;
use conversation_settings_store_postgres::Schema;
use deadpool_postgres::{Client, Pool};
use futures_util::future::try_join3;
use tokio_postgres::{Row, types::ToSql};

/// The values to set.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    pub(crate) recv_msg_opt: RecvMsgOpt,
    pub(crate) is_pinned: bool,
    pub(crate) ex: &'static str,
}

pub(crate) struct ByHand {
    pool: Pool,
    lock: String,
    load: String,
    put: String,
    put_versions: String,
}

impl ByHand {
    /// Uses the adapter's tables.
    pub(crate) fn new(pool: Pool, schema: &Schema) -> Self {
        Self {
            pool,
            lock: format!("SELECT owner, version FROM {schema}.owners WHERE owner = ANY($1) ORDER BY owner FOR UPDATE"),
            load: format!(
                "SELECT owner, recv_msg_opt, is_pinned, ex, lives FROM {schema}.conversations
                 WHERE owner = ANY($1) AND conversation_id = $2"
            ),
            put: format!(
                "INSERT INTO {schema}.conversations (owner, conversation_id, conversation_type, target_id, created_at,
                     lives, changed_in, recv_msg_opt, is_pinned, is_private_chat, burn_duration, group_at_type,
                     attached_info, ex, min_seq, max_seq, is_msg_destruct, msg_destruct_time, latest_msg_destruct_time)
                 SELECT owner, $3, 3, $4, 0, version::text, version, $5, $6, false, 0, 0, '', $7, 0, 0, false, 0, 0
                 FROM unnest($1::text[], $2::bigint[]) AS changed (owner, version)
                 ON CONFLICT (owner, conversation_id) DO UPDATE SET changed_in = excluded.changed_in,
                     recv_msg_opt = excluded.recv_msg_opt, is_pinned = excluded.is_pinned, ex = excluded.ex"
            ),
            put_versions: format!(
                "INSERT INTO {schema}.owners (owner, version) SELECT * FROM unnest($1::text[], $2::bigint[])
                 ON CONFLICT (owner) DO UPDATE SET version = excluded.version"
            ),
        }
    }

    /// Sets the conversation `id` of all owners, which are in order. Returns how many changed.
    pub(crate) async fn set(&self, owners: &[String], id: &str, group: &str, settings: Settings) -> usize {
        let client = self.pool.get().await.unwrap();
        let (begun, lock, load) = try_join3(
            client.batch_execute("BEGIN"),
            self.query(&client, &self.lock, &[&owners]),
            self.query(&client, &self.load, &[&owners, &id]),
        )
        .await
        .unwrap();
        let () = begun;
        let versions: HashMap<&str, i64> = lock.iter().map(|row| (row.get(0), row.get(1))).collect();
        let stored: HashMap<&str, _> = load
            .iter()
            .map(|row| {
                let ex: &[u8] = row.get(3);
                (row.get::<_, &str>(0), (row.get::<_, i32>(1), row.get::<_, bool>(2), ex))
            })
            .collect();
        let wanted = (settings.recv_msg_opt.number(), settings.is_pinned, settings.ex.as_bytes());
        let changed: Vec<&str> =
            owners.iter().map(String::as_str).filter(|owner| stored.get(owner) != Some(&wanted)).collect();
        if changed.is_empty() {
            client.batch_execute("COMMIT").await.unwrap();
            return 0;
        }
        let raised: Vec<i64> = changed.iter().map(|owner| versions.get(owner).copied().unwrap_or(0) + 1).collect();
        let (put, versions, ()) = try_join3(
            self.execute(&client, &self.put, &[&changed, &raised, &id, &group, &wanted.0, &wanted.1, &wanted.2]),
            self.execute(&client, &self.put_versions, &[&changed, &raised]),
            client.batch_execute("COMMIT"),
        )
        .await
        .unwrap();
        assert_eq!(put, versions);
        changed.len()
    }

    async fn query(
        &self,
        client: &Client,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        client.query(&client.prepare_cached(sql).await?, parameters).await
    }

    async fn execute(
        &self,
        client: &Client,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(&client.prepare_cached(sql).await?, parameters).await
    }
}
