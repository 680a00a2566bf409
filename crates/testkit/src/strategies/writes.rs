//! Writes, batches, and their effects.

use std::{collections::BTreeMap, sync::Arc};

use conversation_settings_core::{ArgsError, Change, Decision, Effect, Missing, Outcome, Violation, Write, WriteBatch};
use proptest::prelude::*;

use super::{Sizes, mask, of_default_sizes, version};

/// What happened to a conversation.
pub fn outcome() -> BoxedStrategy<Outcome> {
    let updated = mask().prop_filter_map("some field has changed", |changed| {
        (!changed.is_empty()).then_some(Outcome::Updated(changed.into()))
    });
    prop_oneof![
        Just(Outcome::Unchanged),
        Just(Outcome::Absent),
        Just(Outcome::Created),
        updated,
        Just(Outcome::Removed)
    ]
    .boxed()
}

/// The effect of one write.
pub fn effect() -> BoxedStrategy<Effect> {
    // An owner has a version where another of its conversations changed.
    let is_alone = any::<bool>();
    (outcome(), version(), is_alone)
        .prop_map(|(outcome, version, is_alone)| Effect {
            outcome,
            version: (outcome.is_change() || !is_alone).then_some(version),
        })
        .boxed()
}

of_default_sizes! {
    /// What a write does if the conversation does not exist.
    missing: Missing;
    /// A change of a conversation. A store may reject it.
    change: Change;
    /// A change of one conversation.
    write: Write;
    /// A batch.
    write_batch: WriteBatch;
    /// The decision on a write.
    decision: Decision;
}

impl Sizes {
    /// As [`missing()`].
    pub fn missing(&self) -> BoxedStrategy<Missing> {
        prop_oneof![
            2 => self.target().prop_map(Missing::Create),
            1 => self.target().prop_map(Missing::CreateEvenIfEmpty),
            1 => Just(Missing::Skip),
            1 => Just(Missing::Reject),
            1 => Just(Missing::Invalid(ArgsError::new("userIDs", Violation::Empty))),
        ]
        .boxed()
    }

    /// As [`change()`].
    pub fn change(&self) -> BoxedStrategy<Change> {
        let set = (self.patch(), self.missing()).prop_map(|(patch, missing)| Change::Set { patch, missing });
        let owners = prop::collection::vec(self.user_id(), 0..3).prop_map(Arc::from);
        let follow = (self.patch(), self.missing(), owners).prop_map(|(patch, missing, owners)| Change::Follow {
            patch,
            missing,
            owners,
        });
        prop_oneof![4 => set, 1 => follow, 1 => Just(Change::Remove)].boxed()
    }

    /// As [`write()`].
    pub fn write(&self) -> BoxedStrategy<Write> {
        (self.key(), self.change()).prop_map(|(key, change)| Write { key, change: Arc::new(change) }).boxed()
    }

    /// As [`write_batch()`].
    pub fn write_batch(&self) -> BoxedStrategy<WriteBatch> {
        prop::collection::vec(self.write(), self.writes.clone())
            .prop_map(|writes| {
                let distinct: BTreeMap<_, _> = writes.into_iter().map(|write| (write.key.clone(), write)).collect();
                WriteBatch::new(distinct.into_values().collect()).expect("each key is there once")
            })
            .boxed()
    }

    /// As [`decision()`].
    pub fn decision(&self) -> BoxedStrategy<Decision> {
        let put = (self.conversation(), mask()).prop_map(|(conversation, changed)| {
            let outcome = if changed.is_empty() { Outcome::Created } else { Outcome::Updated(changed.into()) };
            Decision::Put(conversation, outcome)
        });
        prop_oneof![
            Just(Decision::Keep(Outcome::Unchanged)),
            Just(Decision::Keep(Outcome::Absent)),
            put,
            Just(Decision::Delete),
        ]
        .boxed()
    }
}
