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
    /// The maximum number of bytes of `ex`, `attachedInfo` and `custom` that one request stores for all its users together. A
    /// large request keeps others waiting, so this is the limit on how long.
    pub max_batch_bytes: usize,
}

impl Default for Limits {
    /// 10,000 users, texts of 64 KiB, and 64 MiB of text for all users together.
    fn default() -> Self {
        Self { max_users: 10_000, max_text_bytes: 65_536, max_batch_bytes: 64 << 20 }
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

    /// Sets the maximum number of bytes of text that one request stores for all its users together.
    #[must_use]
    pub const fn max_batch_bytes(mut self, bytes: usize) -> Self {
        self.max_batch_bytes = bytes;
        self
    }

    /// Checks the number of users, the length of every text that `set` sets, and what it stores for all users together.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] for the first argument that exceeds its limit.
    pub fn check(&self, set: &SetConversations) -> Result<(), ArgsError> {
        self.check_count("userIDs", set.users().len())?;
        self.check_patch(set.patch())?;
        self.check_batch("userIDs", set.users().len(), set.patch())
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

    /// Checks what `patch` stores for all of `users` together, the number of entries of the argument `name`.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] when its texts, times the users, take more than [`max_batch_bytes`](Self::max_batch_bytes).
    pub fn check_batch(&self, name: &'static str, users: usize, patch: &Patch) -> Result<(), ArgsError> {
        let got = text_bytes(patch).saturating_mul(users);
        if got > self.max_batch_bytes {
            return Err(ArgsError::new(name, Violation::TooLarge { limit: self.max_batch_bytes, got }));
        }
        Ok(())
    }

    /// The maximum number of users that one batch of `patch` may have; at least 1.
    #[must_use]
    pub fn users_per_batch(&self, patch: &Patch) -> usize {
        let by_bytes = self.max_batch_bytes / text_bytes(patch).max(1);
        self.max_users.min(by_bytes).max(1)
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

/// The bytes of all texts that `patch` sets, names of the host's own settings included.
fn text_bytes(patch: &Patch) -> usize {
    let texts = patch.values().map(|(_, value)| match value {
        Value::Text(text) => text.len(),
        Value::Custom(names) => names.text_bytes(),
        Value::Bool(_) | Value::I32(_) | Value::I64(_) | Value::Timestamp(_) => 0,
    });
    texts.fold(0, usize::saturating_add)
}
