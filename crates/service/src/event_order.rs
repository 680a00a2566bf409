//! Emits events of one owner in the order of the owner's versions.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use conversation_settings_core::{UserId, Version};

/// Orders the items of concurrent calls by their owner's versions.
///
/// Two calls on one owner commit one after the other, but may return in the other order. So a call
/// [enters](Self::enter) before it commits, and its items wait for the calls that entered before it returned and still
/// run. A call that enters later commits at a higher version. The number of waiting items is bounded by the running calls.
#[derive(Debug)]
pub(crate) struct EventOrder<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    next_ticket: u64,
    owners: HashMap<UserId, Queue<T>>,
}

#[derive(Debug)]
struct Queue<T> {
    /// The tickets of the running calls.
    running: BTreeSet<u64>,
    /// The version of the last items emitted since the queue was created.
    emitted: Option<Version>,
    /// Waiting items by version, each with the ticket below which no call may still run when they are emitted.
    waiting: BTreeMap<Version, (u64, Vec<T>)>,
}

/// A running call. It ends by [`finish`](Self::finish) or when it is dropped; then others may go on.
#[derive(Debug)]
pub(crate) struct Ticket<'a, T, F: FnMut(T)> {
    order: &'a EventOrder<T>,
    owners: Vec<UserId>,
    ticket: u64,
    emit: F,
}

impl<T> Default for EventOrder<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { next_ticket: 0, owners: HashMap::new() }) }
    }
}

impl<T> EventOrder<T> {
    /// Begins a call that may change some of `owners`. `emit` receives the items that are due when the call ends. It runs
    /// under a lock, which keeps the order, so it must not block.
    pub(crate) fn enter<F: FnMut(T)>(&self, owners: Vec<UserId>, emit: F) -> Ticket<'_, T, F> {
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        for owner in &owners {
            let queue = state.owners.entry(owner.clone()).or_insert_with(Queue::new);
            queue.running.insert(ticket);
        }
        drop(state);
        Ticket { order: self, owners, ticket, emit }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, F: FnMut(T)> Ticket<'_, T, F> {
    /// Ends the call with these items.
    pub(crate) fn finish(self, items: impl IntoIterator<Item = (UserId, Version, T)>) {
        let mut state = self.order.state();
        let barrier = state.next_ticket;
        for (owner, version, item) in items {
            if let Some(queue) = state.owners.get_mut(&owner) {
                queue.waiting.entry(version).or_insert_with(|| (barrier, Vec::new())).1.push(item);
            }
        }
        // Dropping `self` emits the items that are due.
    }
}

impl<T, F: FnMut(T)> Drop for Ticket<'_, T, F> {
    fn drop(&mut self) {
        let mut state = self.order.state();
        for owner in &self.owners {
            let Some(queue) = state.owners.get_mut(owner) else { continue };
            queue.running.remove(&self.ticket);
            queue.emit_due(&mut self.emit);
            if queue.running.is_empty() {
                state.owners.remove(owner);
            }
        }
    }
}

impl<T> Queue<T> {
    const fn new() -> Self {
        Self { running: BTreeSet::new(), emitted: None, waiting: BTreeMap::new() }
    }

    fn emit_due(&mut self, emit: &mut impl FnMut(T)) {
        while let Some(first) = self.waiting.first_entry() {
            let is_next = self.emitted.is_some_and(|emitted| emitted.next() == *first.key());
            let is_settled = self.running.first().is_none_or(|oldest| *oldest >= first.get().0);
            if !is_next && !is_settled {
                return;
            }
            let (version, (_, items)) = first.remove_entry();
            self.emitted = Some(version);
            items.into_iter().for_each(&mut *emit);
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

    fn items(version: u64) -> [(UserId, Version, u64); 1] {
        [(owner("a"), Version(version), version)]
    }

    #[test]
    fn emits_at_once_if_no_other_call_runs() {
        let (order, emitted) = (EventOrder::default(), RefCell::new(Vec::new()));
        for version in 1..=3 {
            order.enter(vec![owner("a")], |v| emitted.borrow_mut().push(v)).finish(items(version));
        }
        assert_eq!(*emitted.borrow(), [1, 2, 3]);
        assert!(order.state().owners.is_empty(), "no queue is left");
    }

    #[test]
    fn emits_in_order_if_calls_return_in_the_other() {
        let (order, emitted) = (EventOrder::default(), RefCell::new(Vec::new()));
        let emit = |v| emitted.borrow_mut().push(v);
        let first = order.enter(vec![owner("a")], emit);
        let second = order.enter(vec![owner("a")], emit);
        second.finish(items(2));
        assert_eq!(*emitted.borrow(), [0; 0], "the first may have committed before");
        first.finish(items(1));
        assert_eq!(*emitted.borrow(), [1, 2]);
    }

    #[test]
    fn does_not_wait_for_later_calls() {
        let (order, emitted) = (EventOrder::default(), RefCell::new(Vec::new()));
        let emit = |v| emitted.borrow_mut().push(v);
        let mut last = order.enter(vec![owner("a")], emit);
        // Other processes raise versions too, so there are gaps.
        for version in [10, 20, 30, 40, 50] {
            let next = order.enter(vec![owner("a")], emit);
            std::mem::replace(&mut last, next).finish(items(version));
        }
        assert_eq!(
            *emitted.borrow(),
            [10, 20, 30, 40],
            "each waits for the call that ran when it returned, and no other"
        );
        drop(last);
        assert_eq!(*emitted.borrow(), [10, 20, 30, 40, 50]);
    }

    #[test]
    fn emits_the_next_version_at_once() {
        let (order, emitted) = (EventOrder::default(), RefCell::new(Vec::new()));
        let emit = |v| emitted.borrow_mut().push(v);
        let first = order.enter(vec![owner("a")], emit);
        let slow = order.enter(vec![owner("a")], emit);
        first.finish(items(1));
        let later = order.enter(vec![owner("a")], emit);
        slow.finish([]);
        assert_eq!(*emitted.borrow(), [1], "the call that still runs entered after the first returned");
        order.enter(vec![owner("a")], emit).finish(items(2));
        assert_eq!(*emitted.borrow(), [1, 2]);
        drop(later);
    }

    #[test]
    fn goes_on_after_a_failed_call() {
        let (order, emitted) = (EventOrder::default(), RefCell::new(Vec::new()));
        let emit = |v| emitted.borrow_mut().push(v);
        let failing = order.enter(vec![owner("a"), owner("b")], emit);
        order.enter(vec![owner("a")], emit).finish(items(7));
        assert_eq!(*emitted.borrow(), [0; 0]);
        drop(failing);
        assert_eq!(*emitted.borrow(), [7]);
        assert!(order.state().owners.is_empty());
    }

    #[test]
    fn does_not_wait_for_other_owners() {
        let (order, emitted) = (EventOrder::default(), RefCell::new(Vec::new()));
        let emit = |v| emitted.borrow_mut().push(v);
        let other = order.enter(vec![owner("b")], emit);
        order.enter(vec![owner("a")], emit).finish(items(1));
        assert_eq!(*emitted.borrow(), [1]);
        drop(other);
    }
}
