//! Loading what is held of a batch.

use std::collections::HashMap;

use conversation_settings_core::{Conversation, UserId, Version, WriteBatch};
use conversation_settings_store::{Lifespan, Loaded, Record, State};
use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc},
    options::Hint,
};

use crate::{
    error::Error,
    fields::Fields,
    keys::{Block, blocks, condition, index, texts},
    log::{self, Entry, Head},
    queries::{Collections, batch_size, damaged, each},
    rows,
};

/// More conversations than this, and the entries of a batch are not picked out by the server but all of an owner's sent.
const MOST_PICKED: usize = 32;

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

/// The conversations of a batch. They tell what each write comes to, but nothing of versions, tombstones and lives, which
/// stand in the logs.
pub(crate) async fn conversations(
    collections: &Collections,
    session: &mut ClientSession,
    batch: &WriteBatch,
) -> Result<Loaded, Error> {
    let mut held = Loaded { records: vec![None; batch.len()], versions: vec![Version::ZERO; batch.owners().count()] };
    let blocks = blocks(batch.writes().iter().map(|write| &write.key));
    let found = collections
        .conversations
        .find(condition(&blocks))
        .hint(Hint::Keys(index(&blocks)))
        .batch_size(batch_size(batch.len()))
        .session(&mut *session)
        .await?;
    each(found, session, |document| {
        let conversation = rows::conversation(document)?;
        if let Some(position) = batch.position(&conversation.key) {
            held.records[position] = Some(unlogged(conversation));
        }
        Ok(())
    })
    .await?;
    Ok(held)
}

/// The record of a conversation as long as nothing is known of its log.
fn unlogged(conversation: Conversation) -> Record {
    Record { state: State::Live(conversation), lifespan: Lifespan::created_at(Version(1)), last_changed: Version(1) }
}

/// What the logs say of a batch.
#[derive(Debug)]
pub(crate) struct Logs {
    /// One for each owner.
    pub(crate) heads: Vec<Option<Head>>,
    /// One for each write.
    pub(crate) entries: Vec<Option<Entry>>,
}

impl Logs {
    /// Loads the logs of a batch, which may have `most` entries.
    pub(crate) async fn load(
        collections: &Collections,
        session: &mut ClientSession,
        batch: &WriteBatch,
        most: usize,
    ) -> Result<Self, Error> {
        let owners = Owners::of(batch);
        let mut logs = Self { heads: vec![None; owners.0.len()], entries: vec![None; batch.len()] };
        let blocks = blocks(batch.writes().iter().map(|write| &write.key));
        let found = collections
            .versions
            .find(of_owners(batch))
            .projection(picked(&blocks, most))
            .batch_size(batch_size(owners.0.len()))
            .session(&mut *session)
            .await?;
        each(found, session, |document| {
            let fields = Fields::of(document).map_err(damaged)?;
            let owner = fields.text(log::OWNER).map_err(damaged)?.unwrap_or_default();
            let Some((n, owner)) = owners.get(owner) else { return Ok(()) };
            logs.heads[n] = Some(Head::read(&fields).map_err(damaged)?);
            log::entries(owner, &fields, |key, entry| {
                if let Some(position) = batch.position(&key) {
                    logs.entries[position] = Some(entry);
                }
            })
        })
        .await?;
        Ok(logs)
    }

    /// Completes what is held by what the logs say.
    pub(crate) fn complete(&self, batch: &WriteBatch, held: &mut Loaded) {
        let mut position = 0;
        for ((writes, head), version) in batch.by_owner().zip(&self.heads).zip(&mut held.versions) {
            let deleted = head.as_ref().map(|head| head.deleted).unwrap_or_default();
            *version = head.as_ref().map(|head| head.version).unwrap_or_default();
            for write in writes {
                let conversation = held.records[position].take().and_then(Record::into_live);
                held.records[position] = log::record(&write.key, conversation, self.entries[position].clone(), deleted);
                position += 1;
            }
        }
    }
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
