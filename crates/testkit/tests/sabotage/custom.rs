//! Settings of the host's own that are not merged, not bounded, or changed.

use async_trait::async_trait;
use conversation_settings_core::{
    Change, CustomPatch, CustomText, CustomValue, Effect, Outcome, Patch, Settings, Timestamp, Value, WriteBatch,
};
use conversation_settings_store::{Applied, ConversationStore, StoreError};
use conversation_settings_store_memory::MemoryStore;

use crate::{
    store::Sabotage,
    values::with_values,
    writes::{changed, let_others_in, loaded},
};

type Answer = Result<Applied, StoreError>;

/// The batch that leaves in each stored conversation the names that `target` makes of the change alone.
async fn replaced(
    store: &MemoryStore,
    batch: &WriteBatch,
    target: &[Option<Settings>],
) -> Result<WriteBatch, StoreError> {
    let mut stored = loaded(store, batch).await?.into_iter().zip(target);
    Ok(changed(batch, |change| match (stored.next(), change) {
        (Some((Some(stored), Some(target))), Change::Set { mut patch, missing }) if patch.custom.is_some() => {
            patch.custom = Patch::between(&stored.settings, target).custom;
            Change::Set { patch, missing }
        }
        (_, change) => change,
    }))
}

fn applied(patch: Option<&Patch>, mut settings: Settings) -> Settings {
    if let Some(patch) = patch {
        patch.apply(&mut settings);
    }
    settings
}

/// Stores the names of the change alone, as one text.
#[derive(Debug, Default)]
pub(crate) struct Replaces;

#[async_trait]
impl Sabotage for Replaces {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let target = |write: &conversation_settings_core::Write| applied(write.change.patch(), Settings::default());
        let target: Vec<_> = batch.writes().iter().map(|write| Some(target(write))).collect();
        store.apply(&replaced(store, batch, &target).await?, at).await
    }
}

/// Merges names outside of the transaction.
#[derive(Debug, Default)]
pub(crate) struct MergesBefore;

#[async_trait]
impl Sabotage for MergesBefore {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let found = loaded(store, batch).await?.into_iter().zip(batch.writes());
        let target = found.map(|(found, write)| Some(applied(write.change.patch(), found?.settings)));
        let target: Vec<_> = target.collect();
        let_others_in().await;
        store.apply(&replaced(store, batch, &target).await?, at).await
    }
}

/// Leaves out what is rejected.
#[derive(Debug, Default)]
pub(crate) struct SkipsRejected;

#[async_trait]
impl Sabotage for SkipsRejected {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        match store.apply(batch, at).await {
            Err(StoreError::Rejected(_)) => {
                let unchanged = Effect { outcome: Outcome::Unchanged, version: None };
                Ok(Applied { effects: vec![unchanged; batch.len()] })
            }
            answer => answer,
        }
    }
}

/// The batch with each value of a name replaced.
fn with_names(batch: &WriteBatch, value: impl Fn(CustomValue) -> CustomValue) -> WriteBatch {
    with_values(batch, |of| match of {
        Value::Custom(names) => {
            let names = names.iter().map(|(name, of)| (name.clone(), of.cloned().map(&value)));
            Value::Custom(names.collect::<CustomPatch>())
        }
        of => of,
    })
}

/// Trims the texts of names.
#[derive(Debug, Default)]
pub(crate) struct Trims;

#[async_trait]
impl Sabotage for Trims {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let trimmed = with_names(batch, |value| match value {
            CustomValue::Text(text) => CustomValue::Text(CustomText::new(text.trim_end()).unwrap()),
            value => value,
        });
        store.apply(&trimmed, at).await
    }
}

/// Stores 1 for `true`, and 0 for `false`.
#[derive(Debug, Default)]
pub(crate) struct NumbersForBooleans;

#[async_trait]
impl Sabotage for NumbersForBooleans {
    async fn apply(&self, store: &MemoryStore, batch: &WriteBatch, at: Timestamp) -> Answer {
        let numbers = with_names(batch, |value| match value {
            CustomValue::Boolean(value) => CustomValue::Integer(value.into()),
            value => value,
        });
        store.apply(&numbers, at).await
    }
}
