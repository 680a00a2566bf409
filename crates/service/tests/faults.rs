//! Under a store that fails: no report and no event of what did not happen, and a retried call ends in the right state
//! with no event doubled.

use std::sync::{Arc, Mutex};

use conversation_settings_core::{
    ConversationId, GroupId, Key, Outcome, Patch, Report, Seq, SetConversations, Target, UserId, Version,
};
use conversation_settings_service::{Context, Event, EventKind, EventSink, Service, ServiceError};
use conversation_settings_store::{ConversationStore, ConversationStoreExt};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};

#[derive(Debug, Default)]
struct Events(Mutex<Vec<Event>>);

impl EventSink for Events {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Events {
    fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    fn versions_of(&self, owner: &UserId) -> Vec<u64> {
        self.all().iter().filter(|event| event.owner == *owner).map(|event| event.version.0).collect()
    }
}

/// A service in front of a store that fails as planned, and what lies behind and before it.
struct House {
    memory: Arc<MemoryStore>,
    faulty: Arc<FaultyStore>,
    events: Arc<Events>,
    service: Service,
}

impl House {
    fn new(plan: FaultPlan) -> Self {
        let memory = Arc::new(MemoryStore::new());
        let faulty = Arc::new(FaultyStore::new(memory.clone()).writes(plan));
        let events = Arc::new(Events::default());
        let service = Service::builder(faulty.clone()).events(events.clone()).build();
        Self { memory, faulty, events, service }
    }

    async fn set(&self, users: &[UserId], conversation: &str, min_seq: i64) -> Result<Report, ServiceError> {
        set(&self.service, users, conversation, min_seq).await
    }

    async fn stored(&self, owner: &UserId, conversation: &str) -> Option<i64> {
        let key = Key::new(owner.clone(), ConversationId::new(conversation).unwrap());
        Some(self.memory.get_one(key).await.unwrap()?.settings.min_seq.get())
    }

    async fn version(&self, owner: &UserId) -> Version {
        self.memory.version(owner).await.unwrap().version
    }
}

async fn set(service: &Service, users: &[UserId], conversation: &str, min_seq: i64) -> Result<Report, ServiceError> {
    let id = ConversationId::new(conversation).unwrap();
    let set = SetConversations::conversation(id, Target::Group(GroupId::new("team").unwrap()));
    let set = set.users(users).patch(Patch::KEEP.min_seq(Seq::try_from(min_seq).unwrap())).build().unwrap();
    service.set(&Context::admin(UserId::new("imAdmin").unwrap()), set).await
}

fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| UserId::new(*name).unwrap()).collect()
}

#[tokio::test]
async fn a_call_that_was_not_done_is_done_by_a_retry_and_told_once() {
    for fault in [Fault::FailBefore, Fault::Conflict] {
        let (house, users) = (House::new(FaultPlan::script([fault])), users(&["alice", "bob"]));
        let error = house.set(&users, "sg_team", 7).await.unwrap_err();
        assert!(error.is_retryable(), "{fault:?}: {error}");
        assert_eq!(house.stored(&users[0], "sg_team").await, None);
        assert_eq!(house.events.all(), [], "{fault:?}");

        let report = house.set(&users, "sg_team", 7).await.unwrap();
        assert!(report.entries.iter().all(|entry| entry.outcome == Outcome::Created));
        assert_eq!(house.stored(&users[1], "sg_team").await, Some(7));
        for user in &users {
            assert_eq!(house.events.versions_of(user), [1], "{fault:?}");
        }
    }
}

/// The one case in which an event is missing: the service cannot tell that something happened. Whoever must miss none
/// sees by the version of the next event that there was one.
#[tokio::test]
async fn a_call_whose_answer_was_lost_is_silent_when_retried_and_the_next_event_shows_the_gap() {
    let (house, users) = (House::new(FaultPlan::script([Fault::FailAfter])), users(&["alice"]));
    let error = house.set(&users, "sg_team", 7).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(house.stored(&users[0], "sg_team").await, Some(7));
    assert_eq!(house.events.all(), [], "nothing is told that is not known");

    let report = house.set(&users, "sg_team", 7).await.unwrap();
    assert_eq!(report.entries[0].outcome, Outcome::Unchanged);
    assert_eq!(house.version(&users[0]).await, Version(1), "written once");
    assert_eq!(house.events.all(), []);

    house.set(&users, "sg_team", 8).await.unwrap();
    assert_eq!(house.events.versions_of(&users[0]), [2]);
}

/// Many callers, each setting ever new values in a conversation of its own for the same users, and trying again until
/// it succeeds. So each call changes each user's row exactly once, and everything can be accounted for.
#[tokio::test]
async fn under_seeded_faults_everything_is_accounted_for() {
    const CALLERS: u64 = 6;
    const CALLS: u64 = 30;
    for seed in 0..20 {
        let users = users(&["alice", "bob", "carol"]);
        let house = House::new(FaultPlan::seeded(seed, 2));
        let callers: Vec<_> = (0..CALLERS).map(|n| tokio::spawn(call(&house, users.clone(), n, CALLS))).collect();
        let mut silent = 0;
        for caller in callers {
            silent += caller.await.unwrap();
        }

        assert!(house.faulty.met().contains(&Fault::FailAfter), "seed {seed}");
        for user in &users {
            for caller in 0..CALLERS {
                let last = i64::try_from(CALLS).unwrap();
                assert_eq!(house.stored(user, &conversation(caller)).await, Some(last), "seed {seed}");
            }
            assert_eq!(house.version(user).await, Version(CALLERS * CALLS), "seed {seed}: each call wrote once");
            let told = house.events.versions_of(user);
            assert!(told.is_sorted_by(|a, b| a < b), "seed {seed}: in order, none twice: {told:?}");
            assert_eq!(told.len() as u64, CALLERS * CALLS - silent, "seed {seed}: one for each reported change");
        }
        assert!(silent > 0, "seed {seed}: some answers were lost");
    }
}

fn conversation(caller: u64) -> String {
    format!("sg_{caller}")
}

/// Answers how many of the calls were reported as silent in the end: their first, lost answer would have told.
fn call(house: &House, users: Vec<UserId>, caller: u64, calls: u64) -> impl Future<Output = u64> + use<> {
    let (service, memory) = (house.service.clone(), house.memory.clone());
    async move {
        let mut silent = 0;
        for value in 1..=i64::try_from(calls).unwrap() {
            let report = loop {
                match set(&service, &users, &conversation(caller), value).await {
                    Ok(report) => break report,
                    Err(error) => assert!(error.is_retryable(), "{error}"),
                }
            };
            let changed = report.entries.iter().filter(|entry| entry.outcome.is_change()).count();
            assert!(changed == 0 || changed == users.len(), "all or none: {report:?}");
            silent += u64::from(changed == 0);
            for entry in &report.entries {
                let key = Key::new(entry.user.clone(), ConversationId::new(conversation(caller).as_str()).unwrap());
                let stored = memory.get_one(key).await.unwrap().expect("is reported as set");
                assert_eq!(stored.settings.min_seq.get(), value);
            }
        }
        silent
    }
}

#[tokio::test]
async fn a_private_chat_is_told_to_both_once_however_often_it_is_tried() {
    let house = House::new(FaultPlan::script([Fault::FailBefore, Fault::Conflict, Fault::FailBefore]));
    let (alice, bob) = (UserId::new("alice").unwrap(), UserId::new("bob").unwrap());
    let private = SetConversations::single(&alice, &bob).users([&alice]).patch(Patch::KEEP.is_private_chat(true));
    let (context, private) = (Context::user(alice), private.build().unwrap());
    let failed = async || house.service.set(&context, private.clone()).await.is_err();
    assert_eq!(
        [failed().await, failed().await, failed().await, failed().await, failed().await],
        [true, true, true, false, false]
    );
    let private = |event: &Event| matches!(event.kind, EventKind::PrivateChat { is_on: true, .. });
    for user in users(&["alice", "bob"]) {
        let events = house.events.all().into_iter().filter(|event| event.owner == user);
        let (private, created): (Vec<_>, Vec<_>) = events.partition(private);
        assert_eq!((private.len(), created.len()), (1, 1), "{user}");
    }
}
