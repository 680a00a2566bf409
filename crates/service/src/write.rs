//! The one way in which a use case writes, and tells of it.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    sync::Arc,
    task::Poll,
};

use conversation_settings_core::{Change, Effect, Field, Key, Mask, Outcome, UserId, Version, Write, WriteBatch};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::{Context, Event, EventKind, Service, ServiceError, service::Inner};

/// What a call has come to for one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Whose view of which conversation.
    pub key: Key,
    /// What happened to it.
    pub outcome: Outcome,
    /// The version that the call gave the owner; `None` where nothing of the owner's changed.
    pub version: Option<Version>,
}

/// Whom the owner of a single chat sees in it, where that can be told.
pub(crate) type Party = Arc<dyn Fn(&UserId) -> Option<UserId> + Send + Sync>;

impl Service {
    /// Applies a batch and tells of what changed, to the end, even if the future is dropped: what is stored and whom it
    /// is told to is not undone when the answer is no longer wanted.
    pub(crate) async fn write(
        &self,
        context: &Context,
        batch: Arc<WriteBatch>,
        party: Party,
    ) -> Result<Vec<Effect>, ServiceError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (inner, context) = (self.inner.clone(), context.clone());
        let writing = async move { inner.write(&context, &batch, &party).await };
        let mut writing = Box::pin(AssertUnwindSafe(writing.in_current_span()).catch_unwind());
        // Where the store answers at once there is nothing to go on with, and no need of a task.
        let written = match poll_fn(|waker| Poll::Ready(writing.as_mut().poll(waker))).await {
            Poll::Ready(written) => written,
            Poll::Pending => tokio::spawn(writing).await.map_err(|_| ServiceError::Aborted)?,
        };
        written.unwrap_or(Err(ServiceError::Aborted))
    }

    /// Writes `writes`, of one key the first, in batches of as many as a batch may have.
    pub(crate) async fn write_all(
        &self,
        context: &Context,
        mut writes: Vec<Write>,
    ) -> Result<Vec<Affected>, ServiceError> {
        let mut affected = Vec::with_capacity(writes.len());
        writes.sort_by(|a, b| a.key.cmp(&b.key));
        writes.dedup_by(|a, b| a.key == b.key);
        for part in writes.chunks(self.inner.limits.max_users.max(1)) {
            let batch = Arc::new(WriteBatch::new(part.to_vec()).expect("has each key once"));
            let effects = self.write(context, Arc::clone(&batch), Arc::new(|_| None)).await?;
            affected.extend(batch.writes().iter().zip(effects).map(|(write, Effect { outcome, version })| Affected {
                key: write.key.clone(),
                outcome,
                version,
            }));
        }
        Ok(affected)
    }
}

impl Inner {
    async fn write(&self, context: &Context, batch: &WriteBatch, party: &Party) -> Result<Vec<Effect>, ServiceError> {
        let now = self.clock.now();
        let Some(events) = &self.events else { return Ok(self.store.apply(batch, now).await?.effects) };
        let entered = self.order.enter(batch.owners().cloned().collect(), |event| events.emit(event));
        let effects = self.store.apply(batch, now).await?.effects;
        let told = batch.writes().iter().zip(&effects).flat_map(|(write, effect)| {
            effect.version.into_iter().flat_map(move |version| {
                let event = move |kind| event(context, &write.key, version, kind);
                kinds(write, effect.outcome, party).map(move |kind| (write.key.owner.clone(), version, event(kind)))
            })
        });
        entered.end(told);
        Ok(effects)
    }
}

/// The events of one write: none where nothing changed.
fn kinds(write: &Write, outcome: Outcome, party: &Party) -> impl Iterator<Item = EventKind> + use<> {
    let (patched, is_private) = match &*write.change {
        Change::Set { patch, .. } => (patch.mask(), patch.is_private_chat),
        Change::Remove => (Mask::EMPTY, None),
    };
    let (kind, is_on) = match outcome {
        // A row created with private chat off is as any other: nothing was turned off.
        Outcome::Created => (Some(EventKind::Created(patched)), is_private.filter(|is_on| *is_on)),
        Outcome::Updated(changed) => {
            let is_on = is_private.filter(|_| changed.contains(Field::IsPrivateChat));
            (Some(EventKind::Updated(changed)), is_on)
        }
        Outcome::Removed => (Some(EventKind::Removed), None),
        Outcome::Unchanged | Outcome::Absent => (None, None),
    };
    let private = is_on.and_then(|is_on| Some(EventKind::PrivateChat { with: party(&write.key.owner)?, is_on }));
    kind.into_iter().chain(private)
}

fn event(context: &Context, key: &Key, version: Version, kind: EventKind) -> Event {
    Event {
        owner: key.owner.clone(),
        conversation_id: key.conversation_id.clone(),
        kind,
        version,
        operation_id: context.operation_id.clone(),
        caller: context.caller.user_id().clone(),
    }
}
