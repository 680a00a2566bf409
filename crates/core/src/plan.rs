//! From a checked request to the rows it touches, and from their outcomes to a report.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    Change, Effect, Key, Missing, Patch, Report, ReportEntry, Role, SetConversations, Target, UserId, Write, WriteBatch,
};

/// What `set_conversations` does for users who have not got the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfMissing {
    /// It is created from the defaults and the request's settings.
    #[default]
    Create,
    /// The request is rejected, and nothing is written for anybody.
    Reject,
}

impl SetConversations {
    /// Every row that the request touches, each once: the users' own, and where private chat is set in a single chat,
    /// the other party's, in that one field.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic: the keys are distinct by construction")]
    #[must_use]
    pub fn plan(&self, policy: IfMissing) -> WriteBatch {
        let own = Arc::new(self.own_change(&self.target, policy));
        let mut writes = Vec::with_capacity(self.sorted.len() + 2);
        for user in &self.sorted {
            let change = match (&self.target, &self.other) {
                (Target::Single(peer), Some(other)) if peer == user => {
                    Arc::new(self.own_change(&Target::Single(other.clone()), policy))
                }
                _ => own.clone(),
            };
            writes.push(Write { key: self.key(user), change });
        }
        writes.extend(self.peers().map(|(peer, target)| self.peer_write(peer, target)));
        WriteBatch::new(writes).expect("users are distinct, and a peer is none of them")
    }

    /// What happened, user by user, from the effects of the [planned](Self::plan) batch in its order.
    #[must_use]
    pub fn report(&self, batch: &WriteBatch, effects: &[Effect]) -> Report {
        let entry = |user: &UserId, role| {
            let position = batch.position(&self.key(user))?;
            let Effect { outcome, version } = *effects.get(position)?;
            Some(ReportEntry { user: user.clone(), role, outcome, version })
        };
        let users = self.users.iter().filter_map(|user| entry(user, Role::User));
        let peers = self.peers().filter_map(|(peer, _)| entry(peer, Role::Peer));
        Report { entries: users.chain(peers).collect() }
    }

    fn key(&self, user: &UserId) -> Key {
        Key::new(user.clone(), self.conversation_id.clone())
    }

    fn own_change(&self, target: &Target, policy: IfMissing) -> Change {
        let missing = match policy {
            IfMissing::Create => Missing::Create(target.clone()),
            IfMissing::Reject => Missing::Reject,
        };
        Change::Set { patch: self.patch.clone(), missing }
    }

    /// Those who share the users' private chat without being users themselves, each with whom they see: at most the
    /// two participants of a single chat.
    fn peers(&self) -> impl Iterator<Item = (&UserId, &UserId)> {
        let pair = match (&self.target, &self.other, self.patch.is_private_chat) {
            (Target::Single(peer), Some(other), Some(_)) => Some((peer, other)),
            _ => None,
        };
        // The peer shares it with every user but itself, the other participant with the peer.
        let peer = pair.filter(|(peer, _)| !self.has_user(peer));
        let other = pair.filter(|(peer, other)| self.has_user(peer) && !self.has_user(other));
        peer.into_iter().chain(other.map(|(peer, other)| (other, peer)))
    }

    /// Private chat is shared by both; pin, mute and the rest are the owner's private business.
    fn peer_write(&self, peer: &UserId, target: &UserId) -> Write {
        let patch = Patch { is_private_chat: self.patch.is_private_chat, ..Patch::KEEP };
        let missing = Missing::Create(Target::Single(target.clone()));
        Write { key: self.key(peer), change: Arc::new(Change::Set { patch, missing }) }
    }
}
