//! Writes: changes of single conversations, in batches.

use alloc::{sync::Arc, vec::Vec};

use crate::{ArgsError, Key, Outcome, Patch, Target, UserId};

/// A change of one conversation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a wrapper of a store must handle each change")]
pub enum Change {
    /// Sets some settings of this conversation, and no other's.
    ///
    /// **Private chat has two sides.** A plain write of `isPrivateChat` changes the owner's side only. The other party's
    /// messages are then not burnt, or burnt against the owner's wish. [`SetConversations::plan`] writes both sides; a
    /// batch by hand adds a [`Change::Follow`] of the other party's conversation.
    ///
    /// ```
    /// # use conversation_settings_core::{IfMissing, Patch, SetConversations, UserId};
    /// let (alice, bob) = (UserId::new("alice")?, UserId::new("bob")?);
    /// let set = SetConversations::single(&alice, &bob).users([&alice]).patch(Patch::KEEP.is_private_chat(true)).build()?;
    /// let batch = set.plan(IfMissing::Create);
    /// assert_eq!(batch.len(), 2); // Alice's side, and Bob's, which follows
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`SetConversations::plan`]: crate::SetConversations::plan
    Set {
        /// The settings to set, with their values.
        patch: Patch,
        /// What happens if the conversation does not exist.
        missing: Missing,
    },
    /// Sets settings that the owner shares with others, as far as the batch changes them there.
    ///
    /// It has an effect only if the same batch creates this conversation for one of `owners`, or changes one of these
    /// settings of theirs: see [`Write::is_led`]. So a request that writes back what was read changes nobody's view.
    Follow {
        /// The settings to set, with their values.
        patch: Patch,
        /// What happens if the conversation does not exist, and the patch differs from the defaults. Otherwise it stays
        /// missing.
        missing: Missing,
        /// The owners whose changes are followed.
        owners: Arc<[UserId]>,
    },
    /// Removes the conversation, if it exists.
    Remove,
}

impl Change {
    /// The settings to set; `None` for a removal.
    #[must_use]
    pub const fn patch(&self) -> Option<&Patch> {
        match self {
            Self::Set { patch, .. } | Self::Follow { patch, .. } => Some(patch),
            Self::Remove => None,
        }
    }
}

/// What a [`Change::Set`] does if the conversation does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a wrapper of a store must handle each case")]
pub enum Missing {
    /// Create it with this target from the defaults and the patch, unless the patch is empty.
    Create(Target),
    /// Create it with this target from the defaults and the patch, even if the patch is empty.
    CreateEvenIfEmpty(Target),
    /// Leave it missing.
    Skip,
    /// Reject the whole batch.
    Reject,
    /// Reject the whole batch, because clients would not find the conversation: see [`Key::check_new`].
    Invalid(ArgsError),
}

/// One change of one conversation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers build it, and a field more would be another write")]
pub struct Write {
    /// The conversation.
    pub key: Key,
    /// The change. Writes of the same change share one `Arc`: an adapter may store those with one statement.
    /// Separate `Arc`s of equal changes have the same effect, at a higher cost.
    pub change: Arc<Change>,
}

impl Write {
    /// Whether the write depends on what the rest of its batch does: a [`Change::Follow`]. It is decided last.
    #[must_use]
    pub fn is_follower(&self) -> bool {
        matches!(*self.change, Change::Follow { .. })
    }

    /// Whether the write has an effect, given the outcomes of its batch's other writes. Every write has, except for a
    /// [follower](Self::is_follower) with no change to follow.
    pub fn is_led(&self, mut outcome_of: impl FnMut(&Key) -> Option<Outcome>) -> bool {
        let Change::Follow { patch, owners, .. } = &*self.change else { return true };
        let mask = patch.mask();
        owners.iter().any(|owner| match outcome_of(&Key::new(owner.clone(), self.key.conversation_id.clone())) {
            Some(Outcome::Created) => true,
            Some(Outcome::Updated(changed)) => !(changed.fields() & mask).is_empty(),
            Some(Outcome::Removed | Outcome::Unchanged | Outcome::Absent) | None => false,
        })
    }
}

/// Writes that take effect together or not at all: each key once, in the order of the keys, and so grouped by owner.
///
/// The order makes a batch independent of the order in which its writes were collected. All adapters lock owners in
/// this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteBatch {
    writes: Vec<Write>,
}

/// A key that is in a batch twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("conversation {0} is written twice in one batch")]
#[expect(clippy::exhaustive_structs, reason = "one key is all there is to say")]
pub struct DuplicateKey(pub Key);

impl WriteBatch {
    /// Sorts `writes` into a batch.
    ///
    /// # Errors
    ///
    /// [`DuplicateKey`] when two of them are of the same conversation.
    pub fn new(mut writes: Vec<Write>) -> Result<Self, DuplicateKey> {
        if !writes.is_sorted_by(|a, b| a.key < b.key) {
            writes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            if let Some(pair) = writes.windows(2).find(|pair| pair[0].key == pair[1].key) {
                return Err(DuplicateKey(pair[0].key.clone()));
            }
        }
        Ok(Self { writes })
    }

    /// The writes, in the order of their keys.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The writes of each owner, in the order of the owners; never an empty slice.
    pub fn by_owner(&self) -> impl Iterator<Item = &[Write]> {
        self.writes.chunk_by(|a, b| a.key.owner == b.key.owner)
    }

    /// Each owner once, in order.
    pub fn owners(&self) -> impl Iterator<Item = &UserId> {
        self.by_owner().map(|writes| &writes[0].key.owner)
    }

    /// The position of the write of `key` in [`writes`](Self::writes).
    #[must_use]
    pub fn position(&self, key: &Key) -> Option<usize> {
        self.writes.binary_search_by(|write| write.key.cmp(key)).ok()
    }

    /// The number of writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether there is no write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use crate::ConversationId;

    use super::*;

    fn remove(owner: &str, id: &str) -> Write {
        let key = Key::new(UserId::new(owner).unwrap(), ConversationId::new(id).unwrap());
        Write { key, change: Arc::new(Change::Remove) }
    }

    #[test]
    fn sorts_writes_and_finds_them_by_key() {
        let batch = WriteBatch::new([remove("b", "1"), remove("a", "2"), remove("a", "1")].into()).unwrap();
        assert_eq!(batch.writes(), [remove("a", "1"), remove("a", "2"), remove("b", "1")]);
        for (position, write) in batch.writes().iter().enumerate() {
            assert_eq!(batch.position(&write.key), Some(position));
        }
        assert_eq!(batch.position(&remove("c", "1").key), None);
        assert_eq!((batch.len(), batch.is_empty()), (3, false));
        assert!(batch.by_owner().map(<[_]>::len).eq([2, 1]));
        assert!(batch.owners().map(UserId::as_str).eq(["a", "b"]));
        assert!(WriteBatch::default().is_empty());
    }

    #[test]
    fn rejects_duplicate_keys() {
        let twice = [remove("a", "1"), remove("b", "1"), remove("a", "1")];
        assert_eq!(WriteBatch::new(twice.clone().into()), Err(DuplicateKey(twice[0].key.clone())));
        assert!(WriteBatch::new([remove("a", "1"), remove("a", "1")].into()).is_err(), "side by side too");
    }
}
