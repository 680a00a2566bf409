//! What is asked of the database: loading a batch, and the reads.

use std::collections::HashMap;

use conversation_core::{Conversation, ConversationId, Key, UserId, Version, WriteBatch};
use conversation_store::{Filter, Held, OwnerVersion, Record};
use mongodb::{
    ClientSession, Collection, Database, SessionCursor,
    bson::{Bson, Document, RawDocument, RawDocumentBuf, doc, raw::RawBsonRef},
    options::Hint,
};

use crate::{
    edits::int64,
    error::Error,
    keys::{Block, blocks, condition, texts},
    log::{self, Entry, Head},
    rows,
};

/// The collections, as OpenIM calls them.
pub(crate) const CONVERSATIONS: &str = "conversation";
pub(crate) const VERSIONS: &str = "conversation_version";

/// More conversations than this, and the entries of a batch are not picked out by the server but all of an owner's sent.
const MOST_PICKED: usize = 32;

/// The collections of one database.
#[derive(Clone, Debug)]
pub(crate) struct Collections {
    pub(crate) database: Database,
    pub(crate) conversations: Collection<RawDocumentBuf>,
    pub(crate) versions: Collection<RawDocumentBuf>,
}

impl Collections {
    pub(crate) fn new(database: Database) -> Self {
        Self { conversations: database.collection(CONVERSATIONS), versions: database.collection(VERSIONS), database }
    }
}

/// What is held of a batch, in the batch's order.
#[derive(Debug)]
pub(crate) struct Loaded {
    conversations: Vec<Option<Conversation>>,
    pub(crate) entries: Vec<Option<Entry>>,
    /// One for each owner.
    pub(crate) heads: Vec<Option<Head>>,
}

impl Loaded {
    fn new(batch: &WriteBatch) -> Self {
        let none = |len| std::iter::repeat_with(|| None).take(len).collect();
        Self {
            conversations: none(batch.len()),
            entries: std::iter::repeat_with(|| None).take(batch.len()).collect(),
            heads: std::iter::repeat_with(|| None).take(batch.owners().count()).collect(),
        }
    }

    fn add_conversation(&mut self, batch: &WriteBatch, document: &RawDocument) -> Result<(), Error> {
        let conversation = rows::conversation(document)?;
        if let Some(position) = batch.position(&conversation.key) {
            self.conversations[position] = Some(conversation);
        }
        Ok(())
    }

    fn add_log(&mut self, batch: &WriteBatch, owners: &Owners<'_>, document: &RawDocument) -> Result<(), Error> {
        let damaged = |source| Error::Damaged { key: None, source };
        let owner = rows::text(document, log::OWNER).map_err(damaged)?.unwrap_or_default();
        let Some((n, owner)) = owners.get(owner) else { return Ok(()) };
        self.heads[n] = Some(Head::read(document).map_err(damaged)?);
        entries(owner, document, |key, entry| {
            if let Some(position) = batch.position(&key) {
                self.entries[position] = Some(entry);
            }
        })
    }

    /// What is held, in the contract's terms.
    pub(crate) fn held(&self, batch: &WriteBatch) -> Held {
        let mut records = Vec::with_capacity(batch.len());
        let mut versions = Vec::with_capacity(self.heads.len());
        for (writes, head) in batch.by_owner().zip(&self.heads) {
            let deleted = head.as_ref().map(|head| head.deleted).unwrap_or_default();
            for write in writes {
                let (conversation, entry) = (&self.conversations[records.len()], &self.entries[records.len()]);
                records.push(log::record(&write.key, conversation.clone(), entry.clone(), deleted));
            }
            versions.push(head.as_ref().map(|head| head.version).unwrap_or_default());
        }
        Held { records, versions }
    }
}

/// A batch's owners by their IDs.
struct Owners<'a>(HashMap<&'a str, (usize, &'a UserId)>);

impl<'a> Owners<'a> {
    fn of(batch: &'a WriteBatch) -> Self {
        Self(batch.owners().enumerate().map(|(n, owner)| (owner.as_str(), (n, owner))).collect())
    }

    fn get(&self, owner: &str) -> Option<(usize, &'a UserId)> {
        self.0.get(owner).copied()
    }
}

/// Hands each of a log's entries to `take`. An entry of something that is no conversation of ours is none of ours.
fn entries(owner: &UserId, document: &RawDocument, mut take: impl FnMut(Key, Entry)) -> Result<(), Error> {
    let damaged = |key, source| Error::Damaged { key, source };
    let entries = match document.get(log::LOGS) {
        Ok(Some(RawBsonRef::Array(entries))) => entries,
        Ok(None | Some(RawBsonRef::Null)) => return Ok(()),
        Ok(_) => return Err(damaged(None, "logs: must be an array".into())),
        Err(error) => return Err(damaged(None, error.into())),
    };
    for entry in entries {
        let entry = entry.map_err(|error| damaged(None, error.into()))?;
        let entry = entry.as_document().ok_or_else(|| damaged(None, "logs: must hold documents".into()))?;
        let id = rows::text(entry, log::ENTRY_ID).map_err(|source| damaged(None, source))?.unwrap_or_default();
        let Ok(id) = ConversationId::new(id) else { continue };
        let key = Key::new(owner.clone(), id);
        match Entry::read(entry) {
            Ok(entry) => take(key, entry),
            Err(source) => return Err(damaged(Some(Box::new(key)), source)),
        }
    }
    Ok(())
}

/// The index by which conversations are found: left to itself the server may try that of the conversation's ID, by which
/// it would read a whole group for a few members.
pub(crate) fn by_key() -> Document {
    doc! { rows::OWNER: 1, rows::CONVERSATION: 1 }
}

/// All in one answer, as far as an answer can hold it.
fn batch_size(most: usize) -> u32 {
    u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

/// Hands every document of a cursor to `take`.
async fn each(
    mut cursor: SessionCursor<RawDocumentBuf>,
    session: &mut ClientSession,
    mut take: impl FnMut(&RawDocument) -> Result<(), Error>,
) -> Result<(), Error> {
    while cursor.advance(session).await? {
        take(cursor.current())?;
    }
    Ok(())
}

/// Loads a batch for a transaction that is to write it, where logs may have `most` entries.
pub(crate) async fn load(
    collections: &Collections,
    session: &mut ClientSession,
    batch: &WriteBatch,
    most: usize,
) -> Result<Loaded, Error> {
    let mut loaded = Loaded::new(batch);
    let blocks = blocks(batch.writes().iter().map(|write| &write.key));
    let found = collections
        .conversations
        .find(condition(&blocks))
        .hint(Hint::Keys(by_key()))
        .batch_size(batch_size(batch.len()))
        .session(&mut *session)
        .await?;
    each(found, session, |document| loaded.add_conversation(batch, document)).await?;

    let owners = Owners::of(batch);
    let found = collections
        .versions
        .find(of_owners(batch))
        .projection(picked(&blocks, most))
        .batch_size(batch_size(owners.0.len()))
        .session(&mut *session)
        .await?;
    each(found, session, |document| loaded.add_log(batch, &owners, document)).await?;
    Ok(loaded)
}

/// Loads a batch to see whether there is anything to write: in one question, of one moment that a majority has.
pub(crate) async fn glance(
    collections: &Collections,
    session: &mut ClientSession,
    batch: &WriteBatch,
) -> Result<Loaded, Error> {
    let mut loaded = Loaded::new(batch);
    let owners = Owners::of(batch);
    let versions = doc! { "$unionWith": { "coll": VERSIONS, "pipeline": [
        { "$match": of_owners(batch) },
        { "$project": { log::OWNER: 1, log::VERSION: 1 } },
    ] } };
    let keys = condition(&blocks(batch.writes().iter().map(|write| &write.key)));
    let found = collections
        .conversations
        .aggregate([doc! { "$match": keys }, versions])
        .hint(Hint::Name("owner_user_id_1_conversation_id_1".to_owned()))
        .batch_size(batch_size(batch.len() + owners.0.len()))
        .session(&mut *session)
        .with_type::<RawDocumentBuf>()
        .await?;
    each(found, session, |document| match document.get(log::OWNER) {
        Ok(Some(_)) => loaded.add_log(batch, &owners, document),
        _ => loaded.add_conversation(batch, document),
    })
    .await?;
    Ok(loaded)
}

fn of_owners(batch: &WriteBatch) -> Document {
    doc! { log::OWNER: { "$in": texts(batch.owners().map(UserId::as_str)) } }
}

/// Of a log, the entries of some conversations, and of one with more than `most` entries the versions of all.
fn picked(blocks: &[Block<'_>], most: usize) -> Document {
    let mut ids: Vec<_> = blocks.iter().flat_map(|block| &block.conversations).map(|id| id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let logs = doc! { "$ifNull": ["$logs", []] };
    // IDs may begin with a dollar.
    let is_picked = match &*ids {
        [id] => Some(doc! { "$eq": ["$$this.e_id", { "$literal": *id }] }),
        ids if ids.len() <= MOST_PICKED => {
            Some(doc! { "$in": ["$$this.e_id", { "$literal": texts(ids.iter().copied()) }] })
        }
        _ => None,
    };
    let entries = match is_picked {
        Some(is_picked) => Bson::from(doc! { "$filter": { "input": logs.clone(), "cond": is_picked } }),
        None => Bson::from("$logs"),
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let is_crowded = doc! { "$gt": [{ "$size": logs }, { "$literal": most }] };
    doc! {
        log::OWNER: 1,
        log::VERSION: 1,
        log::DELETED: 1,
        log::LOGS: entries,
        log::VERSIONS: { "$cond": [is_crowded, "$logs.version", "$$REMOVE"] },
    }
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
    let found = collections
        .conversations
        .find(condition(&blocks(sorted.iter().copied())))
        .hint(Hint::Keys(by_key()))
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

/// How far an owner's log has come, and up to where it is gone.
pub(crate) async fn version(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
) -> Result<(OwnerVersion, Version), Error> {
    let found = collections
        .versions
        .find_one(doc! { log::OWNER: owner.as_str() })
        .projection(doc! { log::VERSION: 1, log::DELETED: 1 })
        .session(&mut *session)
        .await?;
    let Some(document) = found else { return Ok(Default::default()) };
    let head = Head::read(&document).map_err(|source| Error::Damaged { key: None, source })?;
    Ok((OwnerVersion { log: head.id, version: head.version }, head.deleted))
}

/// The owner's records changed after a version that the log still knows, or all where that is the first: of more than
/// `most`, any that many and one.
pub(crate) async fn changed(
    collections: &Collections,
    session: &mut ClientSession,
    owner: &UserId,
    after: Version,
    deleted: Version,
    most: usize,
) -> Result<Vec<Record>, Error> {
    let newer = doc! { "$gt": ["$$this.version", { "$literal": i64::try_from(after.0).unwrap_or(i64::MAX) }] };
    let newer = doc! { "$filter": { "input": { "$ifNull": ["$logs", []] }, "cond": newer } };
    let found = collections
        .versions
        .find_one(doc! { log::OWNER: owner.as_str() })
        .projection(doc! { log::LOGS: newer })
        .session(&mut *session)
        .await?;
    let mut changed = HashMap::new();
    if let Some(document) = found {
        entries(owner, &document, |key, entry| {
            changed.insert(key, entry);
        })?;
    }
    if after > Version::ZERO {
        // Of more than can be told, it is enough to know that.
        let keys: Vec<_> = changed.keys().take(most.saturating_add(1)).cloned().collect();
        let mut found = if keys.is_empty() { HashMap::new() } else { get(collections, session, &keys).await? };
        let record = |key: &Key| log::record(key, found.remove(key), changed.remove(key), deleted);
        return Ok(keys.iter().filter_map(record).collect());
    }
    let of_owner = (rows::OWNER, owner.as_str());
    let from_start = (rows::CONVERSATION, "");
    let all = page(collections, session, of_owner, from_start, &Filter::ALL, most.saturating_add(1)).await?;
    let record = |conversation: Conversation| {
        let key = conversation.key.clone();
        log::record(&key, Some(conversation), changed.remove(&key), deleted)
    };
    Ok(all.into_iter().filter_map(record).collect())
}

/// Forgets the owner's tombstones of versions up to `through`, which is none beyond the owner's.
pub(crate) async fn prune(collections: &Collections, owner: &UserId, through: Version) -> Result<usize, Error> {
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
        .await?;
    let length = |document: RawDocumentBuf| rows::number(&document, log::LENGTH);
    let forgotten = found.map(length).transpose().map_err(|source| Error::Damaged { key: None, source })?.flatten();
    Ok(forgotten.and_then(|forgotten| usize::try_from(forgotten).ok()).unwrap_or_default())
}
