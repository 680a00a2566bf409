//! The text of the statements.

use std::iter;

use crate::{
    rows::{self, FIXED_COLUMNS, STATE},
    schema_name::Schema,
};

/// The statements for the tables of one schema.
///
/// In statements that may be kept, each array of keys is in a `SELECT` of its own. The planner then assumes few keys,
/// instead of as many as it happens to see, and looks up each through the index.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load: String,
    pub(crate) load_one: String,
    pub(crate) lock: String,
    pub(crate) insert: String,
    pub(crate) put: String,
    pub(crate) get: String,
    pub(crate) page: String,
    pub(crate) count: String,
    pub(crate) versions: String,
    pub(crate) changed: String,
    pub(crate) prune: String,
}

impl Statements {
    /// `timeline` is SQL for the server's timeline.
    pub(crate) fn new(schema: &Schema, timeline: &str) -> Self {
        let state = &*STATE;
        let insert = insert_sql(schema, timeline);
        let updates: Vec<_> = state.split(", ").map(|column| format!("{column} = excluded.{column}")).collect();
        Self {
            // Every record's owner has a version.
            load: format!(
                "SELECT position, version, {state}
                 FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS keys (owner, conversation_id, position)
                 JOIN {schema}.owners USING (owner)
                 LEFT JOIN {schema}.conversations USING (owner, conversation_id)"
            ),
            // Planned each time by the number of owners: a few are looked up, for many the table is read. A full join
            // rules out a nested loop, which is slow where the planner misjudges the number of rows.
            load_one: format!(
                "SELECT owner, version, {state}
                 FROM (SELECT owner, version FROM {schema}.owners WHERE owner = ANY($1)) AS owners
                 FULL JOIN (
                     SELECT owner, {state} FROM {schema}.conversations WHERE owner = ANY($1) AND conversation_id = $2
                 ) AS loaded USING (owner)"
            ),
            lock: format!(
                "SELECT FROM {schema}.owners WHERE owner IN (SELECT unnest((SELECT $1::text[])))
                 ORDER BY owner FOR UPDATE"
            ),
            put: format!("{insert} ON CONFLICT (owner, conversation_id) DO UPDATE SET {}", updates.join(", ")),
            insert,
            get: format!(
                "SELECT position, {state}
                 FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS keys (owner, conversation_id, position)
                 JOIN {schema}.conversations USING (owner, conversation_id)"
            ),
            page: format!("SELECT owner, conversation_id, {state} FROM {schema}.conversations"),
            count: format!(
                "SELECT {} FROM {schema}.owners AS owners WHERE owner = $1",
                count_sql(schema)
            ),
            // The row of `store` is there for an unknown owner, too.
            versions: format!(
                "SELECT log, {timeline}, version, pruned FROM {schema}.store LEFT JOIN {schema}.owners ON owner = $1"
            ),
            // One statement is one snapshot, so the version and the records match. `changed_in > 0` makes the partial index
            // usable.
            changed: format!(
                "SELECT log, {timeline}, version, pruned, changed.*
                 FROM {schema}.store
                 LEFT JOIN {schema}.owners ON owners.owner = $1
                 LEFT JOIN LATERAL (
                     SELECT conversation_id, {state} FROM {schema}.conversations AS conversations
                     WHERE conversations.owner = owners.owner AND changed_in > $2 AND changed_in > 0
                     ORDER BY changed_in LIMIT $3
                 ) AS changed ON true"
            ),
            // Locks the owner first, as every writer does. The condition on `pruned` skips a no-op.
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

/// The number of conversations of a row of `owners`. It is counted if an older version of this program, which does not
/// keep it, has changed the owner last.
fn count_sql(schema: &Schema) -> String {
    format!(
        "CASE WHEN owners.counted_in = owners.version THEN owners.conversations ELSE (
             SELECT count(*) FROM {schema}.conversations AS counted
             WHERE counted.owner = owners.owner AND conversation_type IS NOT NULL
         ) END"
    )
}

/// Raises versions and adds to the numbers of conversations, then inserts records whose keys do not exist.
///
/// A batch raises each version by one. If the stored version has changed meanwhile, the CASE yields NULL, NOT NULL fails,
/// and the statement rolls back. Owners come first and in order, as every writer locks them; the count makes the server
/// raise all of them before it touches a record. On a server of an older timeline than `$4` it writes nothing: that is an
/// old primary, which has woken up after another server was promoted.
fn insert_sql(schema: &Schema, timeline: &str) -> String {
    let fixed = FIXED_COLUMNS.map(|(column, _)| column).join(", ");
    let settings: Vec<_> = rows::setting_columns().map(|(column, _)| column).collect();
    let settings = settings.join(", ");
    let count = count_sql(schema);
    // After the three arrays of owners, and the timeline.
    let mut parameter = 4;
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
        "WITH raised AS (
             INSERT INTO {schema}.owners AS owners (owner, version, conversations, counted_in)
             SELECT owner, version, added, version
             FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[])) AS raised (owner, version, added)
             WHERE {timeline} >= $4::text COLLATE \"C\"
             ON CONFLICT (owner) DO UPDATE
             SET version = CASE WHEN owners.version = excluded.version - 1 THEN excluded.version END,
                 counted_in = excluded.version,
                 conversations = excluded.conversations + {count}
             RETURNING owner
         )
         INSERT INTO {schema}.conversations ({fixed}, {settings})
         SELECT {fixed}, {settings}
         FROM unnest({records}) AS records ({fixed}, which)
         LEFT JOIN unnest({values}) WITH ORDINALITY AS settings ({settings}, which) USING (which)
         WHERE (SELECT count(*) FROM raised) > 0"
    )
}
