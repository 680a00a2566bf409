//! Who polls the runs.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tracing::{Instrument, Span};

/// Polls a run and those that follow it, until nothing waits.
///
/// The caller that starts a run polls it, so that a lone caller needs no task and no switch between tasks. Nobody can
/// rely on a caller to poll again, so a task takes over once another caller waits or the first one is dropped.
#[derive(Clone)]
pub(super) struct Driver {
    state: Arc<Mutex<State>>,
    runtime: Handle,
    span: Span,
}

enum State {
    /// The work waits for the caller's next poll.
    Waiting(BoxFuture<'static, ()>),
    /// The caller polls it now.
    Polling,
    /// The caller polls it now, and gives it to a task after that.
    TakenOver,
    /// It has ended, or a task has it.
    Gone,
}

impl Driver {
    /// Call it within a runtime.
    pub(super) fn new(work: BoxFuture<'static, ()>) -> Self {
        let state = Arc::new(Mutex::new(State::Waiting(work)));
        Self { state, runtime: Handle::current(), span: Span::current() }
    }

    /// Polls the work; ready once it has ended or a task has it.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut work = {
            let mut state = self.state();
            match mem::replace(&mut *state, State::Polling) {
                State::Waiting(work) => work,
                other => {
                    *state = other;
                    return Poll::Ready(());
                }
            }
        };
        let polled = work.as_mut().poll(context);
        let mut state = self.state();
        match (polled, mem::replace(&mut *state, State::Gone)) {
            (Poll::Ready(()), _) => Poll::Ready(()),
            (Poll::Pending, State::Polling) => {
                *state = State::Waiting(work);
                Poll::Pending
            }
            (Poll::Pending, _) => {
                self.spawn(work);
                Poll::Ready(())
            }
        }
    }

    /// Gives the work to a task, unless it has ended.
    pub(super) fn hand_over(&self) {
        let mut state = self.state();
        match mem::replace(&mut *state, State::Gone) {
            State::Waiting(work) => self.spawn(work),
            State::Polling | State::TakenOver => *state = State::TakenOver,
            State::Gone => (),
        }
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.runtime.spawn(work.instrument(self.span.clone()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}
