//! What is asked of the database: loading and storing a batch, and the reads. Each is one statement.

use std::pin::pin;

use conversation_settings_core::{Conversation, ConversationId, Key, UserId, Version, WriteBatch};
use conversation_settings_store::{Filter, Loaded, Record, RecordWrite, Resolved};
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use crate::{
    error::Error,
    rows,
    schema::Schema,
    session::{Parameter, Session},
    statements::Statements,
};

/// The questions, to the tables of one schema.
#[derive(Debug)]
pub(crate) struct Queries(Statements);

impl Queries {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self(Statements::of(schema))
    }

    /// Loads what is held of a batch, all of one moment.
    pub(crate) async fn load(&self, session: Session<'_>, batch: &WriteBatch) -> Result<Loaded, Error> {
        let one = if batch.len() > Session::FEW { conversation_of(batch) } else { None };
        let (sql, parameters) = match one {
            Some(id) => (&self.0.load_one, [rows::texts(batch.owners().map(UserId::as_str)), rows::text(id.as_str())]),
            None => (&self.0.load, keys(batch.writes().iter().map(|write| &write.key))),
        };
        let mut records = vec![None; batch.len()];
        let mut versions = vec![Version::ZERO; batch.len()];
        // Rows are read as they come, while the server looks for the next ones.
        let mut found = pin!(session.stream(sql, batch.len(), &parameters).await?);
        while let Some(row) = found.try_next().await? {
            let position = if one.is_some() { position_of_owner(&row, batch)? } else { position(&row)? };
            let key = &batch.writes()[position].key;
            let damaged = |source| Error::Row { key: Some(Box::new(key.clone())), source };
            versions[position] = rows::version(&row, 1).map_err(damaged)?;
            records[position] = rows::optional_record_of(key, &row, 2)?;
        }
        let mut position = 0;
        let of_owner = |writes: &[conversation_settings_core::Write]| {
            let version = versions[position];
            position += writes.len();
            version
        };
        let versions = batch.by_owner().map(of_owner).collect();
        Ok(Loaded { records, versions })
    }

    /// Locks those of a batch's owners that have a version, in order, to the end of the transaction: how many.
    pub(crate) async fn lock(&self, session: Session<'_>, batch: &WriteBatch) -> Result<usize, Error> {
        let owners = [rows::texts(batch.owners().map(UserId::as_str))];
        Ok(session.query(&self.0.lock, batch.len(), &owners).await?.len())
    }

    /// Stores what a batch came to, unless one of its owners is not as it was held any more.
    pub(crate) async fn put(&self, session: Session<'_>, held: &Loaded, resolved: &Resolved) -> Result<(), Error> {
        let raised = || resolved.versions.iter();
        let mut parameters = vec![
            rows::texts(raised().map(|(owner, _)| owner.as_str())),
            rows::versions(raised().map(|(_, version)| *version)),
        ];
        parameters.extend(rows::parameters(&resolved.records));
        // A plain insert is the cheaper one.
        let is_new = |changed: &RecordWrite| held.records[changed.position].is_none();
        let put = if resolved.records.iter().all(is_new) { &self.0.insert } else { &self.0.put };
        session.execute(put, &parameters).await.map_err(Error::or_overtaken)?;
        Ok(())
    }

    /// The conversations of some keys.
    pub(crate) async fn get(&self, session: Session<'_>, keys: &[Key]) -> Result<Vec<Option<Conversation>>, Error> {
        let mut found = vec![None; keys.len()];
        for row in session.query(&self.0.get, keys.len(), &self::keys(keys.iter())).await? {
            let position = position(&row)?;
            found[position] = rows::record_of(&keys[position], &row, 1)?.into_live();
        }
        Ok(found)
    }

    /// The owner's conversations that pass `filter`, in the order of their IDs, those after `after`, at most `most`.
    pub(crate) async fn list(
        &self,
        session: Session<'_>,
        owner: &UserId,
        filter: &Filter,
        after: Option<&ConversationId>,
        most: usize,
    ) -> Result<Vec<Conversation>, Error> {
        // No ID is empty, so all are after the empty text.
        let after = after.map_or("", ConversationId::as_str);
        let condition = "owner = $1 AND conversation_id > $2";
        self.page(session, condition, "conversation_id", [owner.as_str(), after], filter, most).await
    }

    /// The views of a conversation that pass `filter`, in the order of their owners, those after `after`, at most
    /// `most`.
    pub(crate) async fn list_by_conversation(
        &self,
        session: Session<'_>,
        conversation_id: &ConversationId,
        filter: &Filter,
        after: Option<&UserId>,
        most: usize,
    ) -> Result<Vec<Conversation>, Error> {
        let after = after.map_or("", UserId::as_str);
        let condition = "conversation_id = $1 AND owner > $2";
        self.page(session, condition, "owner", [conversation_id.as_str(), after], filter, most).await
    }

    async fn page(
        &self,
        session: Session<'_>,
        condition: &str,
        order: &str,
        [of, after]: [&str; 2],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Conversation>, Error> {
        let mut sql = format!("{} WHERE {condition} AND conversation_type IS NOT NULL", self.0.page);
        let mut parameters = vec![rows::text(of), rows::text(after), rows::number(limit(most))];
        // What varies in the text are names of our own columns; every value is a parameter.
        let is = filter.is.values().map(|(field, value)| (field, " = ", value));
        let is_not = filter.is_not.values().map(|(field, value)| (field, " <> ", value));
        for (field, comparison, value) in is.chain(is_not) {
            parameters.push(rows::setting_to_sql(value));
            let number = parameters.len();
            sql.extend([" AND ", field.column(), comparison, &format!("${number}")]);
        }
        sql.extend([" ORDER BY ", order, " LIMIT $3"]);
        // There are too many filters to keep a prepared statement of each.
        let mut found = Vec::new();
        for row in session.query_once(&sql, &parameters).await? {
            found.extend(rows::record(&row)?.into_live());
        }
        Ok(found)
    }

    /// How far an owner's log has come, and up to where its tombstones were pruned.
    pub(crate) async fn versions(&self, session: Session<'_>, owner: &UserId) -> Result<(Version, Version), Error> {
        let found = session.query(&self.0.versions, 1, &[rows::text(owner.as_str())]).await?;
        let Some(row) = found.first() else { return Ok((Version::ZERO, Version::ZERO)) };
        let damaged = |source| Error::Row { key: None, source };
        Ok((rows::version(row, 0).map_err(damaged)?, rows::version(row, 1).map_err(damaged)?))
    }

    /// The same, and the owner's records changed after a version, in the order of the change, at most `most`.
    pub(crate) async fn changed(
        &self,
        session: Session<'_>,
        owner: &UserId,
        after: Version,
        most: usize,
    ) -> Result<(Version, Version, Vec<Record>), Error> {
        let after = rows::number(rows::version_to_sql(after));
        let parameters = [rows::text(owner.as_str()), after, rows::number(limit(most))];
        let mut records = Vec::new();
        let mut versions = (Version::ZERO, Version::ZERO);
        for row in session.query(&self.0.changed, 1, &parameters).await? {
            let damaged = |source| Error::Row { key: None, source };
            versions = (rows::version(&row, 1).map_err(damaged)?, rows::version(&row, 2).map_err(damaged)?);
            let Some(id) = row.try_get::<_, Option<&str>>(0).map_err(|error| damaged(error.into()))? else { break };
            let id = ConversationId::new(id).map_err(|error| damaged(error.into()))?;
            records.push(rows::record_of(&Key::new(owner.clone(), id), &row, 3)?);
        }
        Ok((versions.0, versions.1, records))
    }

    /// Forgets the owner's tombstones of versions up to `through`: how many.
    pub(crate) async fn prune(&self, session: Session<'_>, owner: &UserId, through: Version) -> Result<usize, Error> {
        let through = rows::number(rows::version_to_sql(through));
        session.execute(&self.0.prune, &[rows::text(owner.as_str()), through]).await
    }
}

fn keys<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> [Parameter<'a>; 2] {
    let owners = keys.clone().map(|key| key.owner.as_str());
    [rows::texts(owners), rows::texts(keys.map(|key| key.conversation_id.as_str()))]
}

/// The conversation that a batch is of, if it is a single one, as it mostly is.
fn conversation_of(batch: &WriteBatch) -> Option<&ConversationId> {
    let mut ids = batch.writes().iter().map(|write| &write.key.conversation_id);
    let first = ids.next()?;
    ids.all(|id| id == first).then_some(first)
}

/// Which of the writes of one conversation a row is of.
fn position_of_owner(row: &Row, batch: &WriteBatch) -> Result<usize, Error> {
    let owner: &str = row.try_get(0)?;
    let position = batch.writes().binary_search_by(|write| write.key.owner.as_str().cmp(owner));
    position.map_err(|_| Error::Row { key: None, source: "an owner who was not asked for".into() })
}

/// Which of the keys that were asked for a row is of, counted from 0.
fn position(row: &Row) -> Result<usize, Error> {
    let position = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
    Ok(position.saturating_sub(1))
}

/// A number of rows as PostgreSQL counts.
fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
