//! The second step between load and store: raises versions, and adds them and lifespans to what was decided.

use conversation_settings_core::{Effect, Outcome, Version};

use crate::{
    Applied, Decided, Lifespan, Loaded, OwnerWrite, Record, RecordWrite, Resolved, State, decided::DecidedChange,
};

impl Decided<'_> {
    /// The effect of each write; `versions` are the current versions of the batch's owners, in its order. A change raises
    /// its owner's version by one.
    ///
    /// # Panics
    ///
    /// When `versions` is not aligned with the batch.
    #[must_use]
    pub fn effects(&self, versions: &[Version]) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(self.batch.len());
        for (writes, version) in self.batch.by_owner().zip(versions) {
            let outcomes = &self.outcomes[effects.len()..][..writes.len()];
            let raised = outcomes.iter().any(|outcome| outcome.is_change()).then(|| version.next());
            effects.extend(outcomes.iter().map(|&outcome| Effect { outcome, version: raised }));
        }
        assert_eq!(effects.len(), self.batch.len(), "a version for each owner");
        effects
    }

    /// Adds versions and lifespans: what to store, and what to answer. `loaded` holds the records of the conversations
    /// that were decided on, and their owners' versions.
    ///
    /// # Panics
    ///
    /// When `loaded` is not aligned with the batch, or lacks the record of a conversation that was decided on.
    #[must_use]
    pub fn stamp(self, loaded: &Loaded) -> Resolved {
        assert_eq!(loaded.records.len(), self.batch.len(), "a record or none for each write");
        let effects = self.effects(&loaded.versions);
        let raised = |position: usize| effects[position].version;

        let mut owners = Vec::new();
        let mut position = 0;
        for writes in self.batch.by_owner() {
            let outcomes = &self.outcomes[position..][..writes.len()];
            owners.extend(raised(position).map(|version| OwnerWrite {
                owner: writes[0].key.owner.clone(),
                version,
                added: outcomes.iter().map(|&outcome| added(outcome)).sum(),
            }));
            position += writes.len();
        }

        let mut records = Vec::with_capacity(self.changes.len());
        for DecidedChange { position, conversation } in self.changes {
            let outcome = self.outcomes[position];
            let version = raised(position).expect("a change raises its owner's version");
            let lifespan = lifespan(loaded.records[position].as_ref(), outcome, version);
            let state = match conversation {
                Some(conversation) => State::Live(conversation),
                None => State::Removed(self.batch.writes()[position].key.clone()),
            };
            records.push(RecordWrite { position, record: Record { state, lifespan, last_changed: version }, outcome });
        }
        Resolved { records, owners, applied: Applied { effects } }
    }
}

/// How many conversations more there are after a write.
const fn added(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Created => 1,
        Outcome::Removed => -1,
        _ => 0,
    }
}

fn lifespan(record: Option<&Record>, outcome: Outcome, version: Version) -> Lifespan {
    match (record, outcome) {
        (None, Outcome::Created) => Lifespan::created_at(version),
        (None, _) => panic!("the record of each conversation that was decided on"),
        (Some(record), Outcome::Created | Outcome::Removed) => record.lifespan.toggled_at(version),
        (Some(record), _) => record.lifespan.clone(),
    }
}
