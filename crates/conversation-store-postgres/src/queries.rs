//! What is asked of the database: loading and storing a batch, and the reads. Each is one statement.

use std::iter;

use conversation_core::{Conversation, ConversationId, Key, UserId, Version, WriteBatch};
use conversation_store::{Filter, Held, Record, Resolved};

use crate::{
    error::Error,
    rows::{self, FIXED_COLUMNS, STATE},
    schema::Schema,
    session::{Parameter, Session},
};

/// The statements, for the tables of one schema.
///
/// Keys come as arrays, each in a `SELECT` of its own: so the planner does not count them, and takes them for a few. It
/// then looks each up through the index in a table of any size worth it; for many it would read the whole table.
#[derive(Debug)]
pub(crate) struct Queries {
    load: String,
    lock: String,
    put: String,
    get: String,
    page: String,
    versions: String,
    changed: String,
    prune: String,
}

impl Queries {
    pub(crate) fn new(schema: &Schema) -> Self {
        let state = &*STATE;
        Self {
            // A record's owner always has a version.
            load: format!(
                "SELECT position, version, {state}
                 FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS keys (owner, conversation_id, position)
                 JOIN {schema}.owners USING (owner)
                 LEFT JOIN {schema}.conversations USING (owner, conversation_id)"
            ),
            lock: format!(
                "SELECT FROM {schema}.owners WHERE owner IN (SELECT unnest((SELECT $1::text[])))
                 ORDER BY owner FOR UPDATE"
            ),
            put: put_sql(schema),
            get: format!(
                "SELECT position, {state}
                 FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS keys (owner, conversation_id, position)
                 JOIN {schema}.conversations USING (owner, conversation_id)"
            ),
            page: format!("SELECT owner, conversation_id, {state} FROM {schema}.conversations"),
            versions: format!("SELECT version, pruned FROM {schema}.owners WHERE owner = $1"),
            // One statement is of one moment: the version and the records belong together. That all versions are above 0
            // is what the index of changes asks for.
            changed: format!(
                "SELECT conversation_id, version, pruned, {state}
                 FROM {schema}.owners
                 LEFT JOIN LATERAL (
                     SELECT conversation_id, {state} FROM {schema}.conversations AS conversations
                     WHERE conversations.owner = owners.owner AND changed_in > $2 AND changed_in > 0
                     ORDER BY changed_in LIMIT $3
                 ) AS changed ON true
                 WHERE owner = $1"
            ),
            // The owner first, as all who write lock it. What is so already is not written again.
            prune: format!(
                "WITH locked AS MATERIALIZED (
                     SELECT owner, least(version, $2) AS through FROM {schema}.owners WHERE owner = $1 FOR UPDATE
                 ), kept AS (
                     UPDATE {schema}.owners AS owners SET pruned = through
                     FROM locked WHERE owners.owner = locked.owner AND pruned < through
                 )
                 DELETE FROM {schema}.conversations AS conversations USING locked
                 WHERE conversations.owner = locked.owner AND changed_in <= through AND conversation_type IS NULL"
            ),
        }
    }
}

/// Stores records and versions, if every owner is still as it was held: locked at that version, or new and made now.
/// Where one is not, nothing is stored, and the count of records is 0; where one that was held to be new has been made by
/// somebody else, its key says so. An owner that somebody else has locked is about to change, and not waited for: who
/// waits here would have to look again, and would keep a connection while it waits.
fn put_sql(schema: &Schema) -> String {
    let fixed = FIXED_COLUMNS.map(|(column, _)| column).join(", ");
    let settings: Vec<_> = rows::setting_columns().map(|(column, _)| column).collect();
    let settings = settings.join(", ");
    let updates: Vec<_> = STATE.split(", ").map(|column| format!("{column} = excluded.{column}")).collect();
    let updates = updates.join(", ");
    // After the three arrays of owners.
    let mut parameter = 3;
    let mut arrays = |types: &mut dyn Iterator<Item = &'static str>| {
        let arrays: Vec<_> = types
            .map(|array_of| {
                parameter += 1;
                format!("(SELECT ${parameter}::{array_of}[])")
            })
            .collect();
        arrays.join(", ")
    };
    let records = arrays(&mut FIXED_COLUMNS.into_iter().map(|(_, of)| of).chain(iter::once("bigint")));
    let values = arrays(&mut rows::setting_columns().map(|(_, of)| of));
    format!(
        "WITH raised AS MATERIALIZED (
             SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[])) AS raised (owner, held, version)
         ), locked AS MATERIALIZED (
             SELECT FROM raised
             JOIN {schema}.owners AS owners ON owners.owner = raised.owner AND owners.version = raised.held
             WHERE raised.held > 0 FOR UPDATE OF owners SKIP LOCKED
         ), held AS MATERIALIZED (
             SELECT count(*) = (SELECT count(*) FROM raised WHERE held > 0) AS is_all FROM locked
         ), made AS (
             INSERT INTO {schema}.owners (owner, version)
             SELECT owner, version FROM raised WHERE held = 0 AND (SELECT is_all FROM held)
             RETURNING owner
         ), kept AS (
             INSERT INTO {schema}.owners (owner, version)
             SELECT owner, version FROM raised WHERE held > 0 AND (SELECT is_all FROM held)
             ON CONFLICT (owner) DO UPDATE SET version = excluded.version
         )
         INSERT INTO {schema}.conversations ({fixed}, {settings})
         SELECT {fixed}, {settings}
         FROM unnest({records}) AS records ({fixed}, which)
         LEFT JOIN unnest({values}) WITH ORDINALITY AS settings ({settings}, which) USING (which)
         WHERE (SELECT is_all FROM held) AND (SELECT count(*) FROM made) = (SELECT count(*) FROM raised WHERE held = 0)
         ON CONFLICT (owner, conversation_id) DO UPDATE SET {updates}"
    )
}

impl Queries {
    /// Loads what is held of a batch, all of one moment.
    pub(crate) async fn load(&self, session: Session<'_>, batch: &WriteBatch) -> Result<Held, Error> {
        let keys = keys(batch.writes().iter().map(|write| &write.key));
        let mut records = vec![None; batch.len()];
        let mut versions = vec![Version::ZERO; batch.len()];
        for row in session.query(&self.load, batch.len(), &keys).await? {
            let position = position(&row)?;
            let key = &batch.writes()[position].key;
            let damaged = |source| Error::Row { key: Some(Box::new(key.clone())), source };
            versions[position] = rows::version(&row, 1).map_err(damaged)?;
            records[position] = rows::optional_record_of(key, &row, 2)?;
        }
        let mut position = 0;
        let of_owner = |writes: &[conversation_core::Write]| {
            let version = versions[position];
            position += writes.len();
            version
        };
        let versions = batch.by_owner().map(of_owner).collect();
        Ok(Held { records, versions })
    }

    /// Locks those of a batch's owners that have a version, in order, to the end of the transaction: how many.
    pub(crate) async fn lock(&self, session: Session<'_>, batch: &WriteBatch) -> Result<usize, Error> {
        let owners = [rows::texts(batch.owners().map(UserId::as_str))];
        Ok(session.query(&self.lock, batch.len(), &owners).await?.len())
    }

    /// Stores what a batch came to, unless one of its owners is not as it was held any more.
    pub(crate) async fn put(
        &self,
        session: Session<'_>,
        batch: &WriteBatch,
        held: &Held,
        resolved: &Resolved,
    ) -> Result<(), Error> {
        let mut all = batch.owners().zip(&held.versions);
        let held = |owner| all.find(|(candidate, _)| *candidate == owner).map(|(_, held)| *held).unwrap_or_default();
        let raised = || resolved.versions.iter();
        let mut parameters = vec![
            rows::texts(raised().map(|(owner, _)| owner.as_str())),
            rows::versions(raised().map(|(owner, _)| owner).map(held)),
            rows::versions(raised().map(|(_, version)| *version)),
        ];
        parameters.extend(rows::parameters(&resolved.records));
        let stored = session.execute(&self.put, resolved.records.len(), &parameters).await?;
        if stored == resolved.records.len() { Ok(()) } else { Err(Error::Overtaken) }
    }

    /// The conversations of some keys.
    pub(crate) async fn get(&self, session: Session<'_>, keys: &[Key]) -> Result<Vec<Option<Conversation>>, Error> {
        let mut found = vec![None; keys.len()];
        for row in session.query(&self.get, keys.len(), &self::keys(keys.iter())).await? {
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
    pub(crate) async fn holders(
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
        let mut sql = format!("{} WHERE {condition} AND conversation_type IS NOT NULL", self.page);
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
        let found = session.query(&self.versions, 1, &[rows::text(owner.as_str())]).await?;
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
        for row in session.query(&self.changed, 1, &parameters).await? {
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
        session.execute(&self.prune, 1, &[rows::text(owner.as_str()), through]).await
    }
}

fn keys<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> [Parameter<'a>; 2] {
    let owners = keys.clone().map(|key| key.owner.as_str());
    [rows::texts(owners), rows::texts(keys.map(|key| key.conversation_id.as_str()))]
}

/// Which of the keys that were asked for a row is of, counted from 0.
fn position(row: &tokio_postgres::Row) -> Result<usize, Error> {
    let position = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
    Ok(position.saturating_sub(1))
}

/// A number of rows as PostgreSQL counts.
fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
