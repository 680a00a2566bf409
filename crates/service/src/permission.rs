//! Who may do what.

use std::{error::Error, fmt::Debug};

use async_trait::async_trait;
use conversation_settings_core::{ConversationId, Field, Report, SetConversations, Target, UserId};

use crate::{Caller, Context, Service, ServiceError};

/// Decides who may do what.
///
/// A host grants more than [`OwnerOrAdmin`] does, or less. This one also lets a group's owner mute the members:
///
/// ```
/// use std::{
///     collections::{HashMap, HashSet},
///     sync::Arc,
/// };
///
/// use conversation_settings_core::{ConversationId, Field, GroupId, Mask, SetConversations, UserId};
/// use conversation_settings_service::{Action, Authorize, Context, OwnerOrAdmin, Service, ServiceError};
/// use conversation_settings_store_memory::MemoryStore;
///
/// #[derive(Debug)]
/// struct Group {
///     owner: UserId,
///     members: HashSet<UserId>,
/// }
///
/// #[derive(Debug)]
/// struct Groups(HashMap<GroupId, Group>);
///
/// impl Groups {
///     /// Whether `user` owns the group, and `set` mutes its members alone, in the group's own conversation.
///     fn mutes_members(&self, user: &UserId, set: &SetConversations) -> bool {
///         let Some((id, group)) = set.target().group_id().and_then(|id| self.0.get_key_value(id)) else { return false };
///         group.owner == *user
///             && set.mask() == Mask::from(Field::RecvMsgOpt)
///             && *set.conversation_id() == ConversationId::group(id)
///             && set.users().iter().all(|user| group.members.contains(user))
///     }
/// }
///
/// #[async_trait::async_trait]
/// impl Authorize for Groups {
///     async fn authorize(&self, context: &Context, action: Action<'_>) -> Result<(), ServiceError> {
///         match action {
///             Action::Set(set) if self.mutes_members(context.caller.user_id(), set) => Ok(()),
///             _ => OwnerOrAdmin.authorize(context, action).await,
///         }
///     }
/// }
///
/// let (alice, bob) = (UserId::new("alice")?, UserId::new("bob")?);
/// let team = Group { owner: alice.clone(), members: HashSet::from([alice, bob]) };
/// let groups = Groups(HashMap::from([(GroupId::new("team")?, team)]));
/// let service = Service::builder(MemoryStore::new()).authorize(Arc::new(groups)).build();
/// # drop(service);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Authorize: Debug + Send + Sync + 'static {
    /// Grants `action` to the caller of `context`, or refuses it. The service asks before each call, and does nothing for
    /// a caller who is refused.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoPermission`] refuses; its `rule` is what the caller learns. [`AuthorizeError`] says that it cannot be decided now.
    async fn authorize(&self, context: &Context, action: Action<'_>) -> Result<(), ServiceError>;
}

/// What a caller wants to do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Action<'a> {
    /// Read the conversations of this user, their versions and their changes.
    Read(&'a UserId),
    /// Set these fields for these users, or preview that.
    ///
    /// The conversation's ID says what is set. The target is only what the caller says: an existing conversation keeps its
    /// own. A rule about a group checks both.
    Set(&'a SetConversations),
    /// Remove conversations of this user.
    Remove(&'a UserId),
    /// Set the extension in the peers' views of this user's single chats.
    SetExForPeers(&'a UserId),
    /// Make one of the host's own calls, such as [`create_single_chat`](Service::create_single_chat).
    Administer,
}

/// It cannot be decided now who may do what.
#[derive(Debug, thiserror::Error)]
#[error("the caller's permissions cannot be read")]
#[expect(clippy::exhaustive_structs, reason = "it carries the host's error and nothing else")]
pub struct AuthorizeError(#[source] pub Box<dyn Error + Send + Sync>);

/// The rules unless the host has others: administrators may do anything; users may read, set and remove their own
/// conversations, and set private chat, which the counterpart shares, only in the single chat whose ID names the two.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no options")]
pub struct OwnerOrAdmin;

#[async_trait]
impl Authorize for OwnerOrAdmin {
    async fn authorize(&self, context: &Context, action: Action<'_>) -> Result<(), ServiceError> {
        let Caller::User(user) = &context.caller else { return Ok(()) };
        match action {
            Action::Read(owner) | Action::Remove(owner) | Action::SetExForPeers(owner) => check_owner(user, owner),
            Action::Set(set) => check_set(user, set),
            Action::Administer => refuse(user, "must be an administrator"),
        }
    }
}

fn check_owner(user: &UserId, owner: &UserId) -> Result<(), ServiceError> {
    if user == owner { Ok(()) } else { refuse(user, "may only use their own conversations") }
}

fn check_set(user: &UserId, set: &SetConversations) -> Result<(), ServiceError> {
    set.users().iter().try_for_each(|owner| check_owner(user, owner))?;
    if !set.mask().contains(Field::IsPrivateChat) {
        return Ok(());
    }
    match set.target_of(user) {
        Target::Single(peer) if ConversationId::single(user, &peer) == *set.conversation_id() => Ok(()),
        _ => refuse(user, "may only set private chat in a single chat of their own"),
    }
}

fn refuse(caller: &UserId, rule: &'static str) -> Result<(), ServiceError> {
    Err(ServiceError::NoPermission { caller: caller.clone(), rule })
}

impl Service {
    /// Checks that the caller may do `action`. Every call checks this itself.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoPermission`], or the [`Authorize`] port's failure.
    pub async fn authorize(&self, context: &Context, action: Action<'_>) -> Result<(), ServiceError> {
        self.inner.authorize.authorize(context, action).await
    }
}

impl Caller {
    /// Whether the caller may know what happened to the views of others. Outcomes and versions of a peer reveal whether
    /// the peer has the conversation, and how often the peer changes anything.
    pub(crate) const fn sees_peers(&self) -> bool {
        self.is_admin()
    }

    /// As much of `report` as the caller may know.
    pub(crate) fn visible(&self, report: Report) -> Report {
        if self.sees_peers() { report } else { report.without_peers_outcomes() }
    }
}
