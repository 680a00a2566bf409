//! The routes under `/conversation` by which a client keeps a copy.

use std::sync::Arc;

use conversation_settings_core::ConversationId;
use conversation_settings_openim::{IdHasher, id_hash};
use conversation_settings_service::{Context, Snapshot};
use conversation_settings_store::{Changes, Filter, PageRequest};

use crate::{
    Api, ApiError,
    reply::List,
    route::PostRoute,
    wire::{
        FullConversationIds, GetFullConversationIdsRequest, GetIncrementalConversationsRequest,
        IncrementalConversations,
    },
};

pub(super) const GET_FULL_CONVERSATION_IDS: PostRoute = PostRoute {
    path: "/conversation/get_full_conversation_ids",
    summary: "Get the IDs of all conversations of a user",
    description: "Returns the IDs and the version at which they are complete: the start of a sync, which increments continue. A \
                  long list may also contain changes of the next increment. If \
                  `idHash` matches, the client has exactly these IDs; then they are left out and `equal` is true.",
    fails: &[],
    example: r#"{"userID":"bob","idHash":0}"#,
};

pub(super) async fn get_full_conversation_ids(
    api: Arc<Api>,
    context: Context,
    request: GetFullConversationIdsRequest,
) -> Result<List<FullConversationIds>, ApiError> {
    let (user, client_hash) = request.check()?;
    if let Some(Snapshot { version, conversation_ids, .. }) = api.service.small_snapshot(&context, &user).await? {
        let hash = id_hash(&conversation_ids);
        return Ok(List::whole(FullConversationIds::new(version, conversation_ids, hash, client_hash)));
    }
    let pages = || api.service.pages(&context, &user, Filter::ALL, PageRequest::first(usize::MAX));
    let mut lists = 0;
    loop {
        // The version comes first: a change while the list is read is in the client's next increment.
        let version = api.service.version(&context, &user).await?;
        let (mut hasher, mut ids) = (IdHasher::default(), FewIds::default());
        let mut read = pages().await?;
        while let Some(page) = read.next().await? {
            for conversation in page {
                hasher.push(&conversation.key.conversation_id);
                ids.push(conversation.key.conversation_id);
            }
        }
        lists += 1;
        if lists < MAX_LISTS && api.service.version(&context, &user).await? != version {
            continue;
        }
        let is_few = ids.few.is_some();
        let response = FullConversationIds::new(version, ids.few.unwrap_or_default(), hasher.finish(), client_hash);
        if is_few || response.is_equal() {
            return Ok(List::whole(response));
        }
        // Too many to be in memory: read again while they are written.
        return Ok(List::begin(response, pages().await?).await?);
    }
}

/// How often the IDs are read until no write comes between.
const MAX_LISTS: u32 = 3;

/// IDs, until they take too much memory.
struct FewIds {
    few: Option<Vec<ConversationId>>,
    bytes: usize,
}

impl Default for FewIds {
    fn default() -> Self {
        Self { few: Some(Vec::new()), bytes: 0 }
    }
}

impl FewIds {
    fn push(&mut self, id: ConversationId) {
        const MAX_BYTES: usize = 256 * 1024;
        self.bytes += id.as_str().len();
        self.few = self.few.take().filter(|_| self.bytes <= MAX_BYTES);
        if let Some(ids) = &mut self.few {
            ids.push(id);
        }
    }
}

pub(super) const GET_INCREMENTAL_CONVERSATIONS: PostRoute = PostRoute {
    path: "/conversation/get_incremental_conversations",
    summary: "Get the changes of a user's conversations",
    description: "Returns the changes since the version that the client has. If the version is of another log, or too much has \
                  changed, `full` is true and the client must sync in full.",
    fails: &[],
    example: r#"{"userID":"bob","versionID":"","version":0}"#,
};

pub(super) async fn get_incremental_conversations(
    api: Arc<Api>,
    context: Context,
    request: GetIncrementalConversationsRequest,
) -> Result<IncrementalConversations, ApiError> {
    let (user, since) = request.check()?;
    let changes = match since {
        Some(since) => api.service.changes(&context, &user, &since).await?,
        None => Changes::Full(api.service.version(&context, &user).await?),
    };
    Ok(changes.into())
}
