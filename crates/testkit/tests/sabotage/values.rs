//! Values that change, and reads of old values.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use async_trait::async_trait;
use conversation_settings_core::{
    Change, Conversation, ConversationId, Field, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Value, Write,
    WriteBatch,
};
use conversation_settings_store::{Applied, ConversationStore, StoreError};
use conversation_settings_store_memory::MemoryStore;

use crate::{store::Sabotage, writes::changed};

type Answer = Result<Applied, StoreError>;
type Found = Result<Vec<Option<Conversation>>, StoreError>;

/// The batch with each value replaced.
pub(crate) fn with_values(batch: &WriteBatch, value: impl for<'a> Fn(Value<'a>) -> Value<'a>) -> WriteBatch {
    changed(batch, |change| match change {
        Change::Set { patch, missing } => {
            let values = patch.values().map(|(field, of)| (field, value(of)));
            let set = |patch: Patch, (field, value): (Field, Value<'_>)| patch.with(field, value).unwrap();
            Change::Set { patch: values.fold(Patch::KEEP, set), missing }
        }
        change => change,
    })
}

fn with_texts(batch: &WriteBatch, text: impl Fn(&str) -> &str) -> WriteBatch {
    with_values(batch, |value| match value {
        Value::Text(of) => Value::Text(text(of)),
        value => value,
    })
}

/// The batch with each key replaced. Of keys that become equal the first stays.
fn with_keys(batch: &WriteBatch, key: impl Fn(&Key) -> Key) -> WriteBatch {
    let mut seen = BTreeSet::new();
    let writes = batch.writes().iter().map(|write| Write { key: key(&write.key), change: write.change.clone() });
    WriteBatch::new(writes.filter(|write| seen.insert(write.key.clone())).collect()).unwrap()
}

fn key_of(owner: &str, id: &str) -> Key {
    Key::new(UserId::new(owner).unwrap(), ConversationId::new(id).unwrap())
}

/// Drops one field.
#[derive(Debug, Default)]
pub(crate) struct FieldDropped;

#[async_trait]
impl Sabotage for FieldDropped {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let without = changed(batch, |change| match change {
            Change::Set { mut patch, missing } => {
                patch.burn_duration = None;
                Change::Set { patch, missing }
            }
            change => change,
        });
        store.apply(&without, at).await
    }
}

/// Trims texts.
#[derive(Debug, Default)]
pub(crate) struct TextTrimmed;

#[async_trait]
impl Sabotage for TextTrimmed {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        store.apply(&with_texts(batch, str::trim_end), at).await
    }
}

/// Cuts a text at U+0000.
#[derive(Debug, Default)]
pub(crate) struct TextEndsAtNul;

#[async_trait]
impl Sabotage for TextEndsAtNul {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let cut = with_texts(batch, |text| text.split_once('\0').map_or(text, |(before, _)| before));
        store.apply(&cut, at).await
    }
}

/// Cuts a text at 65,535 bytes.
#[derive(Debug, Default)]
pub(crate) struct TextOf16Bits;

#[async_trait]
impl Sabotage for TextOf16Bits {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let cut = with_texts(batch, |text| &text[..text.floor_char_boundary(usize::from(u16::MAX))]);
        store.apply(&cut, at).await
    }
}

/// Compares IDs without case.
#[derive(Debug, Default)]
pub(crate) struct IdsWithoutCase;

impl IdsWithoutCase {
    fn of(key: &Key) -> Key {
        key_of(&key.owner.as_str().to_lowercase(), &key.conversation_id.as_str().to_lowercase())
    }
}

#[async_trait]
impl Sabotage for IdsWithoutCase {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        store.apply(&with_keys(batch, Self::of), at).await
    }

    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Found {
        let mut found = store.get(&keys.iter().map(Self::of).collect::<Vec<_>>()).await?;
        for (found, key) in found.iter_mut().zip(keys) {
            *found = found.take().map(|found| Conversation { key: key.clone(), ..found });
        }
        Ok(found)
    }
}

/// Cuts long IDs.
#[derive(Debug, Default)]
pub(crate) struct IdsCut;

impl IdsCut {
    fn of(key: &Key) -> Key {
        let cut = |id: &str| id[..id.floor_char_boundary(UserId::MAX_BYTES - 1)].to_owned();
        key_of(&cut(key.owner.as_str()), &cut(key.conversation_id.as_str()))
    }
}

#[async_trait]
impl Sabotage for IdsCut {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        store.apply(&with_keys(batch, Self::of), at).await
    }

    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Found {
        store.get(&keys.iter().map(Self::of).collect::<Vec<_>>()).await
    }
}

/// Puts IDs into a statement, where a dollar is syntax.
#[derive(Debug, Default)]
pub(crate) struct DollarsAreSyntax;

#[async_trait]
impl Sabotage for DollarsAreSyntax {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let replaced = changed(batch, |change| match change {
            Change::Set { patch, missing: Missing::CreateEvenIfEmpty(Target::Group(group)) } => {
                let group = GroupId::new(group.as_str().replace('$', "?")).unwrap();
                Change::Set { patch, missing: Missing::CreateEvenIfEmpty(Target::Group(group)) }
            }
            change => change,
        });
        store.apply(&replaced, at).await
    }
}

/// Keeps numbers as floating-point numbers.
#[derive(Debug, Default)]
pub(crate) struct NumbersAsFloats;

#[async_trait]
impl Sabotage for NumbersAsFloats {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the sabotage")]
        let floats = with_values(batch, |value| match value {
            Value::I64(number) => Value::I64(number as f64 as i64),
            Value::Timestamp(number) => Value::Timestamp(number as f64 as i64),
            value => value,
        });
        store.apply(&floats, at).await
    }
}

/// Keeps times as unsigned numbers.
#[derive(Debug, Default)]
pub(crate) struct TimesUnsigned;

#[async_trait]
impl Sabotage for TimesUnsigned {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        store.apply(batch, Timestamp(at.0.max(0))).await
    }
}

/// Returns conversations in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct KeysInTheirOrder;

#[async_trait]
impl Sabotage for KeysInTheirOrder {
    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Found {
        let sorted: BTreeSet<_> = keys.iter().cloned().collect();
        store.get(&sorted.into_iter().collect::<Vec<_>>()).await
    }
}

/// Reads a cache, and refreshes it after the read.
#[derive(Debug, Default)]
pub(crate) struct CacheThatLags(Cache);

type Cache = Mutex<BTreeMap<Vec<Key>, Vec<Option<Conversation>>>>;

#[async_trait]
impl Sabotage for CacheThatLags {
    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Found {
        let now = store.get(keys).await?;
        let cached = self.0.lock().unwrap().insert(keys.to_vec(), now.clone());
        Ok(cached.unwrap_or(now))
    }
}

/// Reads a cache that only writes through the same handle refresh.
#[derive(Debug, Default)]
pub(crate) struct CacheAHandle(Cache);

#[async_trait]
impl Sabotage for CacheAHandle {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        self.0.lock().unwrap().clear();
        store.apply(batch, at).await
    }

    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Found {
        let now = store.get(keys).await?;
        Ok(self.0.lock().unwrap().entry(keys.to_vec()).or_insert(now).clone())
    }
}

/// Creates a missing row when it is read.
#[derive(Debug, Default)]
pub(crate) struct ReadingCreates;

#[async_trait]
impl Sabotage for ReadingCreates {
    async fn get(&self, store: &MemoryStore, keys: &[Key]) -> Found {
        let group = Target::Group(GroupId::new("g").unwrap());
        let create = Change::Set { patch: Patch::KEEP, missing: Missing::CreateEvenIfEmpty(group) };
        let keys_once: BTreeSet<_> = keys.iter().cloned().collect();
        let writes = keys_once.into_iter().map(|key| Write { key, change: create.clone().into() });
        store.apply(&WriteBatch::new(writes.collect()).unwrap(), Timestamp(0)).await?;
        store.get(keys).await
    }
}
