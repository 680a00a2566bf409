//! The use case `set_conversations`.

use conversation_core::{
    Field, GroupId, Outcome, Report, ReportEntry, Role, SetConversations, SetConversationsRequest, Target, WriteBatch,
};
use tracing::Instrument;

use crate::{Context, ConversationService, Event, EventKind, GroupStatus, ServiceError, service::Inner};

impl ConversationService {
    /// Sets fields of one conversation for many users, in one atomic write, and reports what happened to each.
    ///
    /// What it stores and whom it tells of it is not undone when the answer is no longer wanted: from the moment it
    /// writes, it goes on to the end even if the future is dropped.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument first, then a lack of permission, then a group that is not there, and last
    /// what the store fails with. Nothing was written then, unless the store's error can be retried: then it is not
    /// known, and setting the same again is harmless.
    pub async fn set_conversations(
        &self,
        context: &Context,
        request: SetConversationsRequest,
    ) -> Result<Report, ServiceError> {
        let set = SetConversations::parse(request, &self.inner.limits)?;
        context.caller.check_set(&set)?;
        if let Some(group) = set.target().group_id() {
            self.check_group(group).await?;
        }
        let batch = set.plan(self.inner.missing);
        let (inner, context) = (self.inner.clone(), context.clone());
        let writing = async move { inner.write(&context, &set, &batch).await };
        tokio::spawn(writing.in_current_span()).await.map_err(ServiceError::CutOff)?
    }

    async fn check_group(&self, group: &GroupId) -> Result<(), ServiceError> {
        let Some(groups) = &self.inner.groups else { return Ok(()) };
        match groups.status(group).await? {
            GroupStatus::Active => Ok(()),
            GroupStatus::Dismissed => Err(ServiceError::DismissedGroup(group.clone())),
            GroupStatus::Unknown => Err(ServiceError::UnknownGroup(group.clone())),
        }
    }
}

impl Inner {
    async fn write(
        &self,
        context: &Context,
        set: &SetConversations,
        batch: &WriteBatch,
    ) -> Result<Report, ServiceError> {
        let now = self.clock.now();
        let Some(events) = &self.events else {
            return Ok(set.report(batch, &self.store.apply(batch, now).await?.effects));
        };
        let entered = self.order.enter(batch.owners().cloned().collect(), |event| events.emit(event));
        let report = set.report(batch, &self.store.apply(batch, now).await?.effects);
        let told = report.entries.iter().flat_map(|entry| {
            let event = |kind| event(context, set, entry, kind);
            kinds(set, entry).map(move |kind| (entry.user.clone(), entry.version, event(kind)))
        });
        entered.end(told);
        Ok(report)
    }
}

/// The events of one row: none where nothing changed.
fn kinds(set: &SetConversations, entry: &ReportEntry) -> impl Iterator<Item = EventKind> {
    let patched = match entry.role {
        Role::User => set.mask(),
        Role::Peer => Field::IsPrivateChat.into(),
    };
    let (kind, is_on) = match entry.outcome {
        // A row created with private chat off is as any other: nothing was turned off.
        Outcome::Created => (Some(EventKind::Created(patched)), set.patch().is_private_chat.filter(|is_on| *is_on)),
        Outcome::Updated(changed) => {
            let is_on = set.patch().is_private_chat.filter(|_| changed.contains(Field::IsPrivateChat));
            (Some(EventKind::Updated(changed)), is_on)
        }
        Outcome::Removed | Outcome::Unchanged | Outcome::Absent => (None, None),
    };
    let private = is_on.and_then(|is_on| match set.target_of(&entry.user) {
        Target::Single(with) => Some(EventKind::PrivateChat { with, is_on }),
        _ => None,
    });
    kind.into_iter().chain(private)
}

fn event(context: &Context, set: &SetConversations, entry: &ReportEntry, kind: EventKind) -> Event {
    Event {
        owner: entry.user.clone(),
        conversation_id: set.conversation_id().clone(),
        kind,
        version: entry.version,
        operation_id: context.operation_id.clone(),
        caller: context.caller.user_id().clone(),
    }
}
