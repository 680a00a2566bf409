//! The history that fixtures hold. Databases made from it are checked in, so it never changes.

use std::sync::Arc;

use conversation_settings_core::{
    BurnDuration, Change, ConversationId, GroupAtType, Key, Missing, Patch, RecvMsgOpt, Seconds, Seq, Target,
    Timestamp, UserId, Version, Write, WriteBatch,
};

/// One step of the history.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Apply(WriteBatch, Timestamp),
    Prune(UserId, Version),
}

/// Texts that some store trims, cuts, folds or takes for syntax.
const TEXTS: [&str; 8] =
    ["", "\0", "a\0b", "$set", "'; DROP TABLE owners; --", "\"quoted\" \\x00", "🦀e\u{301}\u{feff}", "%_ \r\n\t"];

/// Every kind of target, every setting at a value that is not its default, odd texts and IDs, numbers at their
/// extremes, tombstones, conversations that were created again, and an owner whose tombstones were pruned.
pub(super) fn history() -> Vec<Step> {
    let mut steps = Vec::new();
    let mut apply = |at: i64, writes: Vec<Write>| steps.push(Step::Apply(batch(writes), Timestamp(at)));

    for (conversation_type, id, target) in
        [(1, "si_all_bob", "bob"), (2, "g_old", "old"), (3, "sg_team", "team"), (4, "n_news", "news")]
    {
        // Only a single chat can be private.
        let patch = all_settings().is_private_chat(conversation_type == 1);
        apply(1_600_000_000_000, vec![set("all", id, conversation_type, target, patch)]);
    }
    // The defaults of all settings but one.
    apply(1_600_000_000_001, vec![set("defaults", "sg_team", 3, "team", Patch::KEEP.min_seq(seq(1)))]);
    apply(1_600_000_000_002, vec![set("defaults", "sg_team", 3, "team", Patch::KEEP.min_seq(Seq::ZERO))]);
    let extremes = Patch::KEEP
        .burn_duration(BurnDuration::try_from(i32::MAX).expect("a duration"))
        .max_seq(seq(i64::MAX))
        .msg_destruct_time(Seconds::try_from(i64::MAX).expect("a duration"))
        .latest_msg_destruct_time(Timestamp(i64::MIN));
    apply(i64::MIN, vec![set("extremes", "sg_team", 3, "team", extremes)]);

    for (n, text) in TEXTS.into_iter().enumerate() {
        let patch = Patch::KEEP.is_pinned(true).ex(text).attached_info(TEXTS[(n + 3) % TEXTS.len()]);
        apply(0, vec![set("texts", &format!("sg_{n}"), 3, "team", patch)]);
    }
    apply(1, vec![set("texts", "sg_long", 3, "team", Patch::KEEP.ex("é\0".repeat(2_000)))]);
    for owner in ["🦀 Å'--", "$owner", "a.b"] {
        apply(2, vec![set(owner, "sg_\"A\u{30a}\" $", 3, "té.$am ", Patch::KEEP.is_pinned(true))]);
    }
    // A batch over several owners; all get the same version and the same settings.
    let members = ["all", "defaults", "member_1", "member_2"];
    apply(3, members.map(|owner| set(owner, "sg_all", 3, "all", Patch::KEEP.is_msg_destruct(true))).into());

    // Created, removed and created again; changed once more; and one that ends removed.
    for round in 0..3 {
        let patch = Patch::KEEP.max_seq(seq(round + 1));
        apply(10 + round, ["sg_1", "sg_2", "sg_3"].map(|id| set("again", id, 3, "team", patch.clone())).into());
        apply(20 + round, ["sg_1", "sg_2"].map(|id| remove("again", id)).into());
    }
    apply(30, vec![set("again", "sg_1", 3, "team", Patch::KEEP.ex("back"))]);
    apply(31, vec![set("again", "sg_1", 3, "team", Patch::KEEP.ex("changed"))]);

    // Two tombstones are pruned, one is kept; all of another owner's go.
    for owner in ["pruned", "gone"] {
        apply(40, (0..4).map(|n| set(owner, &format!("sg_{n}"), 3, "team", Patch::KEEP.is_pinned(true))).collect());
        for n in 0..3 {
            apply(41, vec![remove(owner, &format!("sg_{n}"))]);
        }
    }
    apply(42, vec![remove("gone", "sg_3")]);
    steps.push(Step::Prune(user("pruned"), Version(3)));
    steps.push(Step::Prune(user("gone"), Version(5)));
    steps
}

/// Each setting but private chat at a value that is not its default.
fn all_settings() -> Patch {
    Patch::KEEP
        .recv_msg_opt(RecvMsgOpt::ReceiveWithoutNotifying)
        .is_pinned(true)
        .burn_duration(BurnDuration::try_from(30).expect("a duration"))
        .group_at_type(GroupAtType::AllAndMe)
        .attached_info("a note")
        .ex(r#"{"colour":"teal","🦀":"\u0000"}"#)
        .min_seq(seq(7))
        .max_seq(seq(7_000_000_000))
        .is_msg_destruct(true)
        .msg_destruct_time(Seconds::try_from(86_400).expect("a duration"))
        .latest_msg_destruct_time(Timestamp(1_650_000_000_123))
}

fn seq(number: i64) -> Seq {
    Seq::try_from(number).expect("a sequence number")
}

fn user(id: &str) -> UserId {
    UserId::new(id).expect("an ID")
}

fn key(owner: &str, id: &str) -> Key {
    Key::new(user(owner), ConversationId::new(id).expect("an ID"))
}

fn set(owner: &str, id: &str, conversation_type: i32, target: &str, patch: Patch) -> Write {
    let missing = Missing::Create(target_of(conversation_type, target));
    Write { key: key(owner, id), change: Arc::new(Change::Set { patch, missing }) }
}

fn remove(owner: &str, id: &str) -> Write {
    Write { key: key(owner, id), change: Arc::new(Change::Remove) }
}

pub(super) fn batch(writes: Vec<Write>) -> WriteBatch {
    WriteBatch::new(writes).expect("each key once")
}

fn target_of(conversation_type: i32, id: &str) -> Target {
    Target::from_parts(conversation_type, id).expect("a target")
}

pub(super) fn group() -> Target {
    target_of(3, "team")
}
