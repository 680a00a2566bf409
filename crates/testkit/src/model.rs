//! The model: the plainest store that keeps the contract.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
};

use conversation_settings_core::{
    Conversation, ConversationId, Decision, Effect, Key, Outcome, Rejected, Timestamp, UserId, Version, WriteBatch,
    decide, decide_follower,
};
use conversation_settings_store::{Applied, Changes, Filter, Lifespan, LogId, OwnerVersion, Page, PageRequest};

/// A model of the whole storage contract, against which a store, or a server on one, is compared.
///
/// The model shares core's [`decide`] and [`decide_follower`] with the adapters, and nothing else: it has its own, simple and slow, code for
/// versions, tombstones and changes.
///
/// ```
/// use conversation_settings_core::{Change, ConversationId, Key, Outcome, Timestamp, UserId, Write, WriteBatch};
/// use conversation_settings_testkit::Model;
///
/// let key = Key::new(UserId::new("alice")?, ConversationId::new("sg_team")?);
/// let batch = WriteBatch::new(vec![Write { key, change: Change::Remove.into() }])?;
/// let mut model = Model::default();
/// assert_eq!(model.apply(&batch, Timestamp(0))?.effects[0].outcome, Outcome::Absent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Model {
    owners: BTreeMap<UserId, Owner>,
}

#[derive(Clone, Debug)]
struct Owner {
    /// Tombstones of later versions are kept.
    pruned: Version,
    rows: BTreeMap<ConversationId, Row>,
    /// The conversations that existed at each version, the current one last.
    there: Vec<BTreeSet<ConversationId>>,
}

/// A conversation, or `None` for a tombstone, and the version of the last change.
#[derive(Clone, Debug)]
struct Row {
    conversation: Option<Conversation>,
    last_changed: Version,
}

impl Default for Owner {
    fn default() -> Self {
        Self { pruned: Version::ZERO, rows: BTreeMap::new(), there: vec![BTreeSet::new()] }
    }
}

impl Model {
    /// The identity of the model's log. A store has another.
    pub const LOG: LogId = LogId(*b"of the model");

    /// As [`ConversationStore::apply`](conversation_settings_store::ConversationStore::apply).
    ///
    /// # Errors
    ///
    /// [`Rejected`]; nothing has changed then.
    pub fn apply(&mut self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, Rejected> {
        let mut effects = Vec::new();
        let mut decisions = self.decide(batch, at)?.into_iter();
        for writes in batch.by_owner() {
            let id = |index: usize| writes[index].key.conversation_id.clone();
            let decided: Vec<_> = decisions.by_ref().take(writes.len()).collect();
            let changes = !decided.iter().all(|decision| matches!(decision, Decision::Keep(_)));
            let version = changes.then(|| self.version(&writes[0].key.owner).next());
            let mut rows = Vec::new();
            for (index, decision) in decided.into_iter().enumerate() {
                let (outcome, row) = match decision {
                    Decision::Keep(outcome) => (outcome, None),
                    Decision::Put(conversation, outcome) => (outcome, Some(Some(conversation))),
                    Decision::Delete => (Outcome::Removed, Some(None)),
                };
                effects.push(Effect { outcome, version });
                rows.extend(row.map(|conversation| (id(index), conversation)));
            }
            if let Some(version) = version {
                self.owners.entry(writes[0].key.owner.clone()).or_default().change(version, rows);
            }
        }
        Ok(Applied { effects })
    }

    /// The decision on each write. Those that follow others are decided by the outcomes of the others.
    fn decide(&self, batch: &WriteBatch, at: Timestamp) -> Result<Vec<Decision>, Rejected> {
        let (followers, leaders): (Vec<_>, Vec<_>) = batch.writes().iter().partition(|write| write.is_follower());
        let mut decisions = BTreeMap::new();
        for write in leaders {
            decisions.insert(&write.key, decide(self.conversation(&write.key), write, at)?);
        }
        let outcomes: BTreeMap<_, _> = decisions.iter().map(|(&key, decision)| (key, decision.outcome())).collect();
        for write in followers {
            let current = self.conversation(&write.key);
            let decision = decide_follower(current, write, |key| outcomes.get(key).copied(), at)?;
            decisions.insert(&write.key, decision);
        }
        Ok(decisions.into_values().collect())
    }

    /// As [`ConversationStore::get`](conversation_settings_store::ConversationStore::get).
    #[must_use]
    pub fn get(&self, keys: &[Key]) -> Vec<Option<Conversation>> {
        keys.iter().map(|key| self.conversation(key).cloned()).collect()
    }

    /// As [`ConversationStore::list`](conversation_settings_store::ConversationStore::list).
    #[must_use]
    pub fn list(&self, owner: &UserId, filter: &Filter, page: &PageRequest<ConversationId>) -> Page<ConversationId> {
        let after = page.after.as_ref().map_or(Unbounded, Excluded);
        let owner = self.owners.get(owner).into_iter();
        let rows =
            owner.flat_map(|owner| owner.rows.range::<ConversationId, _>((after, Unbounded))).map(|(_, row)| row);
        Self::page(rows, filter, page.limit, |last| last.key.conversation_id.clone())
    }

    /// As [`ConversationStore::list_by_conversation`](conversation_settings_store::ConversationStore::list_by_conversation).
    #[must_use]
    pub fn list_by_conversation(
        &self,
        id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Page<UserId> {
        let after = page.after.as_ref().map_or(Unbounded, Excluded);
        let rows = self.owners.range::<UserId, _>((after, Unbounded)).filter_map(|(_, owner)| owner.rows.get(id));
        Self::page(rows, filter, page.limit, |last| last.key.owner.clone())
    }

    fn page<'a, K>(
        rows: impl Iterator<Item = &'a Row>,
        filter: &Filter,
        limit: usize,
        key: impl FnOnce(&Conversation) -> K,
    ) -> Page<K> {
        let live = rows.filter_map(|row| row.conversation.as_ref());
        let all: Vec<_> = live.filter(|conversation| filter.matches(&conversation.settings)).cloned().collect();
        Page::from_overfetch(all, limit, key)
    }

    /// As [`ConversationStore::count`](conversation_settings_store::ConversationStore::count).
    #[must_use]
    pub fn count(&self, owner: &UserId) -> usize {
        let rows = self.owners.get(owner).into_iter().flat_map(|owner| owner.rows.values());
        rows.filter(|row| row.conversation.is_some()).count()
    }

    /// The version of [`ConversationStore::version`](conversation_settings_store::ConversationStore::version).
    #[must_use]
    pub fn version(&self, owner: &UserId) -> Version {
        self.owners.get(owner).map_or(Version::ZERO, Owner::version)
    }

    /// As [`ConversationStore::changes`](conversation_settings_store::ConversationStore::changes), in the log
    /// [`Model::LOG`]; each list is in the byte order of the IDs.
    #[must_use]
    pub fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Changes {
        let nobody = Owner::default();
        let owner = self.owners.get(owner).unwrap_or(&nobody);
        let current = OwnerVersion { log: Self::LOG, version: owner.version() };
        let is_new = since.version == Version::ZERO;
        let is_known = since.log == Self::LOG && since.version <= current.version && since.version >= owner.pruned;
        let changed = owner.rows.iter().filter(|(_, row)| row.last_changed > since.version);
        if !(is_new || is_known) || changed.clone().count() > limit {
            return Changes::Full(current);
        }
        let was_there = owner.at(since.version);
        let (mut inserted, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (id, row) in changed {
            match (&row.conversation, was_there.contains(id)) {
                (Some(conversation), false) => inserted.push(conversation.clone()),
                (Some(conversation), true) => updated.push(conversation.clone()),
                (None, true) => removed.push(id.clone()),
                (None, false) => {}
            }
        }
        Changes::Increment { version: current, inserted, updated, removed }
    }

    /// As [`ConversationStore::prune`](conversation_settings_store::ConversationStore::prune).
    pub fn prune(&mut self, owner: &UserId, through: Version) -> usize {
        let Some(owner) = self.owners.get_mut(owner) else { return 0 };
        let through = through.min(owner.version());
        owner.pruned = owner.pruned.max(through);
        let is_forgotten = |row: &Row| row.conversation.is_none() && row.last_changed <= through;
        let before = owner.rows.len();
        owner.rows.retain(|id, row| {
            let is_forgotten = is_forgotten(row);
            if is_forgotten {
                owner.there.iter_mut().for_each(|there| _ = there.remove(id));
            }
            !is_forgotten
        });
        before - owner.rows.len()
    }

    fn conversation(&self, key: &Key) -> Option<&Conversation> {
        self.owners.get(&key.owner)?.rows.get(&key.conversation_id)?.conversation.as_ref()
    }
}

impl Owner {
    fn version(&self) -> Version {
        Version(self.there.len() as u64 - 1)
    }

    fn at(&self, version: Version) -> &BTreeSet<ConversationId> {
        &self.there[usize::try_from(version.0).expect("a version that there was")]
    }

    fn change(&mut self, last_changed: Version, rows: Vec<(ConversationId, Option<Conversation>)>) {
        let mut there = self.there[self.there.len() - 1].clone();
        for (id, conversation) in &rows {
            if conversation.is_some() {
                there.insert(id.clone())
            } else {
                there.remove(id)
            };
        }
        self.there.push(there);
        for (id, conversation) in rows {
            self.forget_oldest_gap(&id);
            self.rows.insert(id, Row { conversation, last_changed });
        }
    }

    /// Drops the oldest gap of a conversation with more than [`Lifespan::MAX_TRANSITIONS`], as a lifespan does.
    fn forget_oldest_gap(&mut self, id: &ConversationId) {
        let pairs = self.there.windows(2).enumerate();
        let transitions = pairs.filter(|(_, pair)| pair[0].contains(id) != pair[1].contains(id)).map(|(at, _)| at + 1);
        let transitions: Vec<_> = transitions.collect();
        if transitions.len() > Lifespan::MAX_TRANSITIONS {
            for there in &mut self.there[transitions[1]..transitions[2]] {
                there.insert(id.clone());
            }
        }
    }
}
