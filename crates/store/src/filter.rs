//! A condition on settings.

use conversation_settings_core::{Field, Patch, Settings, Value};

/// A condition on the settings of a conversation. Of the host's own settings it compares the names that it mentions; the
/// removal of a name stands for its absence.
///
/// ```
/// # use conversation_settings_core::{CustomPatch, Patch, RecvMsgOpt, Settings};
/// # use conversation_settings_store::Filter;
/// let pinned = Filter::is(Patch::KEEP.is_pinned(true));
/// let muted = Filter::is_not(Patch::KEEP.recv_msg_opt(RecvMsgOpt::Receive));
/// assert!(!pinned.matches(&Settings::default()));
/// assert!(!muted.matches(&Settings::default()));
/// assert!(Filter::ALL.matches(&Settings::default()));
///
/// let in_folder_7 = Filter::is(Patch::KEEP.custom(CustomPatch::KEEP.set("folder", 7)?));
/// let in_no_folder = Filter::is(Patch::KEEP.custom(CustomPatch::KEEP.remove("folder")?));
/// assert!(in_no_folder.matches(&Settings::default()) && !in_folder_7.matches(&Settings::default()));
/// # Ok::<(), conversation_settings_core::CustomError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "an adapter must judge every condition")]
pub struct Filter {
    /// Every field that this patch sets has this value.
    pub is: Patch,
    /// Every field that this patch sets has another value.
    pub is_not: Patch,
}

impl Filter {
    /// All conversations.
    pub const ALL: Self = Self { is: Patch::KEEP, is_not: Patch::KEEP };

    /// Conversations in which every field that `patch` sets has that value.
    #[must_use]
    pub const fn is(patch: Patch) -> Self {
        Self { is: patch, is_not: Patch::KEEP }
    }

    /// Conversations in which every field that `patch` sets has another value.
    #[must_use]
    pub const fn is_not(patch: Patch) -> Self {
        Self { is: Patch::KEEP, is_not: patch }
    }

    /// Whether a conversation with these settings passes. An adapter's own condition must agree with this.
    #[must_use]
    pub fn matches(&self, settings: &Settings) -> bool {
        let is = |field: Field, value| match value {
            Value::Custom(names) => names.is_in(&settings.custom),
            value => settings.value(field) == value,
        };
        let is_not = |field: Field, value| match value {
            Value::Custom(names) => names.is_nowhere_in(&settings.custom),
            value => settings.value(field) != value,
        };
        self.is.values().all(|(field, value)| is(field, value))
            && self.is_not.values().all(|(field, value)| is_not(field, value))
    }
}
