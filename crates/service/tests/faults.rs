//! A store that fails: reports and events never name a change that did not happen, and a retried call ends in the
//! right state without duplicate events.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use conversation_settings_core::{
    ConversationId, GroupId, Key, Outcome, Patch, Report, Seq, SetConversations, Target, UserId, Version,
};
use conversation_settings_service::{Context, Event, EventKind, EventSink, Service, ServiceError};
use conversation_settings_store::{ConversationStore, ConversationStoreExt};
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_testkit::{Fault, FaultPlan, FaultyStore};

#[derive(Debug, Default)]
struct Events(Mutex<Vec<Event>>);

#[async_trait]
impl EventSink for Events {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn emit(&self, events: &[Event]) {
        self.0.lock().unwrap().extend_from_slice(events);
    }
}

impl Events {
    /// All events. The sinks' tasks run while this one yields, on the one thread of a test.
    async fn all(&self) -> Vec<Event> {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        self.0.lock().unwrap().clone()
    }

    async fn versions_of(&self, owner: &UserId) -> Vec<u64> {
        self.all().await.iter().filter(|event| event.owner == *owner).map(|event| event.version.0).collect()
    }
}

/// A service over a store that fails as planned, the store below, and the events.
struct Setup {
    memory: Arc<MemoryStore>,
    faulty: Arc<FaultyStore>,
    events: Arc<Events>,
    service: Service,
}

impl Setup {
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
async fn emits_once_after_a_retry() {
    for fault in [Fault::FailBefore, Fault::Conflict] {
        let (setup, users) = (Setup::new(FaultPlan::script([fault])), users(&["alice", "bob"]));
        let error = setup.set(&users, "sg_team", 7).await.unwrap_err();
        assert!(error.is_retryable(), "{fault:?}: {error}");
        assert_eq!(setup.stored(&users[0], "sg_team").await, None);
        assert_eq!(setup.events.all().await, [], "{fault:?}");

        let report = setup.set(&users, "sg_team", 7).await.unwrap();
        assert!(report.entries.iter().all(|entry| entry.outcome == Outcome::Created));
        assert_eq!(setup.stored(&users[1], "sg_team").await, Some(7));
        for user in &users {
            assert_eq!(setup.events.versions_of(user).await, [1], "{fault:?}");
        }
    }
}

/// The one case of a missing event: the service does not learn of the commit. The version of the next event shows the
/// gap.
#[tokio::test]
async fn shows_a_gap_after_a_lost_response() {
    let (setup, users) = (Setup::new(FaultPlan::script([Fault::FailAfter])), users(&["alice"]));
    let error = setup.set(&users, "sg_team", 7).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(setup.stored(&users[0], "sg_team").await, Some(7));
    assert_eq!(setup.events.all().await, [], "the service does not know of the commit");

    let report = setup.set(&users, "sg_team", 7).await.unwrap();
    assert_eq!(report.entries[0].outcome, Outcome::Unchanged);
    assert_eq!(setup.version(&users[0]).await, Version(1), "written once");
    assert_eq!(setup.events.all().await, []);

    setup.set(&users, "sg_team", 8).await.unwrap();
    assert_eq!(setup.events.versions_of(&users[0]).await, [2]);
}

/// Many callers set new values for the same users, each in its own conversation, and retry until they succeed. So each
/// call changes each user's row exactly once, and every change can be counted.
#[tokio::test]
async fn accounts_for_every_change_under_seeded_faults() {
    const CALLERS: u64 = 6;
    const CALLS: u64 = 30;
    for seed in 0..20 {
        let users = users(&["alice", "bob", "carol"]);
        let setup = Setup::new(FaultPlan::seeded(seed, 2));
        let callers: Vec<_> = (0..CALLERS).map(|n| tokio::spawn(call(&setup, users.clone(), n, CALLS))).collect();
        let mut noops = 0;
        for caller in callers {
            noops += caller.await.unwrap();
        }

        assert!(setup.faulty.met().contains(&Fault::FailAfter), "seed {seed}");
        for user in &users {
            for caller in 0..CALLERS {
                let last = i64::try_from(CALLS).unwrap();
                assert_eq!(setup.stored(user, &conversation(caller)).await, Some(last), "seed {seed}");
            }
            assert_eq!(setup.version(user).await, Version(CALLERS * CALLS), "seed {seed}: each call wrote once");
            let emitted = setup.events.versions_of(user).await;
            assert!(emitted.is_sorted_by(|a, b| a < b), "seed {seed}: in order, none twice: {emitted:?}");
            assert_eq!(emitted.len() as u64, CALLERS * CALLS - noops, "seed {seed}: one for each reported change");
        }
        assert!(noops > 0, "seed {seed}: some responses were lost");
    }
}

fn conversation(caller: u64) -> String {
    format!("sg_{caller}")
}

/// Returns the number of calls that were no-ops in the end, because the response of the first attempt was lost.
fn call(setup: &Setup, users: Vec<UserId>, caller: u64, calls: u64) -> impl Future<Output = u64> + use<> {
    let (service, memory) = (setup.service.clone(), setup.memory.clone());
    async move {
        let mut noops = 0;
        for value in 1..=i64::try_from(calls).unwrap() {
            let report = loop {
                match set(&service, &users, &conversation(caller), value).await {
                    Ok(report) => break report,
                    Err(error) => assert!(error.is_retryable(), "{error}"),
                }
            };
            let changed = report.entries.iter().filter(|entry| entry.outcome.is_change()).count();
            assert!(changed == 0 || changed == users.len(), "all or none: {report:?}");
            noops += u64::from(changed == 0);
            for entry in &report.entries {
                let key = Key::new(entry.user.clone(), ConversationId::new(conversation(caller).as_str()).unwrap());
                let stored = memory.get_one(key).await.unwrap().expect("is reported as set");
                assert_eq!(stored.settings.min_seq.get(), value);
            }
        }
        noops
    }
}

#[tokio::test]
async fn emits_private_chat_to_both_once_after_retries() {
    let setup = Setup::new(FaultPlan::script([Fault::FailBefore, Fault::Conflict, Fault::FailBefore]));
    let (alice, bob) = (UserId::new("alice").unwrap(), UserId::new("bob").unwrap());
    let private = SetConversations::single(&alice, &bob).users([&alice]).patch(Patch::KEEP.is_private_chat(true));
    let (context, private) = (Context::user(alice), private.build().unwrap());
    let failed = async || setup.service.set(&context, private.clone()).await.is_err();
    assert_eq!(
        [failed().await, failed().await, failed().await, failed().await, failed().await],
        [true, true, true, false, false]
    );
    let private = |event: &Event| matches!(event.kind, EventKind::PrivateChat { is_on: true, .. });
    for user in users(&["alice", "bob"]) {
        let events = setup.events.all().await.into_iter().filter(|event| event.owner == user);
        let (private, created): (Vec<_>, Vec<_>) = events.partition(private);
        assert_eq!((private.len(), created.len()), (1, 1), "{user}");
    }
}
