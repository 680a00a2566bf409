//! The use cases that read.

use conversation_core::{ArgsError, Conversation, ConversationId, Key, Path, Problem, Text, UserId};
use conversation_store::{ConversationStoreExt, Filter};

use crate::{Context, ConversationService, ServiceError};

impl ConversationService {
    /// One conversation of `owner`'s.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the owner nor an admin, a conversation that does not
    /// exist, or what the store fails with.
    pub async fn get_conversation(
        &self,
        context: &Context,
        owner: Option<Text>,
        conversation_id: Option<Text>,
    ) -> Result<Conversation, ServiceError> {
        let owner = parse("ownerUserID", owner, UserId::new)?;
        let conversation_id = parse("conversationID", conversation_id, ConversationId::new)?;
        context.caller.check_owner(&owner)?;
        let key = Key::new(owner, conversation_id);
        self.inner.store.get_one(key.clone()).await?.ok_or(ServiceError::NotFound(key))
    }

    /// Some conversations of `owner`'s, in the order asked, each once; those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, more conversations than the limit on users, a caller who is neither the owner
    /// nor an admin, or what the store fails with.
    pub async fn get_conversations(
        &self,
        context: &Context,
        owner: Option<Text>,
        conversation_ids: Option<Vec<Text>>,
    ) -> Result<Vec<Conversation>, ServiceError> {
        let owner = parse("ownerUserID", owner, UserId::new)?;
        let keys = self.keys(&owner, conversation_ids)?;
        context.caller.check_owner(&owner)?;
        Ok(self.inner.store.get(&keys).await?.into_iter().flatten().collect())
    }

    /// All conversations of `owner`'s, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the owner nor an admin, or what the store fails with.
    pub async fn get_all_conversations(
        &self,
        context: &Context,
        owner: Option<Text>,
    ) -> Result<Vec<Conversation>, ServiceError> {
        let owner = parse("ownerUserID", owner, UserId::new)?;
        context.caller.check_owner(&owner)?;
        Ok(self.inner.store.list_all(&owner, &Filter::ALL).await?)
    }

    fn keys(&self, owner: &UserId, conversation_ids: Option<Vec<Text>>) -> Result<Vec<Key>, ServiceError> {
        const NAME: &str = "conversationIDs";
        let limit = self.inner.limits.max_users;
        let ids = match conversation_ids {
            None => return Err(ArgsError::new(NAME, Problem::Required).into()),
            Some(ids) if ids.is_empty() => return Err(ArgsError::new(NAME, Problem::Empty).into()),
            Some(ids) if ids.len() > limit => {
                return Err(ArgsError::new(NAME, Problem::TooMany { limit, got: ids.len() }).into());
            }
            Some(ids) => ids,
        };
        let mut seen = std::collections::HashSet::with_capacity(ids.len());
        let mut keys = Vec::with_capacity(ids.len());
        for (index, id) in ids.into_iter().enumerate() {
            let id = ConversationId::new(id).map_err(|error| ArgsError::new(Path::Element(NAME, index), error))?;
            if seen.insert(id.clone()) {
                keys.push(Key::new(owner.clone(), id));
            }
        }
        Ok(keys)
    }
}

fn parse<T>(
    name: &'static str,
    text: Option<Text>,
    parse: impl FnOnce(Text) -> Result<T, conversation_core::IdError>,
) -> Result<T, ArgsError> {
    let text = text.ok_or_else(|| ArgsError::new(name, Problem::Required))?;
    parse(text).map_err(|error| ArgsError::new(name, error))
}
