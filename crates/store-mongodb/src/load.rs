//! Loading what a batch needs: its conversations, and if one changes, its owners' logs.

use std::collections::HashMap;

use conversation_settings_core::{Conversation, UserId, Write, WriteBatch};
use conversation_settings_store::Loaded;
use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc},
};

use crate::{
    collections::{Collections, batch_size, each},
    error::Error,
    fields::Fields,
    keys::{KeyGroup, key_groups, texts},
    log::{self, Entry, LogHeader},
};

/// For batches of more conversations than this, the server sends all entries of a log instead of selecting some.
const MAX_SELECTED: usize = 32;

/// The conversations of a batch, one for each write.
pub(crate) async fn conversations(
    collections: &Collections,
    session: &mut ClientSession,
    batch: &WriteBatch,
) -> Result<Vec<Option<Conversation>>, Error> {
    let mut conversations = vec![None; batch.len()];
    let groups = key_groups(batch.writes().iter().map(|write| &write.key));
    let take = |conversation: Conversation| {
        if let Some(position) = batch.position(&conversation.key) {
            conversations[position] = Some(conversation);
        }
    };
    collections.find(session, &groups, batch.len(), take).await?;
    Ok(conversations)
}

/// What the logs of a batch's owners say of the batch's conversations.
#[derive(Debug)]
pub(crate) struct Logs {
    /// One for each owner.
    pub(crate) headers: Vec<Option<LogHeader>>,
    /// One for each write.
    pub(crate) entries: Vec<Option<Entry>>,
}

impl Logs {
    /// Loads the logs, which may have `max` entries.
    pub(crate) async fn load(
        collections: &Collections,
        session: &mut ClientSession,
        batch: &WriteBatch,
        max: usize,
    ) -> Result<Self, Error> {
        let owners: HashMap<_, _> = batch.owners().enumerate().map(|(n, owner)| (owner.as_str(), (n, owner))).collect();
        let mut logs = Self { headers: vec![None; owners.len()], entries: vec![None; batch.len()] };
        let groups = key_groups(batch.writes().iter().map(|write| &write.key));
        let cursor = collections
            .versions
            .find(doc! { log::OWNER: { "$in": texts(batch.owners().map(UserId::as_str)) } })
            .projection(projection(&groups, max))
            .batch_size(batch_size(owners.len()))
            .session(&mut *session)
            .await?;
        each(cursor, session, |document| {
            let fields = Fields::of(document).map_err(Error::damaged)?;
            let owner = fields.text(log::OWNER).map_err(Error::damaged)?.unwrap_or_default();
            let Some(&(n, owner)) = owners.get(owner) else { return Ok(()) };
            logs.headers[n] = Some(LogHeader::read(&fields).map_err(Error::damaged)?);
            log::entries(owner, &fields, |key, entry| {
                if let Some(position) = batch.position(&key) {
                    logs.entries[position] = Some(entry);
                }
            })
        })
        .await?;
        Ok(logs)
    }

    /// Makes the records of a batch from its conversations and the logs.
    pub(crate) fn records(&self, batch: &WriteBatch, conversations: Vec<Option<Conversation>>) -> Loaded {
        let mut loaded = Loaded { records: Vec::with_capacity(batch.len()), versions: Vec::new() };
        let mut conversations = conversations.into_iter().zip(&self.entries);
        for (writes, header) in batch.by_owner().zip(&self.headers) {
            let (version, deleted) = header.as_ref().map(|header| (header.version, header.deleted)).unwrap_or_default();
            loaded.versions.push(version);
            let records = writes.iter().zip(&mut conversations);
            let record = |(write, (conversation, entry)): (&Write, (_, &Option<Entry>))| {
                log::record(&write.key, conversation, entry.clone(), deleted)
            };
            loaded.records.extend(records.map(record));
        }
        loaded
    }
}

/// A log with the entries of some conversations, and with the versions of all entries if there are more than `max`.
fn projection(groups: &[KeyGroup<'_>], max: usize) -> Document {
    let mut ids: Vec<_> = groups.iter().flat_map(|group| &group.conversations).map(|id| id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let logs = doc! { "$ifNull": ["$logs", []] };
    // IDs may begin with a dollar.
    let is_selected = match &*ids {
        [id] => Some(doc! { "$eq": ["$$this.e_id", { "$literal": *id }] }),
        ids if ids.len() <= MAX_SELECTED => {
            Some(doc! { "$in": ["$$this.e_id", { "$literal": texts(ids.iter().copied()) }] })
        }
        _ => None,
    };
    let entries = match is_selected {
        Some(is_selected) => Bson::from(doc! { "$filter": { "input": logs.clone(), "cond": is_selected } }),
        None => Bson::from("$logs"),
    };
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let has_too_many = doc! { "$gt": [{ "$size": logs }, { "$literal": max }] };
    doc! {
        log::OWNER: 1,
        log::VERSION: 1,
        log::DELETED: 1,
        log::LOGS: entries,
        log::VERSIONS: { "$cond": [has_too_many, "$logs.version", "$$REMOVE"] },
    }
}
