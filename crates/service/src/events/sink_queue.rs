//! The queue of one sink, and the task that empties it.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use metrics::{Gauge, counter, gauge};
use tokio::{
    sync::mpsc::{self, Sender, error::TrySendError},
    task::AbortHandle,
    time::{Instant, timeout_at},
};
use tracing::{Instrument, Span, error, warn};

use super::{Event, EventSink};
use crate::metrics::{EVENT_QUEUE_DEPTH, EVENTS_DROPPED};

/// The most events that a sink receives together.
pub const MAX_EVENTS: usize = 100;

/// Events that wait for a sink. Its task starts with the first event.
#[derive(Debug)]
pub(super) struct SinkQueue {
    capacity: usize,
    state: Mutex<State>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum State {
    Idle,
    Running(Sender<Event>, Task),
    Closed(Option<Task>),
}

/// The task that empties the queue.
#[derive(Clone, Debug)]
struct Task {
    abort: AbortHandle,
    ended: Shared<BoxFuture<'static, ()>>,
}

/// What the queue and its task count together.
#[derive(Debug)]
struct Counts {
    sink: Arc<dyn EventSink>,
    /// Looked up with the first event: the host installs its recorder before.
    depth: OnceLock<Gauge>,
    /// Events that are neither received by the sink nor dropped.
    waiting: AtomicUsize,
    /// Events dropped from a full queue since the last log line about them.
    overflowed: AtomicU64,
}

impl SinkQueue {
    pub(super) fn new(sink: Arc<dyn EventSink>, capacity: usize) -> Self {
        crate::metrics::describe();
        let (waiting, overflowed) = (AtomicUsize::new(0), AtomicU64::new(0));
        let counts = Counts { sink, depth: OnceLock::new(), waiting, overflowed };
        let capacity = capacity.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        Self { capacity, state: Mutex::new(State::Idle), counts: Arc::new(counts) }
    }

    pub(super) fn push(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let mut state = self.state();
        if let State::Idle = *state {
            let (sender, receiver) = mpsc::channel(self.capacity);
            *state = State::Running(sender, Task::spawn(Arc::clone(&self.counts).run(receiver)));
        }
        self.counts.add(events.len());
        match &*state {
            State::Running(sender, _) => events.iter().for_each(|event| self.send(sender, event)),
            State::Idle | State::Closed(_) => self.counts.dropped("closed", events.len()),
        }
    }

    fn send(&self, sender: &Sender<Event>, event: &Event) {
        match sender.try_send(event.clone()) {
            Ok(()) => (),
            Err(TrySendError::Full(_)) => self.counts.overflow(),
            // The runtime of the task has ended.
            Err(TrySendError::Closed(_)) => self.counts.dropped("closed", 1),
        }
    }

    /// Accepts no more events. The task ends when the queue is empty.
    pub(super) fn close(&self) {
        let mut state = self.state();
        let task = state.task();
        *state = State::Closed(task);
        drop(state);
        let sink = &self.counts.sink;
        if std::panic::catch_unwind(AssertUnwindSafe(|| sink.closing())).is_err() {
            error!(sink = sink.name(), "the sink panicked while it was closed");
        }
    }

    /// Waits for the task until `deadline`, and drops what is left then. Returns how many events were dropped.
    pub(super) async fn join(&self, deadline: Instant) -> usize {
        let task = self.state().task();
        if let Some(Task { abort, ended }) = task {
            if timeout_at(deadline, ended.clone()).await.is_err() {
                abort.abort();
                // The task counts nothing after this.
                ended.await;
            }
        }
        let left = self.counts.waiting.load(Ordering::SeqCst);
        if left > 0 {
            self.counts.dropped("closed", left);
            warn!(sink = self.counts.sink.name(), events = left, "closed before the sink received all events");
        }
        left
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn task(&self) -> Option<Task> {
        match self {
            Self::Idle => None,
            Self::Running(_, task) => Some(task.clone()),
            Self::Closed(task) => task.clone(),
        }
    }
}

impl Task {
    fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let task = tokio::spawn(work.instrument(Span::none()));
        Self { abort: task.abort_handle(), ended: task.map(drop).boxed().shared() }
    }
}

impl Counts {
    async fn run(self: Arc<Self>, mut queue: mpsc::Receiver<Event>) {
        let mut events = Vec::with_capacity(MAX_EVENTS);
        while queue.recv_many(&mut events, MAX_EVENTS).await > 0 {
            if queue.len() <= queue.max_capacity() / 2 {
                self.recover();
            }
            if AssertUnwindSafe(self.sink.emit(&events)).catch_unwind().await.is_ok() {
                self.remove(events.len());
            } else {
                self.dropped("panic", events.len());
                error!(sink = self.sink.name(), events = events.len(), "the sink panicked: events were dropped");
            }
            events.clear();
        }
        self.recover();
    }

    fn add(&self, events: usize) {
        self.waiting.fetch_add(events, Ordering::SeqCst);
        self.depth().increment(as_f64(events));
    }

    fn remove(&self, events: usize) {
        self.waiting.fetch_sub(events, Ordering::SeqCst);
        self.depth().decrement(as_f64(events));
    }

    fn depth(&self) -> &Gauge {
        self.depth.get_or_init(|| gauge!(EVENT_QUEUE_DEPTH, "sink" => self.sink.name()))
    }

    fn dropped(&self, reason: &'static str, events: usize) {
        self.remove(events);
        counter!(EVENTS_DROPPED, "sink" => self.sink.name(), "reason" => reason).increment(events as u64);
    }

    /// Drops an event because the queue is full. Only the first one is logged at once: the log must not overflow with
    /// the queue.
    fn overflow(&self) {
        self.dropped("queue_full", 1);
        if self.overflowed.fetch_add(1, Ordering::SeqCst) == 0 {
            warn!(sink = self.sink.name(), "the queue of an event sink is full: dropping events");
        }
    }

    /// Logs how many events were dropped, once the queue has room again.
    fn recover(&self) {
        let events = self.overflowed.swap(0, Ordering::SeqCst);
        if events > 0 {
            warn!(sink = self.sink.name(), events, "the queue of an event sink was full: events were dropped");
        }
    }
}

fn as_f64(events: usize) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX))
}
