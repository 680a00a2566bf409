//! The request `set_conversations`, from what a client may send to a value that cannot be wrong.

use alloc::vec::Vec;
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    ArgsError, ConversationId, ConversationReq, Field, GroupId, Mask, Patch, Path, Target, Text, UserId, Value,
    Violation,
};

/// The request as a client may send it: nothing is checked yet.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SetConversationsRequest {
    /// The users whose own view of the conversation is set.
    #[serde(rename = "userIDs")]
    pub user_ids: Option<Vec<Text>>,
    /// What to set.
    #[serde(deserialize_with = "object_or_null")]
    pub conversation: Option<ConversationReq>,
    /// Whether the answer is to tell what happened to each user; an extension of OpenIM's request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<bool>,
    /// Whether to tell what would happen to each user, and write nothing; an extension of OpenIM's request.
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

impl SetConversationsRequest {
    /// Whether nothing is to be written.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// Whether the answer is to carry the report: where it is asked for, or is all that there is.
    #[must_use]
    pub fn wants_report(&self) -> bool {
        self.report == Some(true) || self.is_dry_run()
    }
}

/// Reads a struct from an object, and not, as derived code would, from an array of its fields as well.
fn object_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ConversationReq>, D::Error> {
    struct ObjectOrNull;

    impl<'de> Visitor<'de> for ObjectOrNull {
        type Value = Option<ConversationReq>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            ConversationReq::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(ObjectOrNull)
}

/// How much one request may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most entries in `userIDs`, duplicates counted.
    pub max_users: usize,
    /// The longest `ex` or `attachedInfo`, in bytes of UTF-8.
    pub max_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_users: 10_000, max_text_bytes: 65_536 }
    }
}

impl Limits {
    /// Every text that `patch` sets is within the limit.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] for the first, in the table's order, that is not.
    pub fn check(&self, patch: &Patch) -> Result<(), ArgsError> {
        for (field, value) in patch.values() {
            if let Value::Text(text) = value {
                if text.len() > self.max_text_bytes {
                    let problem = Violation::TooLong { limit: self.max_text_bytes, got: text.len() };
                    return Err(ArgsError::in_conversation(field.wire_name(), problem));
                }
            }
        }
        Ok(())
    }
}

/// A checked request: which users, which conversation, which settings.
#[derive(Clone, Debug, PartialEq)]
pub struct SetConversations {
    /// Each user once, in the order of the request.
    pub(crate) users: Vec<UserId>,
    /// The same users in byte order.
    pub(crate) sorted: Vec<UserId>,
    pub(crate) conversation_id: ConversationId,
    /// Whom the conversation is with, as seen by everybody but that target itself.
    pub(crate) target: Target,
    /// Whom a single chat's peer sees: known wherever it is needed.
    pub(crate) other: Option<UserId>,
    pub(crate) patch: Patch,
}

impl SetConversations {
    /// Checks a request.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] for the first argument that cannot be accepted: an absent or empty one, an ID that is none, a
    /// setting out of range, a list or text past `limits`, or a single chat whose participants cannot be told.
    pub fn parse(request: SetConversationsRequest, limits: &Limits) -> Result<Self, ArgsError> {
        let (users, sorted) = users(request.user_ids, limits)?;
        let conversation = request.conversation.ok_or_else(|| ArgsError::new("conversation", Violation::Required))?;
        let patch = conversation.patch()?;
        limits.check(&patch)?;
        let conversation_id = required(conversation.conversation_id, "conversationID", ConversationId::new)?;
        let target = target(conversation.conversation_type, conversation.user_id, conversation.group_id)?;
        let other = match &target {
            Target::Single(peer) => other_party(&conversation_id, peer, &sorted, &patch)?,
            _ if patch.is_private_chat == Some(true) => {
                let rule = "may be true only in a single chat (conversationType 1)";
                return Err(ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule));
            }
            _ => None,
        };
        Ok(Self { users, sorted, conversation_id, target, other, patch })
    }

    /// Each user once, in the order of the request.
    #[must_use]
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// The conversation.
    #[must_use]
    pub const fn conversation_id(&self) -> &ConversationId {
        &self.conversation_id
    }

    /// The target as the request names it.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Whom the conversation is with, as `user` sees it: a single chat's peer sees the other participant.
    #[must_use]
    pub fn target_of(&self, user: &UserId) -> Target {
        match (&self.target, &self.other) {
            (Target::Single(peer), Some(other)) if peer == user => Target::Single(other.clone()),
            (target, _) => target.clone(),
        }
    }

    /// What is set.
    #[must_use]
    pub const fn patch(&self) -> &Patch {
        &self.patch
    }

    /// The fields that are set.
    #[must_use]
    pub fn mask(&self) -> Mask {
        self.patch.mask()
    }

    /// Whether `user` is one of the users, and not just a peer.
    #[must_use]
    pub fn has_user(&self, user: &UserId) -> bool {
        self.sorted.binary_search(user).is_ok()
    }
}

fn users(user_ids: Option<Vec<Text>>, limits: &Limits) -> Result<(Vec<UserId>, Vec<UserId>), ArgsError> {
    let user_ids = user_ids.ok_or_else(|| ArgsError::new("userIDs", Violation::Required))?;
    if user_ids.is_empty() {
        return Err(ArgsError::new("userIDs", Violation::Empty));
    }
    if user_ids.len() > limits.max_users {
        let problem = Violation::TooMany { limit: limits.max_users, got: user_ids.len() };
        return Err(ArgsError::new("userIDs", problem));
    }
    let at = |(index, text)| UserId::new(text).map_err(|error| ArgsError::new(Path::Element("userIDs", index), error));
    let users: Vec<UserId> = user_ids.into_iter().enumerate().map(at).collect::<Result<_, _>>()?;
    Ok(distinct(users))
}

/// `users` with only the first of each, and the same in byte order.
fn distinct(mut users: Vec<UserId>) -> (Vec<UserId>, Vec<UserId>) {
    let mut sorted = users.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < users.len() {
        let mut seen = alloc::vec![false; sorted.len()];
        users.retain(|user| {
            let rank = sorted.binary_search(user);
            rank.is_ok_and(|rank| !core::mem::replace(&mut seen[rank], true))
        });
    }
    (users, sorted)
}

fn required<T>(
    text: Option<Text>,
    name: &'static str,
    parse: impl FnOnce(Text) -> Result<T, crate::IdError>,
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
            let problem = crate::ValueError::NotOneOf { allowed: "1, 2, 3, 4", got: got.into() };
            Err(ArgsError::in_conversation(NAME, problem))
        }
    }
}

/// Whom `peer` sees in its own view. It is told from the conversation's ID, or, where a host names its conversations
/// otherwise, is the only other user. Needed when the peer's view is written: as a user, or for private chat.
fn other_party(
    conversation_id: &ConversationId,
    peer: &UserId,
    users: &[UserId],
    patch: &Patch,
) -> Result<Option<UserId>, ArgsError> {
    let mut others = users.iter().filter(|user| *user != peer);
    let only_other = others.next().filter(|_| others.next().is_none());
    let other = conversation_id.other_party(peer).or_else(|| only_other.cloned());
    let is_needed = patch.is_private_chat.is_some() || users.binary_search(peer).is_ok();
    match other {
        _ if !is_needed => Ok(None),
        Some(other) if other != *peer => Ok(Some(other)),
        _ => {
            let rule = "must be the other party: conversationID and userIDs do not tell whom this user chats with";
            Err(ArgsError::in_conversation("userID", rule))
        }
    }
}
