//! How a store fails.

use conversation_settings_core::{Key, Rejected};

/// The cause inside an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not do what it was asked.
///
/// The message names the store and the kind and is fit for a log; it holds no setting's value. The cause, where there
/// is one, is the [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A write of the batch must not happen; nothing was stored. Not a fault of the store's.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Other writers of the same owners were in the way, again and again; nothing was stored.
    #[error("{store}: other writers were in the way too often")]
    Conflict {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The last conflict.
        source: BoxError,
    },
    /// The store cannot be reached or cannot write now: a lost connection, a full disk, a queue that is full. After a
    /// lost connection the batch may have been stored.
    #[error("{store}: cannot be reached or cannot write now")]
    Unavailable {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// What stands in the way.
        source: BoxError,
    },
    /// What is stored cannot be read back: damaged, or written by something else.
    #[error("{store}: stored data is damaged{}", of(key.as_deref()))]
    Corrupt {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// The conversation, where it can be told.
        key: Option<Box<Key>>,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The call asks for what this store cannot do, such as a batch too large for one transaction.
    #[error("{store}: cannot do what was asked")]
    Invalid {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// What it cannot do.
        source: BoxError,
    },
    /// Anything else.
    #[error("{store}: failed")]
    Other {
        /// The store's name, such as `sqlite`.
        store: &'static str,
        /// What went wrong.
        source: BoxError,
    },
}

fn of(key: Option<&Key>) -> String {
    key.map(|key| format!(": conversation {key}")).unwrap_or_default()
}

impl StoreError {
    /// The kind in one word, as a label of a metric: `conflict`.
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

    /// The store's name, such as `sqlite`; `None` where the failure is not the store's.
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

    /// Whether the same call may succeed later. A batch may always be applied again: what is there already is silence.
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
    fn what_passes_by_itself_can_be_retried() {
        assert_eq!(one_of_each().map(|error| error.is_retryable()), [false, true, true, false, false, false]);
    }

    #[test]
    fn an_error_tells_its_kind_and_whose_it_is() {
        let kinds = ["rejected", "conflict", "unavailable", "corrupt", "invalid", "other"];
        assert_eq!(one_of_each().map(|error| error.kind()), kinds);
        let stores = [None, Some(STORE), Some(STORE), Some(STORE), Some(STORE), Some(STORE)];
        assert_eq!(one_of_each().map(|error| error.store()), stores);
    }

    #[test]
    fn damage_names_the_conversation_where_it_can_be_told() {
        let message = |key| StoreError::Corrupt { store: STORE, key, source: "cause".into() }.to_string();
        assert_eq!(message(None), "test: stored data is damaged");
        assert_eq!(message(Some(key().into())), "test: stored data is damaged: conversation sg_team of alice");
    }
}
