//! The two collections of OpenIM, and reading documents from them.

use conversation_settings_core::Conversation;
use mongodb::{
    ClientSession, Collection, Database, SessionCursor,
    bson::{RawDocument, RawDocumentBuf},
    options::Hint,
};

use crate::{
    error::Error,
    keys::{KeyGroup, condition, index},
    primary::Primary,
    rows,
};

/// OpenIM's names of the collections.
pub(crate) const CONVERSATIONS: &str = "conversation";
pub(crate) const VERSIONS: &str = "conversation_version";

/// The collections of one database.
#[derive(Clone, Debug)]
pub(crate) struct Collections {
    pub(crate) database: Database,
    pub(crate) conversations: Collection<RawDocumentBuf>,
    pub(crate) versions: Collection<RawDocumentBuf>,
    pub(crate) primary: Primary,
}

impl Collections {
    pub(crate) fn new(database: Database, primary: Primary) -> Self {
        let (conversations, versions) = (database.collection(CONVERSATIONS), database.collection(VERSIONS));
        Self { database, conversations, versions, primary }
    }

    /// Passes each conversation of `groups`, which are not empty, to `take`. There are at most `max` of them.
    pub(crate) async fn find(
        &self,
        session: &mut ClientSession,
        groups: &[KeyGroup<'_>],
        max: usize,
        mut take: impl FnMut(Conversation),
    ) -> Result<(), Error> {
        let cursor = self
            .conversations
            .find(condition(groups))
            .hint(Hint::Keys(index(groups)))
            .batch_size(batch_size(max))
            .session(&mut *session)
            .await?;
        each(cursor, session, |document| {
            take(rows::conversation(document)?);
            Ok(())
        })
        .await
    }
}

/// The batch size with which the server sends `max` documents in one response, as far as a response can hold them.
pub(crate) fn batch_size(max: usize) -> u32 {
    u32::try_from(max.saturating_add(1)).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

/// Passes each document of `cursor` to `take`.
pub(crate) async fn each(
    mut cursor: SessionCursor<RawDocumentBuf>,
    session: &mut ClientSession,
    mut take: impl FnMut(&RawDocument) -> Result<(), Error>,
) -> Result<(), Error> {
    while cursor.advance(session).await? {
        take(cursor.current())?;
    }
    Ok(())
}
