//! The conversations that are not created, though each of their IDs is valid.

use alloc::{borrow::Cow, format};

use crate::{ArgsError, ConversationId, Key, Path, Quoted, Target, Text, Violation};

const CONVERSATION_ID: &str = "conversationID";

impl Key {
    /// Checks that clients find a conversation with this key and `target`, for code that creates one. The rules:
    ///
    /// - No ID begins or ends with white space.
    /// - The ID of a single chat that names its two users names them in byte order.
    /// - An ID that begins with `sg_` belongs to a group, and a group's does not begin with `si_`.
    ///
    /// All other IDs are accepted. Conversations that break these rules may exist, because OpenIM creates them; they are
    /// read, set and removed like others.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] that names the wrong ID by its path in OpenIM's request.
    pub fn check_new(&self, target: &Target) -> Result<(), ArgsError> {
        check_ends(self, target)?;
        check_kind(self, target)
    }

    /// Checks as [`check_new`](Self::check_new) does that the owner's own client finds the conversation. One rule is added:
    ///
    /// - The ID of a single chat does not name the owner and another user than the target.
    ///
    /// An administrator may create such a conversation, for example for a host whose IDs only look like OpenIM's.
    ///
    /// # Errors
    ///
    /// As [`check_new`](Self::check_new).
    pub fn check_new_of_owner(&self, target: &Target) -> Result<(), ArgsError> {
        self.check_new(target)?;
        check_names(self, target)
    }
}

/// An ID from a line of a file often has white space around it. It is another ID than the one without.
fn check_ends(key: &Key, target: &Target) -> Result<(), ArgsError> {
    let ids = [
        (key.owner.as_str(), Path::Field("userIDs")),
        (key.conversation_id.as_str(), Path::Conversation(CONVERSATION_ID)),
        (target.id(), Path::Conversation(target.id_name())),
    ];
    match ids.into_iter().find(|(id, _)| id.starts_with(is_blank) || id.ends_with(is_blank)) {
        Some((id, path)) => Err(ArgsError::new(path, Violation::Blank { got: Text::from(id) })),
        None => Ok(()),
    }
}

/// White space, and characters without a width that come with texts from files: among them the byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// An ID in the form of OpenIM's clients names a conversation of one kind. No client finds it under another.
fn check_kind(key: &Key, target: &Target) -> Result<(), ArgsError> {
    let id = &key.conversation_id;
    let rule: Cow<'static, str> = match target {
        Target::Single(peer) if id.is_reversed(&key.owner, peer) => {
            let right = ConversationId::single(&key.owner, peer);
            format!("must be {}: the users of a single chat are in byte order", Quoted(right.as_str())).into()
        }
        Target::Single(_) | Target::Notification(_) if id.names_group() => {
            "must not begin with sg_, which names groups, if conversationType is 1 or 4".into()
        }
        Target::OldGroup(_) | Target::Group(_) if id.names_single() => {
            "must not begin with si_, which names single chats, if conversationType is 2 or 3".into()
        }
        _ => return Ok(()),
    };
    Err(ArgsError::in_conversation(CONVERSATION_ID, Violation::Rule(rule)))
}

/// The owner's client looks for a single chat under the ID that it makes of the two users.
fn check_names(key: &Key, target: &Target) -> Result<(), ArgsError> {
    let (id, Target::Single(peer)) = (&key.conversation_id, target) else { return Ok(()) };
    let right = ConversationId::single(&key.owner, peer);
    if right == *id || id.other_party(&key.owner).is_none() {
        return Ok(());
    }
    let rule = format!("must be {} if userID is {}", Quoted(right.as_str()), Quoted(peer.as_str()));
    Err(ArgsError::in_conversation(CONVERSATION_ID, Violation::Rule(rule.into())))
}
