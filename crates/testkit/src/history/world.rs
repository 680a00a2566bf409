//! A few users and conversations.

use std::{collections::BTreeMap, fmt, ops::Range};

use conversation_settings_core::{
    Change, ConversationId, Field, Key, Missing, Patch, Settings, UserId, Version, Write, WriteBatch,
};
use conversation_settings_store::{Filter, PageRequest};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::Call;
use crate::{
    fixtures::{conversation, user},
    strategies::{Sizes, field, field_value, timestamp},
};

/// A few users and conversations, so that the calls of a history meet each other.
#[derive(Clone, Debug)]
pub struct World {
    name: String,
    owners: Vec<UserId>,
    ids: Vec<ConversationId>,
}

/// The ends of the users' IDs: both cases, syntax of a query language, characters of several bytes.
pub(crate) const OWNERS: [&str; 4] = ["a", "A", "$b.c", "é"];
pub(crate) const IDS: [&str; 5] = ["sg_1", "SG_1", "$sg.2", "sg_🦀", "sg_1 "];
/// Versions that a short history may reach, and some later ones.
const VERSIONS: Range<u64> = 0..12;

impl World {
    /// The world called `name`, of at most 64 bytes. Worlds of different names have no user and no conversation in common,
    /// so that one store serves many.
    ///
    /// # Panics
    ///
    /// If no ID can begin with the name.
    #[must_use]
    pub fn new(name: impl fmt::Display) -> Self {
        Self {
            name: name.to_string(),
            owners: OWNERS.iter().map(|owner| user(format!("{name}/{owner}"))).collect(),
            ids: IDS.iter().map(|id| conversation(format!("{name}/{id}"))).collect(),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The users.
    #[must_use]
    pub fn owners(&self) -> &[UserId] {
        &self.owners
    }

    /// The conversations.
    #[must_use]
    pub fn conversation_ids(&self) -> &[ConversationId] {
        &self.ids
    }

    /// One of the users.
    pub fn owner(&self) -> BoxedStrategy<UserId> {
        select(self.owners.clone()).boxed()
    }

    /// One of the conversations.
    pub fn conversation_id(&self) -> BoxedStrategy<ConversationId> {
        select(self.ids.clone()).boxed()
    }

    /// One user's view of one of the conversations.
    pub fn key(&self) -> BoxedStrategy<Key> {
        (self.owner(), self.conversation_id()).prop_map(|(owner, id)| Key::new(owner, id)).boxed()
    }

    /// A batch. Some are rejected.
    pub fn batch(&self) -> BoxedStrategy<WriteBatch> {
        self.batch_of(prop_oneof![24 => harmless(), 2 => self.follower(), 1 => sizes().change()].boxed())
    }

    /// A batch that is never rejected.
    pub fn harmless_batch(&self) -> BoxedStrategy<WriteBatch> {
        self.batch_of(harmless().boxed())
    }

    /// A change that follows those of some of the users.
    fn follower(&self) -> impl Strategy<Value = Change> + use<> {
        let owners = prop::sample::subsequence(self.owners.clone(), 1..=self.owners.len());
        (of_one_field(), sizes().target(), owners).prop_map(|(mut patch, target, owners)| {
            patch.is_private_chat = None;
            Change::Follow { patch, missing: Missing::Create(target), owners: owners.into() }
        })
    }

    fn batch_of(&self, change: BoxedStrategy<Change>) -> BoxedStrategy<WriteBatch> {
        vec((self.key(), change), 0..6)
            .prop_map(|writes| {
                let distinct: BTreeMap<_, _> = writes.into_iter().collect();
                let writes = distinct.into_iter().map(|(key, change)| Write { key, change: change.into() });
                WriteBatch::new(writes.collect()).expect("each key is there once")
            })
            .boxed()
    }

    /// Any call.
    pub fn call(&self) -> BoxedStrategy<Call> {
        let list = (self.owner(), filter(), page(self.conversation_id()));
        let views = (self.conversation_id(), filter(), page(self.owner()));
        prop_oneof![
            10 => (self.batch(), timestamp()).prop_map(|(batch, at)| Call::Apply(batch, at)),
            2 => vec(self.key(), 0..6).prop_map(Call::Get),
            2 => list.prop_map(|(owner, filter, page)| Call::List(owner, filter, page)),
            2 => views.prop_map(|(id, filter, page)| Call::ListByConversation(id, filter, page)),
            1 => self.owner().prop_map(Call::Count),
            1 => self.owner().prop_map(Call::Version),
            4 => self.changes(),
            1 => (self.owner(), version()).prop_map(|(owner, through)| Call::Prune(owner, through)),
        ]
        .boxed()
    }

    /// A call whose answer is of one moment: a batch that is not rejected, or a read of one owner.
    pub(crate) fn call_of_one_moment(&self) -> BoxedStrategy<Call> {
        let changes = (self.owner(), version()).prop_map(|(owner, since)| Call::Changes {
            owner,
            since,
            is_stranger: false,
            limit: usize::MAX,
        });
        prop_oneof![
            6 => (self.harmless_batch(), timestamp()).prop_map(|(batch, at)| Call::Apply(batch, at)),
            2 => self.key().prop_map(|key| Call::Get(vec![key])),
            1 => self.owner().prop_map(Call::Count),
            1 => self.owner().prop_map(Call::Version),
            1 => changes,
        ]
        .boxed()
    }

    fn changes(&self) -> BoxedStrategy<Call> {
        let limit = prop_oneof![1 => 0..4_usize, 4 => Just(1_000)];
        (self.owner(), version(), prop::bool::weighted(0.1), limit)
            .prop_map(|(owner, since, is_stranger, limit)| Call::Changes { owner, since, is_stranger, limit })
            .boxed()
    }
}

/// Short texts, so that a failing history is readable.
fn sizes() -> Sizes {
    Sizes { text: (0..=4).into(), id: (1..=4).into(), ..Sizes::default() }
}

fn version() -> impl Strategy<Value = Version> {
    VERSIONS.prop_map(Version)
}

/// A change that is never rejected: it creates or skips a missing conversation, and makes no chat private.
pub(crate) fn harmless() -> impl Strategy<Value = Change> {
    let missing = prop_oneof![
        3 => sizes().target().prop_map(Missing::Create),
        1 => sizes().target().prop_map(Missing::CreateEvenIfEmpty),
        1 => Just(Missing::Skip),
    ];
    let set = (prop_oneof![2 => of_one_field(), 1 => sizes().patch()], missing).prop_map(|(mut patch, missing)| {
        patch.is_private_chat = None;
        Change::Set { patch, missing }
    });
    prop_oneof![3 => set, 1 => Just(Change::Remove)]
}

/// A patch of one field, often of its default.
fn of_one_field() -> impl Strategy<Value = Patch> {
    (field(), any::<bool>()).prop_flat_map(|(field, is_default)| {
        let default = Settings::default().get(field.into());
        let other = field_value(field).prop_map(move |value| with(field, &value));
        if is_default { Just(default).boxed() } else { other.boxed() }
    })
}

fn with(field: Field, value: &crate::strategies::OwnedValue) -> Patch {
    Patch::KEEP.with(field, value.value()).expect("the field takes it")
}

fn filter() -> impl Strategy<Value = Filter> {
    let both = (of_one_field(), of_one_field()).prop_map(|(is, is_not)| Filter { is, is_not });
    prop_oneof![
        2 => Just(Filter::ALL),
        1 => of_one_field().prop_map(Filter::is),
        1 => of_one_field().prop_map(Filter::is_not),
        1 => both,
    ]
}

fn page<K: Clone + fmt::Debug + 'static>(key: BoxedStrategy<K>) -> impl Strategy<Value = PageRequest<K>> {
    let limit = prop_oneof![4 => 1..4_usize, 1 => Just(0), 1 => Just(100)];
    (option::of(key), limit).prop_map(|(after, limit)| PageRequest { after, limit })
}
