//! Random histories, compared with the model, and concurrent ones, checked for an order.

use std::{fmt, sync::Arc};

use proptest::{collection::vec, prelude::*, strategy::ValueTree};

use crate::{
    Model,
    conformance::{Fixture, Harness, Skipped},
    history::{Call, World, concurrent},
    search::{draw, numbered, runner, shrink},
};

/// How many calls a history has.
const CALLS: std::ops::Range<usize> = 1..32;

#[expect(clippy::large_enum_variant, reason = "nearly all steps are calls")]
#[derive(Clone, Debug)]
enum Step {
    Call(Call),
    /// The following calls use another handle.
    AnotherHandle,
    Reopen,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => call.fmt(f),
            Self::AnotherHandle => f.write_str("use another handle"),
            Self::Reopen => f.write_str("reopen the store"),
        }
    }
}

fn history(world: &World) -> impl Strategy<Value = Vec<Step>> + use<> {
    let step = prop_oneof![
        30 => world.call().prop_map(Step::Call),
        2 => Just(Step::AnotherHandle),
        1 => Just(Step::Reopen),
    ];
    vec(step, CALLS)
}

/// Plays a history. Fails with the first call that the store and the model answer differently.
async fn play<'h, H: Harness>(
    mut fixture: Fixture<'h, H>,
    history: &[Step],
    can_reopen: bool,
) -> Result<Fixture<'h, H>, String> {
    let mut model = Model::default();
    let mut other: Option<Arc<H::Store>> = None;
    for (number, step) in (1..).zip(history) {
        match step {
            Step::AnotherHandle => other = fixture.another_handle().await.ok(),
            Step::Reopen if can_reopen => {
                other = None;
                fixture = fixture.reopened().await.map_err(|skipped| format!("step {number}: {skipped}"))?;
            }
            Step::Reopen => {}
            Step::Call(call) => {
                let store = other.as_ref().unwrap_or(fixture.store());
                let (expected, answer) = (call.expect(&mut model), call.ask(&**store).await);
                if !answer.as_ref().is_ok_and(|answer| *answer == expected) {
                    return Err(format!("step {number}: expected {expected:#?}\nfound {answer:#?}"));
                }
            }
        }
    }
    Ok(fixture)
}

pub(super) async fn matches_the_model_in_random_histories<H: Harness>(
    mut fixture: Fixture<'_, H>,
) -> Result<(), Skipped> {
    let can_reopen = fixture.another_fresh().await?.reopened().await.is_ok();
    let (mut runner, harness) = (runner(), fixture.harness());
    for number in 0..H::HISTORIES {
        let tree = draw(&history(&World::new(number)), &mut runner);
        fixture = match play(fixture, &tree.current(), can_reopen).await {
            Ok(fixture) => fixture,
            Err(failure) => {
                let check = async |history: &Vec<Step>| {
                    let fresh = Fixture::fresh(harness).await.map_err(|skipped| skipped.to_string())?;
                    play(fresh, history, can_reopen).await.map(drop)
                };
                let (history, failure) = shrink(tree, failure, check).await;
                let history = numbered(&history, Step::to_string);
                panic!("the store and the model answer a history differently:{history}\n{failure}");
            }
        }
    }
    Ok(())
}

/// Concurrent histories are fewer, because each is as long as several others.
const FEWER: u32 = 8;
const TASKS: usize = 5;
const CALLS_OF_A_TASK: usize = 16;

pub(super) async fn linearizes_concurrent_histories_per_owner<H: Harness>(fixture: Fixture<'_, H>) {
    let mut handles = vec![Arc::clone(fixture.store())];
    handles.extend(fixture.another_handle().await);
    let mut runner = runner();
    for number in 0..H::HISTORIES.div_ceil(FEWER) {
        let world = World::new(number);
        let tasks = vec(vec(world.call_of_one_moment(), CALLS_OF_A_TASK), TASKS);
        let tasks = draw(&tasks, &mut runner).current();
        if let Err(wrong) = concurrent::check(concurrent::play(&handles, tasks).await) {
            panic!("concurrent calls have no order: {wrong}");
        }
    }
}
