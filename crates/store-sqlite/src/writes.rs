//! The statements of the writer: loading a batch, storing what it resolved to, and pruning.

use std::sync::LazyLock;

use conversation_settings_core::{Timestamp, UserId, Version, Write, WriteBatch};
use conversation_settings_store::{Applied, Loaded, OwnerWrite, Resolved, resolve};
use rusqlite::Connection;

use crate::{
    error::Error,
    queries,
    rows::{self, STATE},
};

/// Keys per statement of a large batch: most of a lookup's cost is the statement, not the search.
const KEYS_PER_STATEMENT: usize = 50;

pub(crate) static LOAD_ONE: LazyLock<String> = LazyLock::new(|| load_sql(1));
pub(crate) static LOAD_MANY: LazyLock<String> = LazyLock::new(|| load_sql(KEYS_PER_STATEMENT));

/// Looks up each key's record together with its owner's version: one more search is cheaper than one more statement.
/// Every record's owner has a version.
fn load_sql(keys: usize) -> String {
    let keys: Vec<_> = (0..keys).map(|offset| format!("({offset}, ?, ?)")).collect();
    let (keys, state) = (keys.join(", "), &*STATE);
    format!(
        "WITH keys (offset, key_owner, key_id) AS (VALUES {keys})
         SELECT offset, version, {state} FROM keys
         JOIN owners ON owners.owner = key_owner
         LEFT JOIN conversations ON conversations.owner = key_owner AND conversation_id = key_id"
    )
}

static PUT: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<_> = rows::columns().collect();
    let parameters = vec!["?"; columns.len()].join(", ");
    let updates: Vec<_> =
        columns.iter().skip(rows::KEY_COLUMNS).map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "INSERT INTO conversations ({}) VALUES ({parameters})
         ON CONFLICT (owner, conversation_id) DO UPDATE SET {}",
        columns.join(", "),
        updates.join(", ")
    )
});

/// Stores an owner's version, and adds to the number of conversations. If an older version of this program has changed
/// the owner meanwhile, the number is counted anew, before the records are stored.
const PUT_OWNER: &str = "
    INSERT INTO owners (owner, version, conversations, counted_in) VALUES (?1, ?2, ?3, ?2)
    ON CONFLICT (owner) DO UPDATE SET
        version = excluded.version,
        counted_in = excluded.version,
        conversations = excluded.conversations + iif(counted_in = version, conversations, (
            SELECT count(*) FROM conversations AS kept
            WHERE kept.owner = owners.owner AND conversation_type IS NOT NULL
        ))";

/// Applies a batch within a transaction.
pub(crate) fn apply(connection: &Connection, batch: &WriteBatch, at: Timestamp) -> Result<Applied, Error> {
    let resolved = resolve(batch, &load(connection, batch)?, at)?;
    put(connection, &resolved)?;
    Ok(resolved.applied)
}

/// Loads a batch's records and its owners' versions.
pub(crate) fn load(connection: &Connection, batch: &WriteBatch) -> Result<Loaded, Error> {
    let (sql, keys) = if batch.len() < KEYS_PER_STATEMENT { (&LOAD_ONE, 1) } else { (&LOAD_MANY, KEYS_PER_STATEMENT) };
    let mut statement = connection.prepare_cached(sql)?;
    let mut records = vec![None; batch.len()];
    let mut versions = vec![Version::ZERO; batch.len()];
    let chunks = batch.writes().chunks(keys).zip(records.chunks_mut(keys)).zip(versions.chunks_mut(keys));
    for ((writes, records), versions) in chunks {
        // The last chunk may be short: unbound parameters are NULL, which matches no key.
        statement.clear_bindings();
        for (offset, Write { key, .. }) in writes.iter().enumerate() {
            statement.raw_bind_parameter(2 * offset + 1, key.owner.as_str())?;
            statement.raw_bind_parameter(2 * offset + 2, key.conversation_id.as_str())?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let offset = usize::try_from(row.get::<_, i32>(0)?).unwrap_or(usize::MAX);
            versions[offset] = Version(rows::unsigned(row, 1)?);
            records[offset] = rows::optional_record_of(&writes[offset].key, row, 2)?;
        }
    }
    let mut versions = versions.into_iter();
    // All writes of an owner carry the same version.
    let of_owner = |writes: &[Write]| versions.nth(writes.len() - 1).unwrap_or_default();
    Ok(Loaded { records, versions: batch.by_owner().map(of_owner).collect() })
}

/// Stores the records and owners that a batch resolved to.
pub(crate) fn put(connection: &Connection, resolved: &Resolved) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(PUT_OWNER)?;
    for OwnerWrite { owner, version, added, .. } in &resolved.owners {
        statement.execute((owner.as_str(), rows::to_integer(version.0)?, added))?;
    }
    let mut statement = connection.prepare_cached(&PUT)?;
    for changed in &resolved.records {
        rows::bind(&mut statement, &changed.record)?;
        statement.raw_execute()?;
    }
    Ok(())
}

/// Deletes the owner's tombstones of versions up to `through`, at most the owner's version.
pub(crate) fn prune(connection: &Connection, owner: &UserId, through: Version) -> Result<usize, Error> {
    let (version, pruned) = queries::versions(connection, owner)?;
    let through = rows::to_integer(through.min(version).max(pruned).0)?;
    // Without the condition a no-op would cost a write and an `fsync`.
    connection
        .prepare_cached("UPDATE owners SET pruned = ?2 WHERE owner = ?1 AND pruned < ?2")?
        .execute((owner.as_str(), through))?;
    let mut statement = connection.prepare_cached(
        "DELETE FROM conversations WHERE owner = ?1 AND changed_in <= ?2 AND conversation_type IS NULL",
    )?;
    Ok(statement.execute((owner.as_str(), through))?)
}
