//! How much of the server one user may take.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use conversation_settings_core::UserId;

/// One user takes at most one part in this many of the permits and of the memory for bodies.
const PARTS: usize = 4;

/// Counts what each user takes, so that no user takes the whole server. Cheap to clone; clones share the counts.
#[derive(Clone, Debug)]
pub(crate) struct CallerShares {
    max_calls: usize,
    users: Arc<Mutex<HashMap<UserId, Taken>>>,
}

/// What one user takes now.
#[derive(Debug, Default)]
struct Taken {
    calls: usize,
    body_bytes: usize,
}

impl CallerShares {
    /// Shares of `max_in_flight` calls.
    pub(crate) fn new(max_in_flight: usize) -> Self {
        Self { max_calls: (max_in_flight / PARTS).max(1), users: Arc::default() }
    }

    /// The most calls of one user.
    pub(crate) fn max_calls(&self) -> usize {
        self.max_calls
    }

    /// The right to run one more call of `user`'s, unless the user runs too many.
    pub(crate) fn try_acquire(&self, user: &UserId) -> Option<CallerShare> {
        let mut users = self.lock();
        let taken = users.entry(user.clone()).or_default();
        if taken.calls >= self.max_calls {
            return None;
        }
        taken.calls += 1;
        Some(CallerShare { shares: self.clone(), user: user.clone(), body_bytes: 0 })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Taken>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part that one call takes of its user's share. Dropping it gives the part back.
#[derive(Debug)]
pub(crate) struct CallerShare {
    shares: CallerShares,
    user: UserId,
    body_bytes: usize,
}

impl CallerShare {
    /// Takes `bytes` more for a body, if the user's calls together then take at most one part of `budget`. A body of
    /// `max_body_bytes` always fits if it is the only one.
    pub(crate) fn try_reserve(&mut self, bytes: usize, budget: usize, max_body_bytes: usize) -> bool {
        let most = (budget / PARTS).max(max_body_bytes);
        let mut users = self.shares.lock();
        let taken = users.entry(self.user.clone()).or_default();
        let wanted = taken.body_bytes.saturating_add(bytes);
        if wanted > most {
            return false;
        }
        taken.body_bytes = wanted;
        self.body_bytes += bytes;
        true
    }

    /// Gives the bytes back, and keeps the call.
    pub(crate) fn free_bytes(&mut self) {
        if self.body_bytes > 0 {
            let mut users = self.shares.lock();
            if let Some(taken) = users.get_mut(&self.user) {
                taken.body_bytes -= self.body_bytes;
            }
            self.body_bytes = 0;
        }
    }
}

impl Drop for CallerShare {
    fn drop(&mut self) {
        let mut users = self.shares.lock();
        if let Some(taken) = users.get_mut(&self.user) {
            taken.calls -= 1;
            taken.body_bytes -= self.body_bytes;
            if taken.calls == 0 {
                users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[test]
    fn limits_the_calls_of_each_user_to_a_quarter() {
        let shares = CallerShares::new(11);
        let [a, b] = [user("a"), user("b")];
        let first = shares.try_acquire(&a).unwrap();
        let second = shares.try_acquire(&a).unwrap();
        assert!(shares.try_acquire(&a).is_none(), "a quarter of 11 is 2");
        assert!(shares.try_acquire(&b).is_some(), "other users have shares of their own");
        drop(first);
        assert!(shares.try_acquire(&a).is_some());
        drop(second);
        assert!(shares.lock().is_empty(), "a user without calls takes no memory");
    }

    #[test]
    fn lets_one_call_run_at_any_limit() {
        assert!(CallerShares::new(1).try_acquire(&user("a")).is_some());
    }

    #[test]
    fn limits_the_body_bytes_of_each_user_to_a_quarter_or_one_body() {
        let shares = CallerShares::new(100);
        let (mut first, mut second) =
            (shares.try_acquire(&user("a")).unwrap(), shares.try_acquire(&user("a")).unwrap());
        assert!(first.try_reserve(20, 100, 10) && second.try_reserve(5, 100, 10));
        assert!(!second.try_reserve(1, 100, 10), "a quarter of 100 is 25");
        assert!(second.try_reserve(5, 100, 30), "one body of 30 fits");
        first.free_bytes();
        assert!(second.try_reserve(15, 100, 10));
        drop(second);
        assert!(first.try_reserve(25, 100, 10), "a dropped call gives its bytes back");
    }
}
