//! Use cases within a transaction of the host: planned and checked here, applied and committed by the host.

use std::{fmt, sync::Arc};

use conversation_settings_core::{
    Change, ConversationId, Effect, Key, Patch, Report, Role, SetConversations, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::Applied;

use crate::{Action, Context, Event, Service, ServiceError, service::Inner, write::events};

type ToReport = dyn Fn(&WriteBatch, &[Effect]) -> Report + Send + Sync;

/// A batch that is checked and planned, for a transaction of the host. Make one with [`Service::plan_set`],
/// [`Service::plan_remove`] or [`Service::plan_set_fields`].
///
/// Apply the [`batch`](Self::batch) in the host's transaction, for example with the PostgreSQL adapter's `apply_in`, and pass
/// the result to [`applied`](Self::applied). If the host has to repeat its transaction after a conflict, it applies the same
/// plan again.
#[must_use = "a plan writes nothing"]
pub struct Planned {
    inner: Arc<Inner>,
    context: Context,
    batch: WriteBatch,
    at: Timestamp,
    report: Box<ToReport>,
}

/// A batch in a transaction of the host that is not committed yet. Its events leave with [`committed`](Self::committed).
/// Drop it if the transaction is rolled back.
#[must_use = "no event leaves without `committed`"]
pub struct Uncommitted {
    inner: Arc<Inner>,
    events: Vec<Event>,
    report: Report,
}

impl Planned {
    /// The batch to apply.
    #[must_use]
    pub const fn batch(&self) -> &WriteBatch {
        &self.batch
    }

    /// The time of the changes.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// What the batch has done in the host's transaction, as the adapter returned it.
    ///
    /// # Panics
    ///
    /// If `applied` is of another batch.
    pub fn applied(&self, applied: &Applied) -> Uncommitted {
        assert_eq!(applied.effects.len(), self.batch.len(), "effects of another batch");
        let report = (self.report)(&self.batch, &applied.effects);
        let has_sinks = !self.inner.dispatcher.is_empty();
        let events = if has_sinks { events(&self.context, &self.batch, &report) } else { Vec::new() };
        Uncommitted { inner: Arc::clone(&self.inner), events, report: self.context.caller.visible(report) }
    }
}

impl Uncommitted {
    /// What the call reports if the host commits.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Hands the events to the sinks. Call it at once after the commit: until then another writer's events of the same
    /// owners may overtake these. If the commit's answer was lost, repeat the transaction: what is committed is a no-op
    /// then, and has no event.
    #[expect(clippy::must_use_candidate, reason = "a host may have no use for the report")]
    pub fn committed(self) -> Report {
        self.inner.dispatcher.dispatch(&self.events);
        self.report
    }
}

impl Service {
    /// Plans [`set`](Self::set) for a transaction of the host.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use conversation_settings_core::{GroupId, Patch, SetConversations, UserId};
    /// # use conversation_settings_service::{Context, Service};
    /// # use conversation_settings_store::ConversationStore;
    /// # use conversation_settings_store_memory::MemoryStore;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Arc::new(MemoryStore::new());
    /// # let service = Service::builder(Arc::clone(&store)).build();
    /// # let (alice, team) = (UserId::new("alice")?, GroupId::new("team")?);
    /// # let set = SetConversations::group(&team).users([&alice]).patch(Patch::KEEP.is_pinned(true)).build()?;
    /// let plan = service.plan_set(&Context::user(alice), &set).await?; // checked: limits, access, group
    /// // Begin a transaction, and write what else belongs to it. Here a store stands for it.
    /// let applied = store.apply(plan.batch(), plan.at()).await?; // `apply_in(&transaction, …)`
    /// let uncommitted = plan.applied(&applied);
    /// // Commit the transaction.
    /// let report = uncommitted.committed(); // now the events leave
    /// # assert_eq!(report.entries.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set), before anything is written. A missing conversation that the service rejects is an error of
    /// applying the batch.
    pub async fn plan_set(&self, context: &Context, set: &SetConversations) -> Result<Planned, ServiceError> {
        self.check_set(context, set).await?;
        let batch = self.plan(context, set);
        let set = set.clone();
        Ok(self.planned(context, batch, move |batch, effects| set.report(batch, effects)))
    }

    /// Plans [`remove`](Self::remove) for a transaction of the host.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), before anything is written.
    pub async fn plan_remove(
        &self,
        context: &Context,
        owner: &UserId,
        conversation_ids: &[ConversationId],
    ) -> Result<Planned, ServiceError> {
        self.check_conversation_ids(conversation_ids)?;
        self.authorize(context, Action::Remove(owner)).await?;
        let keys = conversation_ids.iter().map(|id| Key::new(owner.clone(), id.clone()));
        Ok(self.planned_for(context, keys, Change::Remove))
    }

    /// Plans [`set_fields`](Self::set_fields) for a transaction of the host.
    ///
    /// # Errors
    ///
    /// As [`set_fields`](Self::set_fields), before anything is written.
    pub async fn plan_set_fields(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        patch: Patch,
    ) -> Result<Planned, ServiceError> {
        let change = self.check_set_fields(context, owners, patch).await?;
        let keys = owners.iter().map(|owner| Key::new(owner.clone(), conversation_id.clone()));
        Ok(self.planned_for(context, keys, change))
    }

    /// Plans one change of each of `keys`.
    fn planned_for(&self, context: &Context, keys: impl Iterator<Item = Key>, change: Change) -> Planned {
        let change = Arc::new(change);
        let mut keys: Vec<_> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        let writes = keys.into_iter().map(|key| Write { key, change: Arc::clone(&change) }).collect();
        let batch = WriteBatch::new(writes).expect("each key is written once");
        self.planned(context, batch, |batch, effects| Report::of_batch(batch, effects, Role::User))
    }

    fn planned(
        &self,
        context: &Context,
        batch: WriteBatch,
        report: impl Fn(&WriteBatch, &[Effect]) -> Report + Send + Sync + 'static,
    ) -> Planned {
        let (inner, at) = (Arc::clone(&self.inner), self.inner.clock.now());
        Planned { inner, context: context.clone(), batch, at, report: Box::new(report) }
    }
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned").field("batch", &self.batch).field("at", &self.at).finish_non_exhaustive()
    }
}

impl fmt::Debug for Uncommitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uncommitted").field("report", &self.report).finish_non_exhaustive()
    }
}
