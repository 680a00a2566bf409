//! What happens on the server between two syncs.

use std::fmt;

use conversation_settings_core::{ConversationId, GroupId, Patch, SetConversations, Text, UserId};
use conversation_settings_service::{Context, Service, ServiceError};
use proptest::{collection::vec, prelude::*};

use crate::{fixtures::user, strategies::Sizes};

/// What the users' IDs end with: of either case, syntax of some language, of several bytes.
const OWNERS: [&str; 4] = ["a", "A", "$b.c", "é"];
const GROUPS: [&str; 3] = ["1", "$g.2", "🦀"];

/// A few users and groups, named by their number in what happens, so that the same can happen to others.
#[derive(Debug)]
pub(super) struct World {
    owners: Vec<UserId>,
    groups: Vec<GroupId>,
}

/// One step of a history.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Writing),
    /// A client syncs.
    Sync {
        client: usize,
    },
    /// A client loses what it holds.
    Forget {
        client: usize,
    },
    /// The store forgets what went up to a version.
    Prune {
        owner: usize,
        through: u64,
    },
}

/// A write, by each of the use cases that write.
#[derive(Clone, Debug)]
pub(super) enum Writing {
    SetGroup { users: Vec<usize>, group: usize, patch: Patch },
    SetSingle { user: usize, peer: usize, patch: Patch },
    CreateSingle { one: usize, other: usize },
    OpenGroup { group: usize, members: Vec<usize> },
    SetFields { group: usize, owners: Vec<usize>, patch: Patch },
    ByUser { user: usize, ex: Text },
    Delete { owner: usize, groups: Vec<usize>, peer: usize },
    Remove { group: usize, owners: Vec<usize> },
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => writing().prop_map(Step::Write),
        10 => any::<u8>().prop_map(|client| Step::Sync { client: client.into() }),
        1 => any::<u8>().prop_map(|client| Step::Forget { client: client.into() }),
        1 => (owner(), 0..12_u64).prop_map(|(owner, through)| Step::Prune { owner, through }),
    ]
}

pub(super) fn writing() -> impl Strategy<Value = Writing> {
    let group = || 0..GROUPS.len();
    let some = || vec(owner(), 1..4);
    let two = || (owner(), 1..OWNERS.len()).prop_map(|(one, apart)| (one, (one + apart) % OWNERS.len()));
    prop_oneof![
        6 => (some(), group(), patch()).prop_map(|(users, group, mut patch)| {
            patch.is_private_chat = None;
            Writing::SetGroup { users, group, patch }
        }),
        4 => (two(), patch()).prop_map(|((user, peer), patch)| Writing::SetSingle { user, peer, patch }),
        1 => two().prop_map(|(one, other)| Writing::CreateSingle { one, other }),
        1 => (group(), some()).prop_map(|(group, members)| Writing::OpenGroup { group, members }),
        1 => (group(), some(), patch()).prop_map(|(group, owners, mut patch)| {
            patch.is_private_chat = None;
            Writing::SetFields { group, owners, patch }
        }),
        1 => (owner(), "[a-c]?").prop_map(|(user, ex)| Writing::ByUser { user, ex: ex.into() }),
        4 => (owner(), vec(group(), 0..3), owner())
            .prop_map(|(owner, groups, peer)| Writing::Delete { owner, groups, peer }),
        1 => (group(), some()).prop_map(|(group, owners)| Writing::Remove { group, owners }),
    ]
}

fn owner() -> impl Strategy<Value = usize> {
    0..OWNERS.len()
}

/// Few fields and short texts: what matters here is that something changes, or does not.
fn patch() -> impl Strategy<Value = Patch> {
    Sizes { text: (0..=1).into(), ..Sizes::default() }.patch()
}

impl World {
    /// The world of this name: worlds of different names have no user and no conversation in common, so one store serves
    /// many.
    pub(super) fn new(name: impl fmt::Display) -> Self {
        Self {
            owners: OWNERS.iter().map(|owner| user(format!("{name}/{owner}"))).collect(),
            groups: GROUPS.iter().map(|group| GroupId::new(format!("{name}/{group}")).expect("is an ID")).collect(),
        }
    }

    pub(super) fn owners(&self) -> &[UserId] {
        &self.owners
    }

    pub(super) fn owner(&self, number: usize) -> &UserId {
        &self.owners[number]
    }

    fn some(&self, numbers: &[usize]) -> Vec<UserId> {
        numbers.iter().map(|number| self.owners[*number].clone()).collect()
    }

    fn group(&self, number: usize) -> ConversationId {
        ConversationId::group(&self.groups[number])
    }
}

impl Writing {
    /// Does it, trying again where the store says that it may be done later.
    pub(super) async fn run(&self, service: &Service, world: &World) -> Result<(), ServiceError> {
        const ATTEMPTS: usize = 20;
        let mut attempt = 1;
        loop {
            match self.try_once(service, world).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_once(&self, service: &Service, world: &World) -> Result<(), ServiceError> {
        let context = &Context::admin(user("imAdmin"));
        match self {
            Self::SetGroup { users, group, patch } => {
                let set = SetConversations::group(&world.groups[*group]).users(&world.some(users)).patch(client(patch));
                service.set(context, set.build()?).await.map(drop)
            }
            Self::SetSingle { user, peer, patch } => {
                let (user, peer) = (world.owner(*user), world.owner(*peer));
                let set = SetConversations::single(user, peer).users([user]).patch(client(patch));
                service.set(context, set.build()?).await.map(drop)
            }
            Self::CreateSingle { one, other } => {
                service.create_single_chat(context, world.owner(*one), world.owner(*other)).await.map(drop)
            }
            Self::OpenGroup { group, members } => {
                let (group, members) = (&world.groups[*group], world.some(members));
                service.open_group_conversation(context, group, &members).await.map(drop)
            }
            Self::SetFields { group, owners, patch } => {
                let (id, owners) = (world.group(*group), world.some(owners));
                service.set_fields(context, &id, &owners, patch.clone()).await.map(drop)
            }
            Self::ByUser { user, ex } => {
                service.set_ex_for_peers(context, world.owner(*user), ex.clone()).await.map(drop)
            }
            Self::Delete { owner, groups, peer } => {
                let (owner, peer) = (world.owner(*owner), world.owner(*peer));
                let groups = groups.iter().map(|group| world.group(*group));
                let ids: Vec<_> = groups.chain([ConversationId::single(owner, peer)]).collect();
                service.remove(context, owner, &ids).await.map(drop)
            }
            Self::Remove { group, owners } => {
                let (id, owners) = (world.group(*group), world.some(owners));
                service.remove_conversation(context, &id, &owners).await.map(drop)
            }
        }
    }
}

/// The fields of `patch` that a client may set.
fn client(patch: &Patch) -> Patch {
    let fields = patch.values().filter(|(field, _)| field.is_client());
    fields.fold(Patch::KEEP, |patch, (field, value)| patch.with(field, value).expect("is of its kind"))
}
