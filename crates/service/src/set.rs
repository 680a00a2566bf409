//! The use case `set_conversations`.

use std::sync::Arc;

use conversation_settings_core::{
    Effect, GroupId, Report, SetConversations, SetConversationsRequest, Target, WriteBatch,
};
use conversation_settings_store::{StoreError, decide_batch};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Context, GroupStatus, Service, ServiceError};

impl Service {
    /// Sets fields of one conversation for many users, in one atomic write, and reports what happened to each. Where the
    /// request is a dry run, nothing is written, and the report tells what would have happened.
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
        let is_dry_run = request.is_dry_run();
        let set = Arc::new(SetConversations::parse(request, &self.inner.limits)?);
        context.caller.check_set(&set)?;
        if let Some(group) = set.target().group_id() {
            self.check_group(context, group).await?;
        }
        let batch = Arc::new(set.plan(self.inner.missing));
        let effects = if is_dry_run {
            self.foresee(&batch).await?
        } else {
            let parties = Arc::clone(&set);
            let party = move |user: &_| match parties.target_of(user) {
                Target::Single(with) => Some(with),
                _ => None,
            };
            self.write(context, Arc::clone(&batch), Arc::new(party)).await?
        };
        Ok(set.report(&batch, &effects))
    }

    pub(crate) async fn check_group(&self, context: &Context, group: &GroupId) -> Result<(), ServiceError> {
        let Some(groups) = &self.inner.groups else { return Ok(()) };
        match groups.status(&context.operation_id, group).await? {
            GroupStatus::Active => Ok(()),
            GroupStatus::Dismissed => Err(ServiceError::DismissedGroup(group.clone())),
            GroupStatus::Unknown => Err(ServiceError::UnknownGroup(group.clone())),
        }
    }

    /// What a batch would come to if it were applied now, decided as a store decides it.
    async fn foresee(&self, batch: &WriteBatch) -> Result<Vec<Effect>, ServiceError> {
        /// How many versions are asked for at a time.
        const AT_A_TIME: usize = 16;
        let store = &self.inner.store;
        let keys: Vec<_> = batch.writes().iter().map(|write| write.key.clone()).collect();
        let owners: Vec<_> = batch.owners().cloned().collect();
        let version = async |owner| Ok::<_, ServiceError>(store.version(&owner).await?.version);
        let versions: Vec<_> = stream::iter(owners).map(version).buffered(AT_A_TIME).try_collect().await?;
        let conversations = store.get(&keys).await?;
        let decided = decide_batch(batch, conversations.iter().map(Option::as_ref), self.inner.clock.now());
        Ok(decided.map_err(StoreError::from)?.effects(&versions))
    }
}
