//! The one way in which a use case writes and reports.

use std::sync::{Arc, Mutex, PoisonError};

use conversation_settings_core::{Change, Effect, Key, Report, Role, Write, WriteBatch};
use conversation_settings_store::Applied;

use crate::{Context, Event, Service, ServiceError};

impl Service {
    /// Writes `batch` and emits its events. A batch that has started runs to its end, even if the future is dropped: a
    /// commit is not undone when its caller leaves, so its events must follow.
    pub(crate) async fn write(
        &self,
        context: &Context,
        batch: WriteBatch,
        report: impl FnOnce(&WriteBatch, &[Effect]) -> Report + Send + 'static,
    ) -> Result<Report, ServiceError> {
        if batch.is_empty() {
            return Ok(Report::default());
        }
        let batch = Arc::new(batch);
        let reported = Arc::new(Mutex::new(None));
        let after_commit = {
            let (batch, reported, context) = (Arc::clone(&batch), Arc::clone(&reported), context.clone());
            let inner = Arc::clone(&self.inner);
            move |applied: &Applied| {
                let report = report(&batch, &applied.effects);
                if !inner.dispatcher.is_empty() {
                    inner.dispatcher.dispatch(&events(&context, &batch, &report));
                }
                *reported.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
            }
        };
        self.inner.writer.submit(batch, after_commit).await?;
        let report = reported.lock().unwrap_or_else(PoisonError::into_inner).take();
        report.ok_or(ServiceError::Aborted)
    }

    /// Writes any number of writes, in as many batches as the limits on users and bytes take. All writes have the same
    /// change; of writes with one key the first counts. An error after the first batch is [`ServiceError::Partial`].
    pub(crate) async fn write_chunked(
        &self,
        context: &Context,
        mut writes: Vec<Write>,
        role: Role,
    ) -> Result<Report, ServiceError> {
        let mut written = Report::default();
        writes.sort_by(|a, b| a.key.cmp(&b.key));
        writes.dedup_by(|a, b| a.key == b.key);
        let per_batch = match writes.first().map(|write| &*write.change) {
            Some(Change::Set { patch, .. }) => self.inner.limits.users_per_batch(patch),
            _ => self.inner.limits.max_users.max(1),
        };
        while !writes.is_empty() {
            let rest = writes.split_off(writes.len().min(per_batch));
            let batch = WriteBatch::new(writes).expect("each key is written once");
            match self.write(context, batch, move |batch, effects| Report::of_batch(batch, effects, role)).await {
                Ok(report) => written.entries.extend(report.entries),
                Err(source) if written.entries.is_empty() => return Err(source),
                Err(source) => return Err(ServiceError::Partial { written, source: Box::new(source) }),
            }
            writes = rest;
        }
        Ok(written)
    }
}

/// The events of a batch, in the order of its report.
pub(crate) fn events(context: &Context, batch: &WriteBatch, report: &Report) -> Vec<Event> {
    let mut events = Vec::new();
    for entry in report.changed() {
        let key = Key::new(entry.user.clone(), entry.conversation_id.clone());
        if let Some(position) = batch.position(&key) {
            events.extend(Event::of_entry(context, entry, &batch.writes()[position].change));
        }
    }
    events
}
