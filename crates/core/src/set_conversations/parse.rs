//! Checks a client's request, argument by argument.

use alloc::vec::Vec;

use crate::{
    ArgsError, ConversationId, GroupId, IdError, Limits, Path, SetConversations, SetConversationsRequest, Target, Text,
    UserId, ValueError, Violation,
};

impl SetConversations {
    /// Checks a client's request.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] for the first argument that is missing, empty, out of range, past `limits` or not an ID, and for
    /// a single chat whose participants do not follow from the arguments.
    pub fn parse(request: SetConversationsRequest, limits: &Limits) -> Result<Self, ArgsError> {
        let users = users(request.user_ids, limits)?;
        let conversation = request.conversation.ok_or_else(|| ArgsError::new("conversation", Violation::Required))?;
        let patch = conversation.patch()?;
        limits.check_patch(&patch)?;
        limits.check_batch("userIDs", users.len(), &patch)?;
        let conversation_id = required(conversation.conversation_id, "conversationID", ConversationId::new)?;
        let target = target(conversation.conversation_type, conversation.user_id, conversation.group_id)?;
        Self::new(users, conversation_id, target, patch)
    }
}

fn users(user_ids: Option<Vec<Text>>, limits: &Limits) -> Result<Vec<UserId>, ArgsError> {
    let user_ids = user_ids.ok_or_else(|| ArgsError::new("userIDs", Violation::Required))?;
    if user_ids.is_empty() {
        return Err(ArgsError::new("userIDs", Violation::Empty));
    }
    limits.check_count("userIDs", user_ids.len())?;
    let at = |(index, text)| UserId::new(text).map_err(|error| ArgsError::new(Path::Element("userIDs", index), error));
    user_ids.into_iter().enumerate().map(at).collect()
}

fn required<T>(
    text: Option<Text>,
    name: &'static str,
    parse: impl FnOnce(Text) -> Result<T, IdError>,
) -> Result<T, ArgsError> {
    let text = text.ok_or_else(|| ArgsError::in_conversation(name, Violation::Required))?;
    parse(text).map_err(|error| ArgsError::in_conversation(name, error))
}

fn target(kind: Option<i32>, user_id: Option<Text>, group_id: Option<Text>) -> Result<Target, ArgsError> {
    const NAME: &str = "conversationType";
    let kind = kind.ok_or_else(|| ArgsError::in_conversation(NAME, Violation::Required))?;
    let user = |name| required(user_id, name, UserId::new);
    let group = |name| required(group_id, name, GroupId::new);
    match kind {
        1 => Ok(Target::Single(user("userID")?)),
        2 => Ok(Target::OldGroup(group("groupID")?)),
        3 => Ok(Target::Group(group("groupID")?)),
        4 => Ok(Target::Notification(user("userID")?)),
        got => {
            let violation = ValueError::NotOneOf { allowed: "1, 2, 3, 4", got: got.into() };
            Err(ArgsError::in_conversation(NAME, violation))
        }
    }
}
