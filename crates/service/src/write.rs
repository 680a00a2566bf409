//! The one way in which a use case writes and reports.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    task::Poll,
};

use conversation_settings_core::{Effect, Report, Role, Write, WriteBatch};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::{Context, Event, Service, ServiceError, service::Inner};

impl Service {
    /// Writes `batch` and emits its events. Once begun it runs to its end, even if the future is dropped: a commit is
    /// not undone when its caller leaves, so its events must follow.
    pub(crate) async fn write(
        &self,
        context: &Context,
        batch: WriteBatch,
        report: impl FnOnce(&WriteBatch, &[Effect]) -> Report + Send + 'static,
    ) -> Result<Report, ServiceError> {
        if batch.is_empty() {
            return Ok(Report::default());
        }
        let (inner, context) = (self.inner.clone(), context.clone());
        let writing = async move { inner.write(&context, &batch, report).await };
        let mut writing = Box::pin(AssertUnwindSafe(writing.in_current_span()).catch_unwind());
        // No task is needed if the store completes synchronously.
        let written = match poll_fn(|waker| Poll::Ready(writing.as_mut().poll(waker))).await {
            Poll::Ready(written) => written,
            Poll::Pending => tokio::spawn(writing).await.map_err(|_| ServiceError::Aborted)?,
        };
        written.unwrap_or(Err(ServiceError::Aborted))
    }

    /// Writes any number of writes, in as many batches as the limit on users takes; of writes with one key the first
    /// counts. An error after the first batch is [`ServiceError::Partial`].
    pub(crate) async fn write_chunked(
        &self,
        context: &Context,
        mut writes: Vec<Write>,
        role: Role,
    ) -> Result<Report, ServiceError> {
        let mut written = Report::default();
        writes.sort_by(|a, b| a.key.cmp(&b.key));
        writes.dedup_by(|a, b| a.key == b.key);
        let mut is_first = true;
        while !writes.is_empty() {
            let rest = writes.split_off(writes.len().min(self.inner.limits.max_users.max(1)));
            let batch = WriteBatch::new(writes).expect("each key is written once");
            match self.write(context, batch, move |batch, effects| Report::of_batch(batch, effects, role)).await {
                Ok(report) => written.entries.extend(report.entries),
                Err(source) if is_first => return Err(source),
                Err(source) => return Err(ServiceError::Partial { written, source: Box::new(source) }),
            }
            (writes, is_first) = (rest, false);
        }
        Ok(written)
    }
}

impl Inner {
    async fn write(
        &self,
        context: &Context,
        batch: &WriteBatch,
        report: impl FnOnce(&WriteBatch, &[Effect]) -> Report,
    ) -> Result<Report, ServiceError> {
        let now = self.clock.now();
        let Some(sink) = &self.events else {
            return Ok(report(batch, &self.store.apply(batch, now).await?.effects));
        };
        let ticket = self.order.enter(batch.owners().cloned().collect(), |event| sink.emit(event));
        let report = report(batch, &self.store.apply(batch, now).await?.effects);
        let events = report.entries.iter().flat_map(|entry| Event::of_entry(context, entry));
        ticket.finish(events.map(|event| (event.owner.clone(), event.version, event)));
        Ok(report)
    }
}
