//! Whether somebody still waits for a batch.

use std::sync::{Arc, Weak};

/// A caller that waits for a batch. Dropping it means that the caller has given up.
///
/// ```
/// # use conversation_settings_store::Waiter;
/// let (one, other) = (Waiter::new(), Waiter::new());
/// let wanted = one.wanted().or(other.wanted());
/// drop(one);
/// assert!(wanted.is_wanted(), "the other caller still waits");
/// drop(other);
/// assert!(!wanted.is_wanted());
/// ```
#[derive(Debug, Default)]
pub struct Waiter(Arc<()>);

impl Waiter {
    /// A caller that waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch that is wanted while this caller waits.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted(Callers::Some(vec![Arc::downgrade(&self.0)]))
    }
}

/// Whether a batch is wanted: while at least one of its callers waits.
#[derive(Clone, Debug)]
pub struct Wanted(Callers);

#[derive(Clone, Debug)]
enum Callers {
    All,
    Some(Vec<Weak<()>>),
}

impl Wanted {
    /// A batch that is wanted whatever happens.
    pub const ALWAYS: Self = Self(Callers::All);

    /// A batch that is wanted while `self` or `other` is.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Callers::Some(mut callers), Callers::Some(others)) => {
                callers.extend(others);
                Self(Callers::Some(callers))
            }
            _ => Self::ALWAYS,
        }
    }

    /// Whether a caller still waits.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        match &self.0 {
            Callers::All => true,
            Callers::Some(callers) => callers.iter().any(|caller| caller.strong_count() > 0),
        }
    }
}

impl Default for Wanted {
    /// As [`Wanted::ALWAYS`].
    fn default() -> Self {
        Self::ALWAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_a_batch_while_any_caller_waits() {
        let waiters = [Waiter::new(), Waiter::new(), Waiter::new()];
        let wanted = waiters.iter().map(Waiter::wanted).reduce(Wanted::or).unwrap();
        for waiter in waiters {
            assert!(wanted.is_wanted());
            drop(waiter);
        }
        assert!(!wanted.is_wanted());
    }

    #[test]
    fn wants_a_batch_always_if_one_caller_does() {
        let waiter = Waiter::new();
        let wanted = waiter.wanted().or(Wanted::ALWAYS);
        drop(waiter);
        assert!(wanted.is_wanted() && Wanted::default().is_wanted());
    }
}
