//! The tables, and reads and writes within a transaction.

use std::ops::Bound::{Excluded, Included, Unbounded};

use conversation_settings_core::{Conversation, ConversationId, Key, UserId, Version, WriteBatch};
use conversation_settings_store::{BoxError, Filter, Loaded, LogId, OwnerWrite, PageRequest, Record, Resolved};
use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::{error::Error, row};

type Pair = (&'static str, &'static str);

/// Owner and conversation → a [row](crate::row).
const RECORDS: TableDefinition<'_, Pair, &[u8]> = TableDefinition::new("records");
/// Conversation and owner of each live record.
const BY_CONVERSATION: TableDefinition<'_, Pair, ()> = TableDefinition::new("holders");
/// Owner, version of the last change and conversation → whether it is live.
const CHANGED: TableDefinition<'_, (&str, u64, &str), bool> = TableDefinition::new("changed");
/// Owner → version, the version up to which tombstones are forgotten, and the number of conversations.
const OWNERS: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("owners");
/// The identity of the log, one for all owners.
const LOG: TableDefinition<'_, (), [u8; 12]> = TableDefinition::new("log");

/// The tables, open for writing.
pub(crate) struct Tables<'t> {
    records: Table<'t, Pair, &'static [u8]>,
    by_conversation: Table<'t, Pair, ()>,
    changed: Table<'t, (&'static str, u64, &'static str), bool>,
    owners: Table<'t, &'static str, (u64, u64, u64)>,
}

/// Creates missing tables, and returns the log, which is `fresh` if none was begun.
pub(crate) fn begin(transaction: &WriteTransaction, fresh: LogId) -> Result<LogId, redb::Error> {
    Tables::open(transaction)?;
    let mut log = transaction.open_table(LOG)?;
    if let Some(begun) = log.get(())? {
        return Ok(LogId(begun.value()));
    }
    log.insert((), fresh.0)?;
    Ok(fresh)
}

impl<'t> Tables<'t> {
    pub(crate) fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            records: transaction.open_table(RECORDS)?,
            by_conversation: transaction.open_table(BY_CONVERSATION)?,
            changed: transaction.open_table(CHANGED)?,
            owners: transaction.open_table(OWNERS)?,
        })
    }

    pub(crate) fn load(&self, batch: &WriteBatch) -> Result<Loaded, Error> {
        let records = batch.writes().iter().map(|write| record(&self.records, &write.key));
        let versions = batch.owners().map(|owner| Ok(owner_row(&self.owners, owner)?.version));
        Ok(Loaded {
            records: records.collect::<Result<_, Error>>()?,
            versions: versions.collect::<Result<_, Error>>()?,
        })
    }

    /// Stores what was resolved from `loaded`.
    pub(crate) fn store(&mut self, loaded: &Loaded, resolved: &Resolved) -> Result<(), Error> {
        for write in &resolved.records {
            let record = &write.record;
            let Key { owner, conversation_id } = record.key();
            let (owner, id) = (owner.as_str(), conversation_id.as_str());
            if let Some(before) = &loaded.records[write.position] {
                self.changed.remove((owner, before.last_changed.0, id))?;
            }
            self.records.insert((owner, id), row::write(record)?.as_slice())?;
            self.changed.insert((owner, record.last_changed.0, id), record.live().is_some())?;
            match record.live() {
                Some(_) => self.by_conversation.insert((id, owner), ())?,
                None => self.by_conversation.remove((id, owner))?,
            };
        }
        for OwnerWrite { owner, version, added, .. } in &resolved.owners {
            let OwnerRow { pruned, conversations, .. } = owner_row(&self.owners, owner)?;
            let conversations = conversations.saturating_add_signed(*added);
            self.owners.insert(owner.as_str(), (version.0, pruned.0, conversations))?;
        }
        Ok(())
    }

    /// Forgets tombstones; `None` if there is nothing to write.
    pub(crate) fn prune(&mut self, owner: &UserId, through: Version) -> Result<Option<usize>, Error> {
        let OwnerRow { version, pruned, conversations } = owner_row(&self.owners, owner)?;
        let through = through.min(version);
        if through <= pruned {
            return Ok(None);
        }
        let range = (owner.as_str(), 0, "")..(owner.as_str(), through.next().0, "");
        let mut tombstones = Vec::new();
        for entry in self.changed.range(range)? {
            let (key, is_live) = entry?;
            if !is_live.value() {
                let (_, version, id) = key.value();
                tombstones.push((version, id.to_owned()));
            }
        }
        for (version, id) in &tombstones {
            self.changed.remove((owner.as_str(), *version, id.as_str()))?;
            self.records.remove((owner.as_str(), id.as_str()))?;
        }
        self.owners.insert(owner.as_str(), (version.0, through.0, conversations))?;
        Ok(Some(tombstones.len()))
    }
}

/// What the tables say of an owner.
pub(crate) struct OwnerRow {
    pub(crate) version: Version,
    /// The version up to which tombstones are forgotten.
    pub(crate) pruned: Version,
    pub(crate) conversations: u64,
}

fn owner_row(owners: &impl ReadableTable<&'static str, (u64, u64, u64)>, owner: &UserId) -> Result<OwnerRow, Error> {
    let (version, pruned, conversations) = owners.get(owner.as_str())?.map(|row| row.value()).unwrap_or_default();
    Ok(OwnerRow { version: Version(version), pruned: Version(pruned), conversations })
}

fn record(records: &impl ReadableTable<Pair, &'static [u8]>, key: &Key) -> Result<Option<Record>, Error> {
    let found = records.get((key.owner.as_str(), key.conversation_id.as_str()))?;
    found.map(|found| row::read(key, found.value())).transpose()
}

/// The tables at one moment, for reading.
pub(crate) struct Snapshot(pub(crate) ReadTransaction);

impl Snapshot {
    pub(crate) fn owner(&self, owner: &UserId) -> Result<OwnerRow, Error> {
        owner_row(&self.0.open_table(OWNERS)?, owner)
    }

    pub(crate) fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, Error> {
        let records = self.0.open_table(RECORDS)?;
        keys.iter().map(|key| Ok(record(&records, key)?.and_then(Record::into_live))).collect()
    }

    /// The entries of the page, and one more if there is one.
    pub(crate) fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Vec<Conversation>, Error> {
        let after =
            page.after.as_ref().map_or(Included((owner.as_str(), "")), |id| Excluded((owner.as_str(), id.as_str())));
        let mut found = Vec::new();
        for entry in self.0.open_table(RECORDS)?.range((after, Unbounded))? {
            let (key, row) = entry?;
            let (of, id) = key.value();
            if of != owner.as_str() || found.len() > page.limit {
                break;
            }
            let record = row::read(&key_of(owner.as_str(), id)?, row.value())?;
            found.extend(record.into_live().filter(|conversation| filter.matches(&conversation.settings)));
        }
        Ok(found)
    }

    /// The entries of the page, and one more if there is one.
    pub(crate) fn list_by_conversation(
        &self,
        id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Vec<Conversation>, Error> {
        let after =
            page.after.as_ref().map_or(Included((id.as_str(), "")), |owner| Excluded((id.as_str(), owner.as_str())));
        let records = self.0.open_table(RECORDS)?;
        let mut found = Vec::new();
        for entry in self.0.open_table(BY_CONVERSATION)?.range((after, Unbounded))? {
            let (key, _) = entry?;
            let (of, owner) = key.value();
            if of != id.as_str() || found.len() > page.limit {
                break;
            }
            let live = record(&records, &key_of(owner, of)?)?.and_then(Record::into_live);
            found.extend(live.filter(|conversation| filter.matches(&conversation.settings)));
        }
        Ok(found)
    }

    /// At most `most` of the owner's records changed after a version.
    pub(crate) fn changed(&self, owner: &UserId, after: Version, most: usize) -> Result<Vec<Record>, Error> {
        let records = self.0.open_table(RECORDS)?;
        let range = (owner.as_str(), after.next().0, "")..=(owner.as_str(), u64::MAX, "");
        let mut found = Vec::new();
        for entry in self.0.open_table(CHANGED)?.range(range)?.take(most) {
            let key = entry?.0;
            found.extend(record(&records, &key_of(owner.as_str(), key.value().2)?)?);
        }
        Ok(found)
    }
}

fn key_of(owner: &str, id: &str) -> Result<Key, Error> {
    let key = || Ok::<_, BoxError>(Key::new(UserId::new(owner)?, ConversationId::new(id)?));
    key().map_err(|source| Error::Row { key: None, source })
}
