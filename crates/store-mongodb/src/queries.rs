//! The reads, and pruning.

use std::collections::HashMap;

use conversation_settings_core::{Conversation, Key, UserId, Version};
use conversation_settings_store::{Filter, LogId, OwnerVersion, Record};
use mongodb::{
    ClientSession,
    bson::{Document, doc},
    options::Hint,
};

use crate::{
    collections::{Collections, batch_size, each},
    error::Error,
    fields::{Fields, int64},
    keys::key_groups,
    log::{self, Entry, LogHeader},
    rows,
};

/// The conversations of `keys`, which are not empty.
pub(crate) async fn get(
    collections: &Collections,
    session: &mut ClientSession,
    keys: &[Key],
) -> Result<HashMap<Key, Conversation>, Error> {
    let mut sorted: Vec<_> = keys.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let groups = key_groups(sorted.iter().copied());
    let mut found = HashMap::with_capacity(sorted.len());
    let take = |conversation: Conversation| {
        found.insert(conversation.key.clone(), conversation);
    };
    collections.find(session, &groups, sorted.len(), take).await?;
    Ok(found)
}

/// At most `max` conversations whose field `name` is `id` and that pass `filter`, in the order of the field `order`, from
/// after `after`.
pub(crate) async fn page(
    collections: &Collections,
    session: &mut ClientSession,
    (name, id): (&str, &str),
    (order, after): (&str, &str),
    filter: &Filter,
    max: usize,
) -> Result<Vec<Conversation>, Error> {
    let mut condition = doc! { name: id, order: { "$gt": after } };
    condition.extend(rows::conditions(filter));
    let cursor = collections
        .conversations
        .find(condition)
        .hint(Hint::Keys(doc! { name: 1, order: 1 }))
        .sort(doc! { order: 1 })
        .limit(i64::try_from(max).unwrap_or(i64::MAX))
        .batch_size(batch_size(max))
        .session(&mut *session)
        .await?;
    let mut conversations = Vec::new();
    each(cursor, session, |document| {
        conversations.push(rows::conversation(document)?);
        Ok(())
    })
    .await?;
    Ok(conversations)
}

/// The number of the owner's conversations, by the index alone.
pub(crate) async fn count(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
) -> Result<usize, Error> {
    let count = collections
        .conversations
        // A page skips documents without a conversation ID, so the count does too.
        .count_documents(doc! { rows::OWNER: owner.as_str(), rows::CONVERSATION: { "$gt": "" } })
        .hint(Hint::Keys(doc! { rows::OWNER: 1, rows::CONVERSATION: 1 }))
        .session(&mut *session)
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// An owner's log, with the entries after some version.
#[derive(Debug, Default)]
pub(crate) struct OwnerLog {
    pub(crate) current: OwnerVersion,
    pub(crate) deleted: Version,
    entries: HashMap<Key, Entry>,
}

/// The owner's log, with the entries after `after`.
pub(crate) async fn owner_log(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    after: Version,
) -> Result<OwnerLog, Error> {
    let is_newer = doc! { "$gt": ["$$this.version", { "$literal": int64(after.0) }] };
    let newer = doc! { "$filter": { "input": { "$ifNull": ["$logs", []] }, "cond": is_newer } };
    let found = collections
        .versions
        .find_one(doc! { log::OWNER: owner.as_str() })
        .projection(doc! { log::VERSION: 1, log::DELETED: 1, log::LOGS: newer })
        .session(&mut *session)
        .await?;
    let Some(document) = found else { return Ok(OwnerLog::default()) };
    let fields = Fields::of(&document).map_err(Error::damaged)?;
    let LogHeader { version, deleted, .. } = LogHeader::read(&fields).map_err(Error::damaged)?;
    let id = fields.object_id("_id").map_err(Error::damaged)?.unwrap_or_default();
    let mut entries = HashMap::new();
    log::entries(owner, &fields, |key, entry| {
        entries.insert(key, entry);
    })?;
    Ok(OwnerLog { current: OwnerVersion { log: LogId(id.bytes()), version }, deleted, entries })
}

/// The owner's records changed after `after`, by a log with the entries after it. If there are more than `limit`, returns
/// `limit + 1` of them.
pub(crate) async fn changed_records(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    after: Version,
    log: OwnerLog,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let OwnerLog { deleted, mut entries, .. } = log;
    let max = limit.saturating_add(1);
    if after == Version::ZERO {
        // The log may lack old entries, but every existing conversation has changed after version 0.
        let of_owner = (rows::OWNER, owner.as_str());
        let all = page(collections, session, of_owner, (rows::CONVERSATION, ""), &Filter::ALL, max).await?;
        let record = |conversation: Conversation| {
            let key = conversation.key.clone();
            log::record(&key, Some(conversation), entries.remove(&key), deleted)
        };
        let mut records: Vec<Record> = all.into_iter().filter_map(record).collect();
        // Removed conversations are records too, and count for the limit.
        let removed = entries.into_iter().filter_map(|(key, entry)| log::record(&key, None, Some(entry), deleted));
        let missing = max.saturating_sub(records.len());
        records.extend(removed.take(missing));
        return Ok(records);
    }
    let keys: Vec<_> = entries.keys().take(max).cloned().collect();
    let mut found = if keys.is_empty() { HashMap::new() } else { get(collections, session, &keys).await? };
    let record = |key: &Key| log::record(key, found.remove(key), entries.remove(key), deleted);
    Ok(keys.iter().filter_map(record).collect())
}

/// Forgets the owner's tombstones of versions up to `through`, at most up to the owner's version. Returns their number.
pub(crate) async fn prune(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    through: Version,
) -> Result<usize, Error> {
    let through = doc! { "$min": [{ "$literal": int64(through.0) }, "$version"] };
    let logs = doc! { "$ifNull": ["$logs", []] };
    let is_pruned = doc! { "$and": [
        { "$eq": ["$$this.state", log::REMOVED] },
        { "$lte": ["$$this.version", through.clone()] },
    ] };
    let entries = |condition: Document| doc! { "$filter": { "input": logs.clone(), "cond": condition } };
    let found = collections
        .versions
        .find_one_and_update(
            doc! { log::OWNER: owner.as_str() },
            vec![doc! { "$set": {
                log::DELETED: { "$max": ["$deleted", through] },
                log::LOGS: entries(doc! { "$not": [is_pruned.clone()] }),
            } }],
        )
        .projection(doc! { "_id": 0, log::LENGTH: { "$size": entries(is_pruned) } })
        .session(&mut *session)
        .await?;
    let Some(found) = found else { return Ok(0) };
    let pruned = Fields::of(&found).and_then(|fields| fields.number(log::LENGTH)).map_err(Error::damaged)?;
    Ok(pruned.and_then(|pruned| usize::try_from(pruned).ok()).unwrap_or_default())
}
