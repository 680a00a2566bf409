//! From a checked request to the rows that it writes, and from their effects to a report.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    ArgsError, Change, Effect, Key, Missing, Patch, Path, Report, ReportEntry, Role, SetConversations, Target, UserId,
    Violation, Write, WriteBatch,
};

/// What `set_conversations` does for users who do not have the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a conversation is created or the request is rejected")]
pub enum IfMissing {
    /// Creates the conversation from the defaults and the request's settings.
    #[default]
    Create,
    /// Rejects the request; nothing is written for any user.
    Reject,
}

/// Checks that clients find a conversation that is created.
type CheckNew = fn(&Key, &Target) -> Result<(), ArgsError>;

impl SetConversations {
    /// The batch that the request writes. It has each user's own row and, if private chat is set in a single chat, the
    /// counterpart's row in that one field. The counterpart's row follows what changes for the users: it is created only
    /// when private chat is turned on, and a request that changes no user's private chat leaves it alone.
    ///
    /// A conversation that clients would not find is not created, and rejects the batch: see [`Key::check_new`].
    #[must_use]
    pub fn plan(&self, policy: IfMissing) -> WriteBatch {
        self.plan_checked(policy, Key::check_new)
    }

    /// The [batch](Self::plan) for a caller who is not an administrator, and so sets conversations of their own. It creates
    /// no conversation whose ID names another single chat: see [`Key::check_new_of_owner`].
    #[must_use]
    pub fn plan_of_owner(&self, policy: IfMissing) -> WriteBatch {
        self.plan_checked(policy, Key::check_new_of_owner)
    }

    fn plan_checked(&self, policy: IfMissing, check: CheckNew) -> WriteBatch {
        let own = Arc::new(self.own_change(policy, Missing::Create(self.target.clone())));
        let mut writes = Vec::with_capacity(self.sorted.len() + 2);
        for user in &self.sorted {
            let key = self.key(user);
            let change = match (&self.target, &self.counterpart) {
                (Target::Single(peer), Some(counterpart)) if peer == user => {
                    let missing = self.create(&key, Target::Single(counterpart.clone()), check);
                    Arc::new(self.own_change(policy, missing))
                }
                _ => match self.check_new(&key, &self.target, check) {
                    Ok(()) => own.clone(),
                    Err(error) => Arc::new(self.own_change(policy, Missing::Invalid(error))),
                },
            };
            writes.push(Write { key, change });
        }
        writes.extend(self.peers().map(|(peer, counterpart)| self.peer_write(peer, counterpart, check)));
        WriteBatch::new(writes).expect("users are distinct, and a peer is not one of them")
    }

    /// Reports the effects of the [planned](Self::plan) batch: the users in the order of the request, then their peers.
    #[must_use]
    pub fn report(&self, batch: &WriteBatch, effects: &[Effect]) -> Report {
        let entry = |user: &UserId, role| {
            let position = batch.position(&self.key(user))?;
            let counterpart = self.patch.is_private_chat.and_then(|_| self.counterpart_of(user));
            Some(ReportEntry::of_write(&batch.writes()[position], *effects.get(position)?, role, counterpart))
        };
        let users = self.users().iter().filter_map(|user| entry(user, Role::User));
        let peers = self.peers().filter_map(|(peer, _)| entry(peer, Role::Peer));
        users.chain(peers).collect()
    }

    fn key(&self, user: &UserId) -> Key {
        Key::new(user.clone(), self.conversation_id.clone())
    }

    fn own_change(&self, policy: IfMissing, create: Missing) -> Change {
        let missing = match policy {
            IfMissing::Create => create,
            IfMissing::Reject => Missing::Reject,
        };
        Change::Set { patch: self.patch.clone(), missing }
    }

    /// Creates the conversation, if clients find it.
    fn create(&self, key: &Key, target: Target, check: CheckNew) -> Missing {
        match self.check_new(key, &target, check) {
            Ok(()) => Missing::Create(target),
            Err(error) => Missing::Invalid(error),
        }
    }

    /// Checks that clients find the conversation, if the request can create it.
    fn check_new(&self, key: &Key, target: &Target, check: CheckNew) -> Result<(), ArgsError> {
        if self.patch.is_empty() {
            return Ok(());
        }
        check(key, target).map_err(|error| self.locate(error))
    }

    /// `error` with the path at which this request has the ID: the owner of one row is the target of another.
    fn locate(&self, error: ArgsError) -> ArgsError {
        let Violation::Blank { got } = &error.problem else { return error };
        let is_user = self.sorted.binary_search_by(|user| user.as_str().cmp(got)).is_ok();
        let path = match &self.target {
            // Without a position, because the batch does not depend on the order of the users.
            _ if is_user => Path::Field("userIDs"),
            target if *target.id() == **got => Path::Conversation(target.id_name()),
            _ => Path::Conversation("conversationID"),
        };
        ArgsError { path, ..error }
    }

    /// The participant that `user` sees in a single chat.
    fn counterpart_of(&self, user: &UserId) -> Option<&UserId> {
        match &self.target {
            Target::Single(peer) if peer == user => self.counterpart.as_ref(),
            Target::Single(peer) => Some(peer),
            Target::OldGroup(_) | Target::Group(_) | Target::Notification(_) => None,
        }
    }

    /// Participants that share the users' private chat without being users themselves, each with the participant that
    /// they see: at most the two of a single chat.
    fn peers(&self) -> impl Iterator<Item = (&UserId, &UserId)> {
        let pair = match (&self.target, &self.counterpart, self.patch.is_private_chat) {
            (Target::Single(peer), Some(counterpart), Some(_)) => Some((peer, counterpart)),
            _ => None,
        };
        // The peer shares private chat with every user but itself, the counterpart with the peer.
        let peer = pair.filter(|(peer, _)| !self.has_user(peer));
        let counterpart = pair.filter(|(peer, counterpart)| self.has_user(peer) && !self.has_user(counterpart));
        peer.into_iter().chain(counterpart.map(|(peer, counterpart)| (counterpart, peer)))
    }

    /// Both participants share private chat alone; every other setting is the owner's.
    fn peer_write(&self, peer: &UserId, counterpart: &UserId, check: CheckNew) -> Write {
        let patch = Patch { is_private_chat: self.patch.is_private_chat, ..Patch::KEEP };
        let key = self.key(peer);
        let missing = self.create(&key, Target::Single(counterpart.clone()), check);
        let change = Change::Follow { patch, missing, owners: self.sorted.as_slice().into() };
        Write { key, change: Arc::new(change) }
    }
}
