//! Histories of several tasks at the same time, and whether their calls could have happened one after the other.
//!
//! The versions give the order of an owner's changes, so no order has to be searched for. The model makes the changes in
//! that order, which gives the owner's state at each version. Each answer must be that of some version: not older than a
//! version answered before the call, and not newer than a version of a call that began after the answer.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use conversation_settings_core::{Effect, UserId, Version, WriteBatch};
use conversation_settings_store::{Applied, ConversationStore};
use tokio::task::JoinSet;

use super::{Answer, Call};
use crate::Model;

/// A call and its answer, with the times of both.
#[derive(Debug)]
pub(crate) struct Event {
    call: Call,
    answer: Answer,
    called: usize,
    answered: usize,
}

/// Runs all tasks at the same time, each of which makes its calls one after the other. Handles are used in turn.
pub(crate) async fn play<S: ConversationStore>(handles: &[Arc<S>], tasks: Vec<Vec<Call>>) -> Vec<Event> {
    let clock = Arc::new(AtomicUsize::new(0));
    let mut playing = JoinSet::new();
    for (calls, store) in tasks.into_iter().zip(handles.iter().cycle()) {
        let (store, clock) = (Arc::clone(store), Arc::clone(&clock));
        playing.spawn(async move {
            let mut events = Vec::new();
            for call in calls {
                let called = clock.fetch_add(1, Ordering::SeqCst);
                let answer = call.ask(&*store).await.unwrap_or_else(|error| panic!("{call} fails: {error:?}"));
                let answered = clock.fetch_add(1, Ordering::SeqCst);
                events.push(Event { call, answer, called, answered });
            }
            events
        });
    }
    playing.join_all().await.into_iter().flatten().collect()
}

/// Whether the calls of each owner could have happened one after the other.
///
/// # Errors
///
/// The first contradiction.
pub(crate) fn check(events: Vec<Event>) -> Result<(), String> {
    let mut owners = BTreeMap::<UserId, Vec<Event>>::new();
    for (owner, event) in events.into_iter().flat_map(Event::by_owner) {
        owners.entry(owner).or_default().push(event);
    }
    owners.into_iter().try_for_each(|(owner, events)| check_one(events).map_err(|wrong| format!("{owner}: {wrong}")))
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, answer, called, answered } = self;
        write!(f, "{call}\n  called at {called}, answered at {answered}: {answer:?}")
    }
}

impl Event {
    /// Splits the event into one for each of its owners.
    fn by_owner(self) -> Vec<(UserId, Self)> {
        let Self { call, answer, called, answered } = self;
        let (batch, at, effects) = match (&call, &answer) {
            (Call::Apply(batch, at), Answer::Applied(Ok(applied))) => (batch, *at, &applied.effects),
            (Call::Count(owner) | Call::Version(owner) | Call::Changes { owner, .. }, _) => {
                return vec![(owner.clone(), Self { call, answer, called, answered })];
            }
            (Call::Get(keys), _) if keys.len() == 1 => {
                return vec![(keys[0].owner.clone(), Self { call, answer, called, answered })];
            }
            _ => panic!("{call}: {answer:?} is of several owners or moments"),
        };
        let mut effects = effects.iter().copied();
        let of_owner = |writes: &[conversation_settings_core::Write]| {
            let effects = effects.by_ref().take(writes.len()).collect();
            let batch = WriteBatch::new(writes.to_vec()).expect("each key is there once");
            let (call, answer) = (Call::Apply(batch, at), Answer::Applied(Ok(Applied { effects })));
            (writes[0].key.owner.clone(), Self { call, answer, called, answered })
        };
        batch.by_owner().map(of_owner).collect()
    }

    /// The version that the call made, if it changed anything.
    fn version(&self) -> Option<Version> {
        let Answer::Applied(Ok(Applied { effects })) = &self.answer else { return None };
        effects.iter().find_map(|Effect { version, .. }| *version)
    }
}

fn check_one(events: Vec<Event>) -> Result<(), String> {
    let (mut changes, mut others): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.version().is_some());
    changes.sort_by_key(Event::version);
    others.sort_by_key(|event| event.called);

    let mut states = vec![Model::default()];
    for (number, event) in (1..).zip(&changes) {
        if event.version() != Some(Version(number)) {
            return Err(format!("version {number} was made by no call, or by two: {event}"));
        }
        let mut state = states[states.len() - 1].clone();
        let expected = event.call.expect(&mut state);
        if event.answer != expected {
            return Err(format!(
                "version {number} does not follow from the one before: {event}\nexpected: {expected:?}"
            ));
        }
        states.push(state);
    }

    // Places each event at the version that it made, or at the earliest version that it may have read.
    let mut placed: Vec<(usize, &Event)> = changes.iter().enumerate().map(|(at, event)| (at + 1, event)).collect();
    for event in &others {
        let before = placed.iter().filter(|(_, earlier)| earlier.answered < event.called).map(|(at, _)| *at);
        let earliest = before.max().unwrap_or_default();
        let is_of = |at: &usize| event.call.expect(&mut states[*at].clone()) == event.answer;
        let Some(at) = (earliest..states.len()).find(is_of) else {
            return Err(format!("the answer fits neither version {earliest} nor a later one: {event}"));
        };
        placed.push((at, event));
    }
    for (at, event) in &placed {
        let is_change = event.version().is_some();
        let is_late = |(later_at, later): &&(usize, &Event)| {
            later.answered < event.called && if is_change { later_at >= at } else { later_at > at }
        };
        if let Some((earlier_at, earlier)) = placed.iter().find(is_late) {
            return Err(format!(
                "version {earlier_at} was answered before this call, which fits only {at}: {event}\nearlier: {earlier}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::{Outcome, Patch, Timestamp};

    use super::*;
    use crate::fixtures::{batch, key, set, user};

    fn event(call: Call, answer: Answer, called: usize, answered: usize) -> Event {
        Event { call, answer, called, answered }
    }

    /// A call that sets `ex`, between these times, with this version as its answer.
    fn sets(ex: &str, outcome: Outcome, version: Option<u64>, called: usize, answered: usize) -> Event {
        let effects = vec![Effect { outcome, version: version.map(Version) }];
        let call = Call::Apply(batch([set(key("a", "sg_1"), Patch::KEEP.ex(ex))]), Timestamp(0));
        event(call, Answer::Applied(Ok(Applied { effects })), called, answered)
    }

    fn reads(version: u64, called: usize, answered: usize) -> Event {
        event(Call::Version(user("a")), Answer::Version(Version(version)), called, answered)
    }

    fn of_ex() -> Outcome {
        Outcome::Updated(conversation_settings_core::Field::Ex.into())
    }

    #[test]
    fn accepts_calls_that_have_an_order() {
        let created = || sets("x", Outcome::Created, Some(1), 0, 5);
        for events in [
            vec![created(), reads(0, 1, 2), reads(1, 3, 4)],
            vec![created(), reads(0, 1, 6), reads(1, 7, 8)],
            vec![created(), sets("y", of_ex(), Some(2), 1, 2), sets("y", Outcome::Unchanged, None, 3, 4)],
        ] {
            assert_eq!(check(events), Ok(()));
        }
    }

    #[test]
    fn rejects_calls_that_have_no_order() {
        let created = || sets("x", Outcome::Created, Some(1), 0, 5);
        for events in [
            vec![created(), reads(0, 6, 7)],
            vec![created(), reads(1, 1, 2), reads(0, 3, 4)],
            vec![reads(1, 0, 1), sets("x", Outcome::Created, Some(1), 2, 3)],
            vec![created(), sets("y", Outcome::Created, Some(2), 6, 7)],
            vec![created(), sets("y", of_ex(), Some(1), 6, 7)],
            vec![created(), sets("y", of_ex(), Some(3), 6, 7)],
            vec![created(), sets("y", Outcome::Unchanged, None, 6, 7)],
            vec![sets("y", of_ex(), Some(2), 0, 1), sets("x", Outcome::Created, Some(1), 2, 3)],
        ] {
            let shown = format!("{events:?}");
            assert!(check(events).is_err(), "{shown}");
        }
    }
}
