//! Sets the extension in the peers' views of a user's single chats.

use std::sync::Arc;

use conversation_settings_core::{
    Change, Conversation, Key, Missing, Patch, Report, Role, Target, Text, UserId, Write,
};
use conversation_settings_store::{ConversationStore, Filter, PageRequest};

use crate::{Action, Context, Service, ServiceError};

impl Service {
    /// Sets `ex` in the peers' views of `user`'s single chats: OpenIM's `update_conversations_by_user`.
    ///
    /// The user's own single chats name the peers, so peers whose chat the user no longer has are skipped. Peers who do
    /// not have the conversation are skipped too.
    ///
    /// Only an administrator learns which peers have the conversation, and what happened to it. The report for another
    /// caller names all peers' conversations as [hidden](Report::hidden_peers).
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a text past the service's limit; a caller without [permission](crate::Authorize); a failing
    /// store. More peers than the limit on users take several batches; if a later one fails, the error is
    /// [`Partial`](ServiceError::Partial).
    pub async fn set_ex_for_peers(&self, context: &Context, user: &UserId, ex: Text) -> Result<Report, ServiceError> {
        self.inner.limits.check_text("ex", &ex)?;
        self.authorize(context, Action::SetExForPeers(user)).await?;
        let of_peer = |conversation: Conversation| match conversation.target {
            Target::Single(peer) if peer != *user => Some(Key::new(peer, conversation.key.conversation_id)),
            _ => None,
        };
        let change = Arc::new(Change::Set { patch: Patch::KEEP.ex(ex), missing: Missing::Skip });
        let (mut peers, mut writes) = (Vec::new(), Vec::new());
        let mut pages = self.list_pages(user, Filter::ALL, PageRequest::first(usize::MAX));
        while let Some(own) = pages.next().await? {
            let keys: Vec<_> = own.into_iter().filter_map(of_peer).collect();
            let views = self.inner.store.get(&keys).await?.into_iter().flatten();
            // IDs are opaque: the peer may use this ID for a chat with somebody else.
            let with_user = views.filter(|view| view.target.user_id() == Some(user));
            writes.extend(with_user.map(|view| Write { key: view.key, change: Arc::clone(&change) }));
            peers.extend(keys);
        }
        let written = self.write_chunked(context, writes, Role::Peer).await;
        if context.caller.sees_peers() {
            return written;
        }
        match written {
            Ok(_) => {
                peers.sort_unstable();
                let mut report = Report::default();
                report.hidden_peers = peers;
                Ok(report)
            }
            Err(ServiceError::Partial { written, source }) => {
                Err(ServiceError::Partial { written: written.without_peers_outcomes(), source })
            }
            Err(error) => Err(error),
        }
    }
}
