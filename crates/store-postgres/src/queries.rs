//! The statements of readers. Each read is one statement.

use std::fmt::Write as _;

use conversation_settings_core::{Conversation, ConversationId, CustomPatch, Key, UserId, Value, Version};
use conversation_settings_store::{BoxError, Filter, OwnerVersion, Record};
use tokio_postgres::Row;

use crate::{
    error::Error,
    history::History,
    rows,
    schema_name::Schema,
    session::{Parameter, Session},
    statements::Statements,
};

/// Runs statements on the tables of one schema.
#[derive(Debug)]
pub(crate) struct Queries {
    pub(crate) statements: Statements,
}

impl Queries {
    pub(crate) fn new(schema: &Schema, timeline: &str) -> Self {
        Self { statements: Statements::new(schema, timeline) }
    }

    /// The conversation of each key.
    pub(crate) async fn get(&self, session: Session<'_>, keys: &[Key]) -> Result<Vec<Option<Conversation>>, Error> {
        let mut found = vec![None; keys.len()];
        for row in session.query(&self.statements.get, keys.len(), &self::keys(keys.iter())).await? {
            let position = position(&row)?;
            found[position] = rows::record_of(&keys[position], &row, 1)?.into_live();
        }
        Ok(found)
    }

    /// The owner's conversations after `after` that pass `filter`, ordered by ID, at most `limit`.
    pub(crate) async fn list(
        &self,
        session: Session<'_>,
        owner: &UserId,
        filter: &Filter,
        after: Option<&ConversationId>,
        limit: usize,
    ) -> Result<Vec<Conversation>, Error> {
        // IDs are not empty, so all come after the empty text.
        let after = after.map_or("", ConversationId::as_str);
        let condition = "owner = $1 AND conversation_id > $2";
        self.page(session, condition, "conversation_id", [owner.as_str(), after], filter, limit).await
    }

    /// All owners' views of a conversation after `after` that pass `filter`, ordered by owner, at most `limit`.
    pub(crate) async fn list_by_conversation(
        &self,
        session: Session<'_>,
        conversation_id: &ConversationId,
        filter: &Filter,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<Conversation>, Error> {
        let after = after.map_or("", UserId::as_str);
        let condition = "conversation_id = $1 AND owner > $2";
        self.page(session, condition, "owner", [conversation_id.as_str(), after], filter, limit).await
    }

    async fn page(
        &self,
        session: Session<'_>,
        condition: &str,
        order: &str,
        [id, after]: [&str; 2],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Conversation>, Error> {
        let mut sql = format!("{} WHERE {condition} AND conversation_type IS NOT NULL", self.statements.page);
        let mut parameters = vec![rows::text(id), rows::text(after), rows::number(sql_limit(limit))];
        // Only names of our own columns vary in the text; every value is a parameter.
        let is = filter.is.values().map(|condition| (condition, true));
        for ((field, value), is) in is.chain(filter.is_not.values().map(|condition| (condition, false))) {
            let column = field.column();
            if let Value::Custom(names) = value {
                add_names(&mut sql, &mut parameters, column, &names, is);
            } else {
                parameters.push(rows::setting_to_sql(value));
                let _ = write!(sql, " AND {column} {} ${}", if is { "=" } else { "<>" }, parameters.len());
            }
        }
        sql.extend([" ORDER BY ", order, " LIMIT $3"]);
        // Not kept: there are too many filters.
        let mut found = Vec::new();
        for row in session.query_once(&sql, &parameters).await? {
            found.extend(rows::record(&row)?.into_live());
        }
        Ok(found)
    }

    /// The number of the owner's conversations.
    pub(crate) async fn count(&self, session: Session<'_>, owner: &UserId) -> Result<usize, Error> {
        let found = session.query(&self.statements.count, 1, &[rows::text(owner.as_str())]).await?;
        let count = found.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The owner's versions.
    pub(crate) async fn versions(&self, session: Session<'_>, owner: &UserId) -> Result<Versions, Error> {
        let found = session.query(&self.statements.versions, 1, &[rows::text(owner.as_str())]).await?;
        Versions::of_first(&found)
    }

    /// The owner's versions, and the owner's records changed after `after`, ordered by change, at most `limit`.
    pub(crate) async fn changed(
        &self,
        session: Session<'_>,
        owner: &UserId,
        after: Version,
        limit: usize,
    ) -> Result<(Versions, Vec<Record>), Error> {
        let after = rows::number(rows::version_to_sql(after));
        let parameters = [rows::text(owner.as_str()), after, rows::number(sql_limit(limit))];
        let found = session.query(&self.statements.changed, 1, &parameters).await?;
        let mut records = Vec::new();
        for row in &found {
            let damaged = |source| Error::Row { key: None, source };
            let id = row.try_get::<_, Option<&str>>(Versions::COLUMNS).map_err(|error| damaged(error.into()))?;
            let Some(id) = id else { break };
            let id = ConversationId::new(id).map_err(|error| damaged(error.into()))?;
            records.push(rows::record_of(&Key::new(owner.clone(), id), row, Versions::COLUMNS + 1)?);
        }
        Ok((Versions::of_first(&found)?, records))
    }
}

/// An owner's versions, and the history that they count in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    pub(crate) history: History,
    pub(crate) version: Version,
    /// The version up to which tombstones were pruned.
    pub(crate) pruned: Version,
}

impl Versions {
    const COLUMNS: usize = History::COLUMNS + 2;

    fn of_first(found: &[Row]) -> Result<Self, Error> {
        let read = || -> Result<_, BoxError> {
            let row = found.first().ok_or("the table store has no row")?;
            // An unknown owner has neither.
            let version = |column| match row.try_get::<_, Option<i64>>(column)? {
                Some(_) => rows::version(row, column),
                None => Ok(Version::ZERO),
            };
            let (version, pruned) = (version(History::COLUMNS)?, version(History::COLUMNS + 1)?);
            Ok(Self { history: History::of_row(row)?, version, pruned })
        };
        read().map_err(|source| Error::Row { key: None, source })
    }

    /// The owner's version as a client keeps it.
    pub(crate) fn current(&self) -> OwnerVersion {
        OwnerVersion { log: self.history.log(), version: self.version }
    }
}

/// Adds the conditions on names of the host's own settings.
fn add_names(sql: &mut String, parameters: &mut Vec<Parameter<'_>>, column: &str, names: &CustomPatch, is: bool) {
    let set = names.iter().filter(|(_, value)| is && value.is_some());
    let set: CustomPatch = set.map(|(name, value)| (name.clone(), value.cloned())).collect();
    if !set.is_empty() {
        // In this form the index finds them.
        parameters.push(rows::setting_to_sql(Value::Custom(set)));
        let _ = write!(sql, " AND {column} <> '{{}}' AND {column} @> ${}", parameters.len());
    }
    let comparison = if is { "IS NOT DISTINCT FROM" } else { "IS DISTINCT FROM" };
    for (name, value) in names.iter() {
        // An absent name is NULL.
        parameters.extend(rows::name_and_value(name, value));
        let last = parameters.len();
        let _ = write!(sql, " AND ({column} -> ${}) {comparison} ${last}", last - 1);
    }
}

pub(crate) fn keys<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> [Parameter<'a>; 2] {
    let owners = keys.clone().map(|key| key.owner.as_str());
    [rows::texts(owners), rows::texts(keys.map(|key| key.conversation_id.as_str()))]
}

/// The position of a row's key among the keys that were asked for, counted from 0.
pub(crate) fn position(row: &Row) -> Result<usize, Error> {
    let position = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
    Ok(position.saturating_sub(1))
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
