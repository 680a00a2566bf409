//! Writes by each use case that writes.

use conversation_settings_core::{
    ConversationId, CustomName, CustomPatch, CustomText, CustomValue, GroupId, Patch, SetConversations, Text, UserId,
};
use conversation_settings_service::{Context, CustomSetting, CustomSettings, Service, ServiceError};
use conversation_settings_testkit::{
    history::World,
    proptest::{collection::vec, option, prelude::*},
    strategies::Sizes,
};

/// How many owners a [`World`] has.
const OWNERS: usize = 4;
const GROUPS: [&str; 3] = ["1", "$g.2", "🦀"];

/// A write by one of the use cases, with owners and groups by their numbers.
#[derive(Clone, Debug)]
pub(super) enum Writing {
    SetGroup { users: Vec<usize>, group: usize, patch: Patch },
    SetSingle { user: usize, peer: usize, patch: Patch },
    CreateSingle { one: usize, other: usize },
    OpenGroup { group: usize, members: Vec<usize> },
    SetFields { group: usize, owners: Vec<usize>, patch: Patch },
    SetExForPeers { user: usize, ex: Text },
    Remove { owner: usize, groups: Vec<usize>, peer: usize },
    RemoveForOwners { group: usize, owners: Vec<usize> },
}

pub(super) fn writing() -> BoxedStrategy<Writing> {
    let group = || 0..GROUPS.len();
    let some = || vec(owner(), 1..4);
    let two = || (owner(), 1..OWNERS).prop_map(|(one, apart)| (one, (one + apart) % OWNERS));
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
        1 => (owner(), "[a-c]?").prop_map(|(user, ex)| Writing::SetExForPeers { user, ex: ex.into() }),
        4 => (owner(), vec(group(), 0..3), owner())
            .prop_map(|(owner, groups, peer)| Writing::Remove { owner, groups, peer }),
        1 => (group(), some()).prop_map(|(group, owners)| Writing::RemoveForOwners { group, owners }),
    ]
    .boxed()
}

fn owner() -> impl Strategy<Value = usize> {
    0..OWNERS
}

/// Short texts, so that some writes are no-ops. Of the host's own settings, those that are [`declared`].
fn patch() -> impl Strategy<Value = Patch> {
    let patch = Sizes { text: (0..=1).into(), ..Sizes::default() }.patch();
    (patch, option::of(custom())).prop_map(|(mut patch, custom)| {
        patch.custom = custom;
        patch
    })
}

/// The settings of the host's own that writes set.
pub(super) fn declared() -> CustomSettings {
    let theme = CustomSettings::new().declare("theme", CustomSetting::text(1)).unwrap();
    theme.declare("folder", CustomSetting::integer(0..=1)).unwrap()
}

fn custom() -> impl Strategy<Value = CustomPatch> {
    let theme = "[ab]".prop_map(|text| ("theme", CustomValue::Text(CustomText::new(text).unwrap())));
    let folder = (0..=1_i64).prop_map(|number| ("folder", CustomValue::Integer(number)));
    let change = (prop_oneof![theme, folder], any::<bool>())
        .prop_map(|((name, value), is_removal)| (CustomName::new(name).unwrap(), (!is_removal).then_some(value)));
    vec(change, 0..3).prop_map(|changes| changes.into_iter().collect())
}

impl Writing {
    /// Makes the write, and repeats it after retryable errors.
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
        let context = &Context::admin(UserId::new("imAdmin").unwrap());
        match self {
            Self::SetGroup { users, group, patch } => {
                let set =
                    SetConversations::group(&group_id(world, *group)).users(&some(world, users)).patch(client(patch));
                service.set(context, set.build()?).await.map(drop)
            }
            Self::SetSingle { user, peer, patch } => {
                let (user, peer) = (nth(world, *user), nth(world, *peer));
                let set = SetConversations::single(user, peer).users([user]).patch(client(patch));
                service.set(context, set.build()?).await.map(drop)
            }
            Self::CreateSingle { one, other } => {
                service.create_single_chat(context, nth(world, *one), nth(world, *other)).await.map(drop)
            }
            Self::OpenGroup { group, members } => {
                let (group, members) = (group_id(world, *group), some(world, members));
                service.open_group_conversation(context, &group, &members).await.map(drop)
            }
            Self::SetFields { group, owners, patch } => {
                let (id, owners) = (group_conversation(world, *group), some(world, owners));
                service.set_fields(context, &id, &owners, patch.clone()).await.map(drop)
            }
            Self::SetExForPeers { user, ex } => {
                service.set_ex_for_peers(context, nth(world, *user), ex.clone()).await.map(drop)
            }
            Self::Remove { owner, groups, peer } => {
                let (owner, peer) = (nth(world, *owner), nth(world, *peer));
                let groups = groups.iter().map(|group| group_conversation(world, *group));
                let ids: Vec<_> = groups.chain([ConversationId::single(owner, peer)]).collect();
                service.remove(context, owner, &ids).await.map(drop)
            }
            Self::RemoveForOwners { group, owners } => {
                let (id, owners) = (group_conversation(world, *group), some(world, owners));
                service.remove_conversation(context, &id, &owners).await.map(drop)
            }
        }
    }
}

fn nth(world: &World, owner: usize) -> &UserId {
    &world.owners()[owner]
}

fn some(world: &World, owners: &[usize]) -> Vec<UserId> {
    owners.iter().map(|owner| nth(world, *owner).clone()).collect()
}

fn group_id(world: &World, group: usize) -> GroupId {
    GroupId::new(format!("{}/{}", world.name(), GROUPS[group])).unwrap()
}

fn group_conversation(world: &World, group: usize) -> ConversationId {
    ConversationId::group(&group_id(world, group))
}

/// The fields of `patch` that a client may set.
fn client(patch: &Patch) -> Patch {
    let fields = patch.values().filter(|(field, _)| field.is_client());
    fields.fold(Patch::KEEP, |patch, (field, value)| patch.with(field, value).expect("is of its kind"))
}
