//! The use case `update_conversations_by_user`.

use std::sync::Arc;

use conversation_settings_core::{
    ArgsError, Change, Conversation, Key, Missing, Patch, Target, Text, UserId, Violation, Write,
};
use conversation_settings_store::{ConversationStoreExt, Filter};

use crate::{Affected, Context, Service, ServiceError, arguments::required};

impl Service {
    /// Sets `ex` in what others see of the user: in their views of the single chats that the user has with them. Without
    /// an `ex` nothing is set.
    ///
    /// Who they are is told by the user's own single chats, so somebody whose chat the user has not got, or has removed,
    /// is not met.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store fails with.
    pub async fn update_conversations_by_user(
        &self,
        context: &Context,
        user: Option<Text>,
        ex: Option<Text>,
    ) -> Result<Vec<Affected>, ServiceError> {
        let user = required("userID", user, UserId::new)?;
        let limit = self.inner.limits.max_text_bytes;
        if let Some(got) = ex.as_ref().map(|ex| ex.len()).filter(|got| *got > limit) {
            return Err(ArgsError::new("ex", Violation::TooLong { limit, got }).into());
        }
        context.caller.check_owner(&user)?;
        let Some(ex) = ex else { return Ok(Vec::new()) };

        let own = self.inner.store.list_all(&user, &Filter::ALL).await?;
        let of_peer = |conversation: Conversation| match conversation.target {
            Target::Single(peer) if peer != user => Some(Key::new(peer, conversation.key.conversation_id)),
            _ => None,
        };
        let keys: Vec<_> = own.into_iter().filter_map(of_peer).collect();
        let views = self.inner.store.get(&keys).await?.into_iter().flatten();
        let change = Arc::new(Change::Set { patch: Patch::KEEP.ex(ex), missing: Missing::Skip });
        // An ID says nothing: under the user's name for it the peer may have a conversation with somebody else.
        let with_user = views.filter(|view| view.target.user_id() == Some(&user));
        let writes = with_user.map(|view| Write { key: view.key, change: Arc::clone(&change) });
        self.write_all(context, writes.collect()).await
    }
}
