//! The statements of writers: loading a batch, storing what it resolved to, and pruning.

use std::pin::pin;

use conversation_settings_core::{ConversationId, UserId, Version, Write, WriteBatch};
use conversation_settings_store::{Loaded, RecordWrite, Resolved};
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use crate::{
    error::Error,
    history,
    queries::{Queries, keys, position},
    rows,
    session::Session,
};

impl Queries {
    /// Loads a batch's records and its owners' versions, from one snapshot.
    pub(crate) async fn load(&self, session: Session<'_>, batch: &WriteBatch) -> Result<Loaded, Error> {
        let one = if batch.len() > Session::MAX_PREPARED_KEYS { single_conversation(batch) } else { None };
        let (sql, parameters) = match one {
            Some(id) => {
                (&self.statements.load_one, [rows::texts(batch.owners().map(UserId::as_str)), rows::text(id.as_str())])
            }
            None => (&self.statements.load, keys(batch.writes().iter().map(|write| &write.key))),
        };
        let mut records = vec![None; batch.len()];
        let mut versions = vec![Version::ZERO; batch.len()];
        // Reads rows while the server still looks for the next ones.
        let mut found = pin!(session.stream(sql, batch.len(), &parameters).await?);
        while let Some(row) = found.try_next().await? {
            let position = if one.is_some() { position_of_owner(&row, batch)? } else { position(&row)? };
            let key = &batch.writes()[position].key;
            let damaged = |source| Error::Row { key: Some(Box::new(key.clone())), source };
            versions[position] = rows::version(&row, 1).map_err(damaged)?;
            records[position] = rows::optional_record_of(key, &row, 2)?;
        }
        let mut position = 0;
        let of_owner = |writes: &[Write]| {
            let version = versions[position];
            position += writes.len();
            version
        };
        let versions = batch.by_owner().map(of_owner).collect();
        Ok(Loaded { records, versions })
    }

    /// Locks the batch's owners that have a version, in order, until the transaction ends. Returns how many.
    pub(crate) async fn lock(&self, session: Session<'_>, batch: &WriteBatch) -> Result<usize, Error> {
        let owners = [rows::texts(batch.owners().map(UserId::as_str))];
        Ok(session.query(&self.statements.lock, batch.len(), &owners).await?.len())
    }

    /// Stores the records and owners that a batch resolved to, unless an owner's version has changed since `loaded`, or the
    /// server has an older timeline than `timeline`.
    pub(crate) async fn put(
        &self,
        session: Session<'_>,
        loaded: &Loaded,
        resolved: &Resolved,
        timeline: u32,
    ) -> Result<(), Error> {
        let owners = || resolved.owners.iter();
        let timeline = history::timeline_to_sql(timeline);
        let mut parameters = vec![
            rows::texts(owners().map(|owner| owner.owner.as_str())),
            rows::versions(owners().map(|owner| owner.version)),
            rows::numbers(owners().map(|owner| owner.added)),
            rows::text(&timeline),
        ];
        parameters.extend(rows::parameters(&resolved.records));
        // A plain insert is cheaper than an upsert.
        let is_new = |changed: &RecordWrite| loaded.records[changed.position].is_none();
        let put = if resolved.records.iter().all(is_new) { &self.statements.insert } else { &self.statements.put };
        let written = session.execute(put, &parameters).await.map_err(Error::or_version_mismatch)?;
        if written == 0 { Err(Error::OldPrimary) } else { Ok(()) }
    }

    /// Deletes the owner's tombstones of versions up to `through`. Returns how many.
    pub(crate) async fn prune(&self, session: Session<'_>, owner: &UserId, through: Version) -> Result<usize, Error> {
        let through = rows::number(rows::version_to_sql(through));
        session.execute(&self.statements.prune, &[rows::text(owner.as_str()), through]).await
    }
}

/// The conversation of all writes, if it is the same one.
fn single_conversation(batch: &WriteBatch) -> Option<&ConversationId> {
    let mut ids = batch.writes().iter().map(|write| &write.key.conversation_id);
    let first = ids.next()?;
    ids.all(|id| id == first).then_some(first)
}

/// The position of a row's write in a batch of one conversation.
fn position_of_owner(row: &Row, batch: &WriteBatch) -> Result<usize, Error> {
    let owner: &str = row.try_get(0)?;
    let position = batch.writes().binary_search_by(|write| write.key.owner.as_str().cmp(owner));
    position.map_err(|_| Error::Row { key: None, source: "the owner is not in the batch".into() })
}
