//! Running batches: together, and one by one where that fails.

use std::{panic::AssertUnwindSafe, sync::Arc};

use conversation_settings_core::WriteBatch;
use conversation_settings_store::{Applied, BoxError, StoreError, Wanted};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    Inner, NAME,
    call::{Call, CreatedAt, Settled, WriteError},
    merge::{merge, part_of},
    queue::{Job, Run},
};

impl Inner {
    /// Runs `run`, then whatever can start after it, until nothing can.
    ///
    /// `ticket` is that of the first run.
    pub(super) fn drive(self: Arc<Self>, run: Run<Call>, ticket: u64) -> BoxFuture<'static, ()> {
        async move {
            let mut next = Some(run);
            while let Some(mut run) = next.take() {
                self.settle(&mut run.jobs).await;
                let mut state = self.state();
                let calls = state.queue.finish(run);
                next = state.start();
                if next.is_none() {
                    state.drivers.remove(&ticket);
                }
                drop(state);
                calls.for_each(Call::send);
                if next.is_some() {
                    self.start_all();
                }
            }
        }
        .boxed()
    }

    async fn settle(&self, jobs: &mut [Job<Call>]) {
        if let [job] = jobs {
            let settled = self.apply(&job.batch, job.call.at, &job.call.wanted).await;
            return job.call.settle(settled);
        }
        let merged = merge(jobs.iter().map(|job| &*job.batch));
        let wanted = jobs.iter().map(|job| job.call.wanted.clone()).reduce(Wanted::or).unwrap_or_default();
        match self.apply(&merged, jobs[0].call.at, &wanted).await {
            Ok(Applied { effects, .. }) => {
                for Job { batch, call, .. } in jobs {
                    let part = part_of(&merged, &effects, batch);
                    call.settle(part.map(|effects| Applied { effects }).ok_or_else(incomplete));
                }
            }
            // What is stored is unknown for each part, and safe to repeat.
            Err(WriteError::Store(StoreError::Unavailable { store, source })) => {
                let source: Arc<BoxError> = Arc::new(source);
                for job in jobs {
                    let source = Box::new(Shared(Arc::clone(&source)));
                    job.call.settle(Err(WriteError::Store(StoreError::Unavailable { store, source })));
                }
            }
            // One part is the cause, and only its caller gets the error. Repeating what is stored is a no-op.
            Err(_) => {
                for job in jobs {
                    let settled = self.apply(&job.batch, job.call.at, &job.call.wanted).await;
                    job.call.settle(settled);
                }
            }
        }
    }

    /// Applies a batch, unless it still waits in the store when its last caller leaves.
    async fn apply(&self, batch: &WriteBatch, at: CreatedAt, wanted: &Wanted) -> Settled {
        let applying = self.store.apply_while_wanted(batch, at.resolve(&self.clock), wanted);
        let applied = AssertUnwindSafe(applying).catch_unwind().await;
        applied.map_or(Err(WriteError::Panicked), |applied| applied.map_err(WriteError::Store))
    }
}

fn incomplete() -> WriteError {
    let source = "the store returned fewer effects than the batch has writes".into();
    WriteError::Store(StoreError::Other { store: NAME, source })
}

/// One cause of several callers' errors.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<BoxError>);
