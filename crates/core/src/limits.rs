//! How much one request may ask for.

use crate::{ArgsError, Patch, SetConversations, Value, Violation};

/// How much one request may ask for.
///
/// ```
/// use conversation_settings_core::Limits;
///
/// let limits = Limits::default().max_users(500).max_text_bytes(4_096);
/// assert_eq!((limits.max_users, limits.max_text_bytes), (500, 4_096));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum number of users or conversation IDs in a request. Duplicates count.
    pub max_users: usize,
    /// The maximum length of `ex` and `attachedInfo`, in bytes of UTF-8.
    pub max_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_users: 10_000, max_text_bytes: 65_536 }
    }
}

impl Limits {
    /// Sets the maximum number of users or conversation IDs in a request.
    #[must_use]
    pub const fn max_users(mut self, users: usize) -> Self {
        self.max_users = users;
        self
    }

    /// Sets the maximum length of `ex` and `attachedInfo`, in bytes of UTF-8.
    #[must_use]
    pub const fn max_text_bytes(mut self, bytes: usize) -> Self {
        self.max_text_bytes = bytes;
        self
    }

    /// Checks the number of users and the length of every text that `set` sets.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] for the first argument that exceeds its limit.
    pub fn check(&self, set: &SetConversations) -> Result<(), ArgsError> {
        self.check_count("userIDs", set.users().len())?;
        self.check_patch(set.patch())
    }

    /// Checks the length of every text that `patch` sets.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] for the first field, in the table's order, whose text is too long.
    pub fn check_patch(&self, patch: &Patch) -> Result<(), ArgsError> {
        for (field, value) in patch.values() {
            if let Value::Text(text) = value {
                let violation = self.text_violation(text);
                violation.map_or(Ok(()), |violation| Err(ArgsError::in_conversation(field.wire_name(), violation)))?;
            }
        }
        Ok(())
    }

    /// Checks the length of the argument `name`, in bytes of UTF-8.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] when the text is too long.
    pub fn check_text(&self, name: &'static str, text: &str) -> Result<(), ArgsError> {
        self.text_violation(text).map_or(Ok(()), |violation| Err(ArgsError::new(name, violation)))
    }

    /// Checks the number of entries in the list argument `name`.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] when there are more than [`max_users`](Self::max_users) entries.
    pub fn check_count(&self, name: &'static str, got: usize) -> Result<(), ArgsError> {
        if got > self.max_users {
            return Err(ArgsError::new(name, Violation::TooMany { limit: self.max_users, got }));
        }
        Ok(())
    }

    const fn text_violation(&self, text: &str) -> Option<Violation> {
        if text.len() > self.max_text_bytes {
            return Some(Violation::TooLong { limit: self.max_text_bytes, got: text.len() });
        }
        None
    }
}
