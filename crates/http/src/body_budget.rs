//! The memory that the bodies of all requests take together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller_shares::CallerShare;

/// The first bytes of each body, which every call may take: calls of ordinary size never wait for large ones. They are
/// bounded by the number of calls.
const FREE_BYTES: usize = 16 * 1024;

/// The unit in which memory is counted: a semaphore counts up to 2³² in one step.
const UNIT: usize = 1024;

/// A budget of bytes for the bodies of all requests in progress. Cheap to clone; clones share the bytes.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget {
    bytes: usize,
    units: Arc<Semaphore>,
}

impl BodyBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS);
        Self { bytes, units: Arc::new(Semaphore::new(units)) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A reservation of nothing, which grows with its body.
    pub(crate) fn reserve(&self) -> Reservation {
        Reservation { budget: self.clone(), units: 0, taken: None }
    }
}

/// What one body takes of the budget. Dropping it gives the bytes back.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: BodyBudget,
    units: usize,
    taken: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// Grows to `bytes`, or fails at once: two bodies that wait for each other's bytes would never end.
    ///
    /// `caller` is the share of the user who sends a body of at most `max_body_bytes`; an administrator has none.
    pub(crate) fn grow(
        &mut self,
        bytes: usize,
        caller: Option<&mut CallerShare>,
        max_body_bytes: usize,
    ) -> Result<(), Exhausted> {
        let wanted = bytes.saturating_sub(FREE_BYTES).div_ceil(UNIT);
        let missing = wanted.saturating_sub(self.units);
        if missing == 0 {
            return Ok(());
        }
        let count = u32::try_from(missing).map_err(|_| Exhausted::All)?;
        let taken = Arc::clone(&self.budget.units).try_acquire_many_owned(count).map_err(|_| Exhausted::All)?;
        if caller.is_some_and(|caller| !caller.try_reserve(missing * UNIT, self.budget.bytes, max_body_bytes)) {
            return Err(Exhausted::Caller);
        }
        self.units = wanted;
        match &mut self.taken {
            Some(all) => all.merge(taken),
            None => self.taken = Some(taken),
        }
        Ok(())
    }
}

/// A body does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// All bodies together take too much.
    All,
    /// The bodies of one user take too much.
    Caller,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1024 * 1024;

    #[test]
    fn fails_at_once_when_the_bodies_together_take_the_budget() {
        let budget = BodyBudget::new(MOST);
        let (mut first, mut second) = (budget.reserve(), budget.reserve());
        assert_eq!(first.grow(MOST / 2, None, MOST), Ok(()));
        assert_eq!(second.grow(MOST / 2, None, MOST), Ok(()));
        assert_eq!(first.grow(MOST, None, MOST), Err(Exhausted::All));
        drop(second);
        assert_eq!(first.grow(MOST, None, MOST), Ok(()), "a dropped body gives its bytes back");
    }

    #[test]
    fn lets_small_bodies_pass_an_exhausted_budget() {
        let budget = BodyBudget::new(0);
        assert_eq!(budget.reserve().grow(FREE_BYTES, None, MOST), Ok(()));
        assert_eq!(budget.reserve().grow(FREE_BYTES + 1, None, MOST), Err(Exhausted::All));
    }
}
