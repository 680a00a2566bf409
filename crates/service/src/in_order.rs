//! Handing on what happened to an owner in the order in which it happened.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use conversation_settings_core::{UserId, Version};

/// Puts what concurrent calls learn of an owner into the order of the owner's versions.
///
/// Two calls on one owner commit one after the other, but may learn of it the other way round. So a call
/// [enters](Self::enter) before it commits, and what it learns waits for those calls that had entered by then and have
/// not ended: whoever enters later commits later, at a higher version. What waits is bounded by what is under way.
#[derive(Debug)]
pub(crate) struct InOrder<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    next_ticket: u64,
    owners: HashMap<UserId, Queue<T>>,
}

#[derive(Debug)]
struct Queue<T> {
    /// The tickets of the calls under way.
    under_way: BTreeSet<u64>,
    /// The last version that was handed on since the queue was made.
    handed: Option<Version>,
    /// What waits, by version, with the ticket below which no call may be under way when it is handed on.
    waiting: BTreeMap<Version, (u64, Vec<T>)>,
}

/// A call under way; ending it, by [`end`](Self::end) or by dropping it, lets others go on.
#[derive(Debug)]
pub(crate) struct Entered<'a, T, F: FnMut(T)> {
    order: &'a InOrder<T>,
    owners: Vec<UserId>,
    ticket: u64,
    hand: F,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { next_ticket: 0, owners: HashMap::new() }) }
    }
}

impl<T> InOrder<T> {
    /// A call that is about to change some of `owners` begins. `hand` takes what can be handed on when it ends; it is
    /// called under a lock, so that the order holds, and must not block.
    pub(crate) fn enter<F: FnMut(T)>(&self, owners: Vec<UserId>, hand: F) -> Entered<'_, T, F> {
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        for owner in &owners {
            let queue = state.owners.entry(owner.clone()).or_insert_with(Queue::new);
            queue.under_way.insert(ticket);
        }
        drop(state);
        Entered { order: self, owners, ticket, hand }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, F: FnMut(T)> Entered<'_, T, F> {
    /// The call has ended, and has learnt this.
    pub(crate) fn end(self, learnt: impl IntoIterator<Item = (UserId, Version, T)>) {
        let mut state = self.order.state();
        let barrier = state.next_ticket;
        for (owner, version, what) in learnt {
            if let Some(queue) = state.owners.get_mut(&owner) {
                queue.waiting.entry(version).or_insert_with(|| (barrier, Vec::new())).1.push(what);
            }
        }
        // Dropping `self` does the rest, with what waits in place.
    }
}

impl<T, F: FnMut(T)> Drop for Entered<'_, T, F> {
    fn drop(&mut self) {
        let mut state = self.order.state();
        for owner in &self.owners {
            let Some(queue) = state.owners.get_mut(owner) else { continue };
            queue.under_way.remove(&self.ticket);
            queue.hand_on(&mut self.hand);
            if queue.under_way.is_empty() {
                state.owners.remove(owner);
            }
        }
    }
}

impl<T> Queue<T> {
    const fn new() -> Self {
        Self { under_way: BTreeSet::new(), handed: None, waiting: BTreeMap::new() }
    }

    fn hand_on(&mut self, hand: &mut impl FnMut(T)) {
        while let Some(first) = self.waiting.first_entry() {
            let is_next = self.handed.is_some_and(|handed| handed.next() == *first.key());
            let is_settled = self.under_way.first().is_none_or(|oldest| *oldest >= first.get().0);
            if !is_next && !is_settled {
                return;
            }
            let (version, (_, what)) = first.remove_entry();
            self.handed = Some(version);
            what.into_iter().for_each(&mut *hand);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn owner(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    fn learnt(version: u64) -> [(UserId, Version, u64); 1] {
        [(owner("a"), Version(version), version)]
    }

    #[test]
    fn what_is_learnt_alone_is_handed_on_at_once() {
        let (order, handed) = (InOrder::default(), RefCell::new(Vec::new()));
        for version in 1..=3 {
            order.enter(vec![owner("a")], |v| handed.borrow_mut().push(v)).end(learnt(version));
        }
        assert_eq!(*handed.borrow(), [1, 2, 3]);
        assert!(order.state().owners.is_empty(), "nothing is kept");
    }

    #[test]
    fn what_is_learnt_the_other_way_round_is_handed_on_in_order() {
        let (order, handed) = (InOrder::default(), RefCell::new(Vec::new()));
        let hand = |v| handed.borrow_mut().push(v);
        let first = order.enter(vec![owner("a")], hand);
        let second = order.enter(vec![owner("a")], hand);
        second.end(learnt(2));
        assert_eq!(*handed.borrow(), [0; 0], "the first may have committed before");
        first.end(learnt(1));
        assert_eq!(*handed.borrow(), [1, 2]);
    }

    #[test]
    fn who_enters_later_is_not_waited_for() {
        let (order, handed) = (InOrder::default(), RefCell::new(Vec::new()));
        let hand = |v| handed.borrow_mut().push(v);
        let mut last = order.enter(vec![owner("a")], hand);
        // Other processes raise versions too, so there are gaps.
        for version in [10, 20, 30, 40, 50] {
            let next = order.enter(vec![owner("a")], hand);
            std::mem::replace(&mut last, next).end(learnt(version));
        }
        assert_eq!(*handed.borrow(), [10, 20, 30, 40], "each waits for the one under way when it ended, no more");
        drop(last);
        assert_eq!(*handed.borrow(), [10, 20, 30, 40, 50]);
    }

    #[test]
    fn the_very_next_version_waits_for_nobody() {
        let (order, handed) = (InOrder::default(), RefCell::new(Vec::new()));
        let hand = |v| handed.borrow_mut().push(v);
        let first = order.enter(vec![owner("a")], hand);
        let slow = order.enter(vec![owner("a")], hand);
        first.end(learnt(1));
        let later = order.enter(vec![owner("a")], hand);
        slow.end([]);
        assert_eq!(*handed.borrow(), [1], "who is still under way entered after the first ended");
        order.enter(vec![owner("a")], hand).end(learnt(2));
        assert_eq!(*handed.borrow(), [1, 2]);
        drop(later);
    }

    #[test]
    fn a_call_that_fails_lets_others_go_on() {
        let (order, handed) = (InOrder::default(), RefCell::new(Vec::new()));
        let hand = |v| handed.borrow_mut().push(v);
        let failing = order.enter(vec![owner("a"), owner("b")], hand);
        order.enter(vec![owner("a")], hand).end(learnt(7));
        assert_eq!(*handed.borrow(), [0; 0]);
        drop(failing);
        assert_eq!(*handed.borrow(), [7]);
        assert!(order.state().owners.is_empty());
    }

    #[test]
    fn other_owners_do_not_wait() {
        let (order, handed) = (InOrder::default(), RefCell::new(Vec::new()));
        let hand = |v| handed.borrow_mut().push(v);
        let other = order.enter(vec![owner("b")], hand);
        order.enter(vec![owner("a")], hand).end(learnt(1));
        assert_eq!(*handed.borrow(), [1]);
        drop(other);
    }
}
