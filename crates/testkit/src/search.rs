//! Draws test cases, and shrinks those that fail, for tests that are async.

use std::fmt::Debug;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};

/// The most attempts to find a shorter case that fails.
const MAX_SHRINKS: usize = 400;

pub(crate) fn runner() -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, ..Config::default() })
}

/// Draws one case.
pub(crate) fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Tree {
    strategy.new_tree(runner).expect("can be drawn")
}

/// The simplest case found that fails `check`, and its failure.
pub(crate) async fn shrink<T: ValueTree<Value: Clone + Debug>>(
    mut tree: T,
    mut failure: String,
    mut check: impl AsyncFnMut(&T::Value) -> Result<(), String>,
) -> (T::Value, String) {
    let (mut simplest, mut fails) = (tree.current(), true);
    for _ in 0..MAX_SHRINKS {
        if !(if fails { tree.simplify() } else { tree.complicate() }) {
            break;
        }
        let case = tree.current();
        let checked = check(&case).await;
        fails = checked.is_err();
        if let Err(failed) = checked {
            (simplest, failure) = (case, failed);
        }
    }
    (simplest, failure)
}

/// `steps` without those that need not be there for `check` to fail, and the failure.
///
/// A step that [`shrink`] needed may be superfluous now that the others are simpler.
pub(crate) async fn drop_steps<S: Clone>(
    mut steps: Vec<S>,
    mut failure: String,
    mut check: impl AsyncFnMut(&[S]) -> Result<(), String>,
) -> (Vec<S>, String) {
    let mut at = 0;
    while at < steps.len() {
        let mut fewer = steps.clone();
        fewer.remove(at);
        match check(&fewer).await {
            Ok(()) => at += 1,
            Err(failed) => (steps, failure, at) = (fewer, failed, 0),
        }
    }
    (steps, failure)
}

/// The steps as a numbered list.
pub(crate) fn numbered<S>(steps: &[S], show: impl Fn(&S) -> String) -> String {
    let lines: Vec<_> = (1..).zip(steps).map(|(number, step)| format!("\n{number:3} {}", show(step))).collect();
    lines.concat()
}
