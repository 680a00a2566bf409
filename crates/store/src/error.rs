//! How a store fails.

use conversation_settings_core::{Key, Rejected};

/// The cause inside an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call of a store failed.
///
/// The message names the store and the kind, and holds no setting's value, so it is safe to log. The cause is the
/// [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A write of the batch must not happen; nothing was stored. The store works.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Other writers of the same owners were in the way in every attempt; nothing was stored.
    #[error("{store}: other writers were in the way too often")]
    Conflict {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The last conflict.
        source: BoxError,
    },
    /// The store cannot be reached or cannot write now: a lost connection, a full disk, a full queue. After a lost
    /// connection the batch may be stored.
    #[error("{store}: cannot be reached or cannot write now")]
    Unavailable {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The cause.
        source: BoxError,
    },
    /// Stored data cannot be read back: it is damaged, or another program wrote it.
    #[error("{store}: stored data is damaged{}", of(key.as_deref()))]
    Corrupt {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The conversation, if it is known.
        key: Option<Box<Key>>,
        /// The cause.
        source: BoxError,
    },
    /// This store cannot do what the call requests, such as a batch too large for one transaction.
    #[error("{store}: cannot do what was asked")]
    Invalid {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The cause.
        source: BoxError,
    },
    /// Anything else.
    #[error("{store}: failed")]
    Other {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The cause.
        source: BoxError,
    },
}

fn of(key: Option<&Key>) -> String {
    key.map(|key| format!(": conversation {key}")).unwrap_or_default()
}

impl StoreError {
    /// The error of a batch that nobody wanted when it would have begun; nothing was stored.
    #[must_use]
    pub fn unwanted(store: &'static str) -> Self {
        Self::Unavailable { store, source: "every caller gave up before the batch began; nothing was stored".into() }
    }

    /// The kind in one word, for the label of a metric: `conflict`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Conflict { .. } => "conflict",
            Self::Unavailable { .. } => "unavailable",
            Self::Corrupt { .. } => "corrupt",
            Self::Invalid { .. } => "invalid",
            Self::Other { .. } => "other",
        }
    }

    /// The store's name, such as `sqlite`; `None` for a rejected batch, which is no failure of the store.
    #[must_use]
    pub const fn store(&self) -> Option<&'static str> {
        match self {
            Self::Rejected(_) => None,
            Self::Conflict { store, .. }
            | Self::Unavailable { store, .. }
            | Self::Corrupt { store, .. }
            | Self::Invalid { store, .. }
            | Self::Other { store, .. } => Some(store),
        }
    }

    /// Whether the same call may succeed later. Applying a batch again is always safe: what is stored already is a no-op.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Unavailable { .. })
    }
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::{ConversationId, UserId};

    use super::*;

    const STORE: &str = "test";

    fn key() -> Key {
        Key::new(UserId::new("alice").unwrap(), ConversationId::new("sg_team").unwrap())
    }

    fn one_of_each() -> [StoreError; 6] {
        let source = || BoxError::from("cause");
        [
            StoreError::Rejected(Rejected::Missing(key())),
            StoreError::Conflict { store: STORE, source: source() },
            StoreError::Unavailable { store: STORE, source: source() },
            StoreError::Corrupt { store: STORE, key: None, source: source() },
            StoreError::Invalid { store: STORE, source: source() },
            StoreError::Other { store: STORE, source: source() },
        ]
    }

    #[test]
    fn retries_conflicts_and_outages_only() {
        assert_eq!(one_of_each().map(|error| error.is_retryable()), [false, true, true, false, false, false]);
    }

    #[test]
    fn names_the_kind_and_the_store() {
        let kinds = ["rejected", "conflict", "unavailable", "corrupt", "invalid", "other"];
        assert_eq!(one_of_each().map(|error| error.kind()), kinds);
        let stores = [None, Some(STORE), Some(STORE), Some(STORE), Some(STORE), Some(STORE)];
        assert_eq!(one_of_each().map(|error| error.store()), stores);
    }

    #[test]
    fn names_the_damaged_conversation_if_known() {
        let message = |key| StoreError::Corrupt { store: STORE, key, source: "cause".into() }.to_string();
        assert_eq!(message(None), "test: stored data is damaged");
        assert_eq!(message(Some(key().into())), "test: stored data is damaged: conversation sg_team of alice");
    }
}
