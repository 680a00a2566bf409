//! What is asked of the database.

use std::collections::HashMap;

use conversation_settings_core::{Conversation, Key, UserId, Version};
use conversation_settings_store::{BoxError, Filter, LogId, OwnerVersion, Record};
use mongodb::{
    ClientSession, Collection, Database, SessionCursor,
    bson::{Document, RawDocument, RawDocumentBuf, doc},
    options::Hint,
};

use crate::{
    edits::int64,
    error::Error,
    fields::Fields,
    keys::{blocks, condition, index},
    log::{self, Entry, Head},
    primary::Primary,
    rows,
};

/// The collections, as OpenIM calls them.
pub(crate) const CONVERSATIONS: &str = "conversation";
pub(crate) const VERSIONS: &str = "conversation_version";

/// The collections of one database, and who answers for them.
#[derive(Clone, Debug)]
pub(crate) struct Collections {
    pub(crate) database: Database,
    pub(crate) conversations: Collection<RawDocumentBuf>,
    pub(crate) versions: Collection<RawDocumentBuf>,
    pub(crate) primary: Primary,
}

impl Collections {
    pub(crate) fn new(database: Database, primary: Primary) -> Self {
        let (conversations, versions) = (database.collection(CONVERSATIONS), database.collection(VERSIONS));
        Self { database, conversations, versions, primary }
    }
}

/// All in one answer, as far as an answer can hold it.
pub(crate) fn batch_size(most: usize) -> u32 {
    u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

/// Hands every document of a cursor to `take`.
pub(crate) async fn each(
    mut cursor: SessionCursor<RawDocumentBuf>,
    session: &mut ClientSession,
    mut take: impl FnMut(&RawDocument) -> Result<(), Error>,
) -> Result<(), Error> {
    while cursor.advance(session).await? {
        take(cursor.current())?;
    }
    Ok(())
}

/// The conversations of some keys, of which there is at least one.
pub(crate) async fn get(
    collections: &Collections,
    session: &mut ClientSession,
    keys: &[Key],
) -> Result<HashMap<Key, Conversation>, Error> {
    let mut sorted: Vec<_> = keys.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let blocks = blocks(sorted.iter().copied());
    let found = collections
        .conversations
        .find(condition(&blocks))
        .hint(Hint::Keys(index(&blocks)))
        .batch_size(batch_size(sorted.len()))
        .session(&mut *session)
        .await?;
    let mut read = HashMap::with_capacity(sorted.len());
    each(found, session, |document| {
        let conversation = rows::conversation(document)?;
        read.insert(conversation.key.clone(), conversation);
        Ok(())
    })
    .await?;
    Ok(read)
}

/// The conversations for which `name` is `id` and that pass `filter`, in the order of `order`, those after `after`, at
/// most `most`.
pub(crate) async fn page(
    collections: &Collections,
    session: &mut ClientSession,
    (name, id): (&str, &str),
    (order, after): (&str, &str),
    filter: &Filter,
    most: usize,
) -> Result<Vec<Conversation>, Error> {
    let mut asked = doc! { name: id, order: { "$gt": after } };
    asked.extend(rows::conditions(filter));
    let found = collections
        .conversations
        .find(asked)
        .hint(Hint::Keys(doc! { name: 1, order: 1 }))
        .sort(doc! { order: 1 })
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .batch_size(batch_size(most))
        .session(&mut *session)
        .await?;
    let mut conversations = Vec::new();
    each(found, session, |document| {
        conversations.push(rows::conversation(document)?);
        Ok(())
    })
    .await?;
    Ok(conversations)
}

/// What an owner's log says: how far it has come, up to where it is gone, and what has changed after a version.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) current: OwnerVersion,
    pub(crate) deleted: Version,
    changed: HashMap<Key, Entry>,
}

/// What the owner's log says of changes after a version.
pub(crate) async fn told(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    after: Version,
) -> Result<Told, Error> {
    let newer = doc! { "$gt": ["$$this.version", { "$literal": int64(after.0) }] };
    let newer = doc! { "$filter": { "input": { "$ifNull": ["$logs", []] }, "cond": newer } };
    let found = collections
        .versions
        .find_one(doc! { log::OWNER: owner.as_str() })
        .projection(doc! { log::VERSION: 1, log::DELETED: 1, log::LOGS: newer })
        .session(&mut *session)
        .await?;
    let Some(document) = found else { return Ok(Told::default()) };
    let fields = Fields::of(&document).map_err(damaged)?;
    let head = Head::read(&fields).map_err(damaged)?;
    let id = fields.object_id("_id").map_err(damaged)?.unwrap_or_default();
    let mut changed = HashMap::new();
    log::entries(owner, &fields, |key, entry| {
        changed.insert(key, entry);
    })?;
    let current = OwnerVersion { log: LogId(id.bytes()), version: head.version };
    Ok(Told { current, deleted: head.deleted, changed })
}

/// The owner's records changed after a version: of more than `most`, any that many and one.
pub(crate) async fn changed(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    after: Version,
    told: Told,
    most: usize,
) -> Result<Vec<Record>, Error> {
    let Told { deleted, mut changed, .. } = told;
    let most = most.saturating_add(1);
    if after == Version::ZERO {
        // The log may not go back that far, but all that is there has come since.
        let of_owner = (rows::OWNER, owner.as_str());
        let all = page(collections, session, of_owner, (rows::CONVERSATION, ""), &Filter::ALL, most).await?;
        let record = |conversation: Conversation| {
            let key = conversation.key.clone();
            log::record(&key, Some(conversation), changed.remove(&key), deleted)
        };
        return Ok(all.into_iter().filter_map(record).collect());
    }
    let keys: Vec<_> = changed.keys().take(most).cloned().collect();
    let mut found = if keys.is_empty() { HashMap::new() } else { get(collections, session, &keys).await? };
    let record = |key: &Key| log::record(key, found.remove(key), changed.remove(key), deleted);
    Ok(keys.iter().filter_map(record).collect())
}

/// Forgets the owner's tombstones of versions up to `through`, which is none beyond the owner's.
pub(crate) async fn prune(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    through: Version,
) -> Result<usize, Error> {
    let through = doc! { "$min": [{ "$literal": int64(through.0) }, "$version"] };
    let logs = doc! { "$ifNull": ["$logs", []] };
    let is_forgotten = doc! { "$and": [
        { "$eq": ["$$this.state", log::REMOVED] },
        { "$lte": ["$$this.version", through.clone()] },
    ] };
    let of_logs = |condition: Document| doc! { "$filter": { "input": logs.clone(), "cond": condition } };
    let found = collections
        .versions
        .find_one_and_update(
            doc! { log::OWNER: owner.as_str() },
            vec![doc! { "$set": {
                log::DELETED: { "$max": ["$deleted", through] },
                log::LOGS: of_logs(doc! { "$not": [is_forgotten.clone()] }),
            } }],
        )
        .projection(doc! { "_id": 0, log::LENGTH: { "$size": of_logs(is_forgotten) } })
        .session(&mut *session)
        .await?;
    let Some(found) = found else { return Ok(0) };
    let forgotten = Fields::of(&found).and_then(|fields| fields.number(log::LENGTH)).map_err(damaged)?;
    Ok(forgotten.and_then(|forgotten| usize::try_from(forgotten).ok()).unwrap_or_default())
}

/// A document of which nothing can be told but what is wrong with it.
pub(crate) fn damaged(source: BoxError) -> Error {
    Error::Damaged { key: None, source }
}
