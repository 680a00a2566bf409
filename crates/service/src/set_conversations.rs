//! Sets fields of one conversation for many users.

use conversation_settings_core::{Effect, GroupId, Report, SetConversations, WriteBatch};
use conversation_settings_store::{StoreError, decide_batch};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Action, Context, GroupStatus, Service, ServiceError};

impl Service {
    /// Sets fields of one conversation for many users, in one atomic batch, and reports what happened to each.
    ///
    /// A field that the patch keeps stays as it is, user by user. Setting private chat in a single chat sets it for the
    /// other participant too, if it changes it for a user; the other participant's conversation is created only when private
    /// chat is turned on. A repeated call is a no-op, and so is a call that sets what was read.
    ///
    /// The report names a peer. Only an administrator learns what happened to the peer's conversation.
    ///
    /// Once it writes, the call runs to its end even if the future is dropped.
    ///
    /// # Errors
    ///
    /// [`ServiceError`], in this order: [`Args`](ServiceError::Args) past the service's [`Limits`], or for a setting of the
    /// host's own that is not [declared](crate::CustomSettings) so; no permission;
    /// an unknown or dismissed group; a missing conversation if the service rejects them, or one that must not be created:
    /// an ID with white space around it, or of another kind or other users than its target or, for callers who are no
    /// administrators, of another single chat; a failing store.
    ///
    /// [`Limits`]: conversation_settings_core::Limits
    pub async fn set(&self, context: &Context, set: SetConversations) -> Result<Report, ServiceError> {
        self.check_set(context, &set).await?;
        let batch = self.plan(context, &set);
        let report = self.write(context, batch, move |batch, effects| set.report(batch, effects)).await?;
        Ok(context.caller.visible(report))
    }

    /// Reports what [`set`](Self::set) would do now, and writes nothing.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn preview(&self, context: &Context, set: &SetConversations) -> Result<Report, ServiceError> {
        self.check_set(context, set).await?;
        let batch = self.plan(context, set);
        let effects = self.effects_now(&batch).await?;
        Ok(context.caller.visible(set.report(&batch, &effects)))
    }

    pub(crate) fn plan(&self, context: &Context, set: &SetConversations) -> WriteBatch {
        let missing = self.inner.missing;
        if context.caller.is_admin() { set.plan(missing) } else { set.plan_of_owner(missing) }
    }

    pub(crate) async fn check_set(&self, context: &Context, set: &SetConversations) -> Result<(), ServiceError> {
        self.inner.limits.check(set)?;
        self.inner.custom.check(&context.caller, set.patch().custom.as_ref())?;
        self.authorize(context, Action::Set(set)).await?;
        match set.target().group_id() {
            Some(group) => self.check_group(context, group).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn check_group(&self, context: &Context, group: &GroupId) -> Result<(), ServiceError> {
        let Some(groups) = &self.inner.groups else { return Ok(()) };
        match groups.status(&context.operation_id, group).await? {
            GroupStatus::Active => Ok(()),
            GroupStatus::Dismissed => Err(ServiceError::DismissedGroup(group.clone())),
            GroupStatus::Unknown => Err(ServiceError::UnknownGroup(group.clone())),
        }
    }

    /// The effects that `batch` would have now, decided as a store decides them.
    async fn effects_now(&self, batch: &WriteBatch) -> Result<Vec<Effect>, ServiceError> {
        /// The number of versions that are read at a time.
        const AT_A_TIME: usize = 16;
        let store = &self.inner.store;
        let keys: Vec<_> = batch.writes().iter().map(|write| write.key.clone()).collect();
        let conversations = store.get(&keys).await?;
        let decided = decide_batch(batch, conversations.iter().map(Option::as_ref), self.inner.clock.now());
        let decided = decided.map_err(StoreError::from)?;
        if let Some(noop) = decided.noop() {
            return Ok(noop.effects);
        }
        let owners: Vec<_> = batch.owners().cloned().collect();
        let version = async |owner| Ok::<_, ServiceError>(store.version(&owner).await?.version);
        let versions: Vec<_> = stream::iter(owners).map(version).buffered(AT_A_TIME).try_collect().await?;
        Ok(decided.effects(&versions))
    }
}
