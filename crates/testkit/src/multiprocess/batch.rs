//! A batch as a worker reports it.

use std::time::Instant;

/// A batch that a worker applied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Batch {
    /// When the report arrived.
    pub at: Instant,
    /// The worker's number.
    pub worker: usize,
    /// What became of the batch.
    pub outcome: BatchOutcome,
    /// The value that the batch sets, and no other batch.
    pub value: String,
    /// The conversation, the same for all owners.
    pub conversation: String,
    /// The owners, each with the version that the batch made.
    pub owners: Vec<(String, u64)>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a check has to handle every outcome")]
pub enum BatchOutcome {
    /// The store acknowledged it.
    Acknowledged,
    /// The store answered with a retryable error: the batch may have taken effect.
    Unknown(String),
    /// The store broke the contract.
    Wrong(String),
}

impl Batch {
    /// The report that [`parse`](Self::parse) reads.
    pub(super) fn report(outcome: &BatchOutcome, value: &str, conversation: &str, owners: &[(String, u64)]) -> String {
        let (outcome, error) = match outcome {
            BatchOutcome::Acknowledged => ("acknowledged", ""),
            BatchOutcome::Unknown(error) => ("unknown", &**error),
            BatchOutcome::Wrong(error) => ("wrong", &**error),
        };
        let owners: Vec<_> = owners.iter().map(|(owner, version)| format!("{owner}={version}")).collect();
        format!("{outcome} {value} {conversation} {} {}", owners.join(","), error.replace('\n', " "))
    }

    pub(super) fn parse(worker: usize, report: &str) -> Self {
        let mut words = report.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (outcome, value, conversation, owners, error) = (word(), word(), word(), word(), word());
        let owner = |owner: &str| {
            let (owner, version) = owner.split_once('=')?;
            Some((owner.to_owned(), version.parse().ok()?))
        };
        let outcome = match &*outcome {
            "acknowledged" => BatchOutcome::Acknowledged,
            "unknown" => BatchOutcome::Unknown(error),
            _ => BatchOutcome::Wrong(error),
        };
        let owners = owners.split(',').filter_map(owner).collect();
        Self { at: Instant::now(), worker, outcome, value, conversation, owners }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_each_report() {
        let owners = [("owner1".to_owned(), 7), ("owner2".to_owned(), 9)];
        for outcome in
            [BatchOutcome::Acknowledged, BatchOutcome::Unknown("a b".to_owned()), BatchOutcome::Wrong("c".to_owned())]
        {
            let batch = Batch::parse(3, &Batch::report(&outcome, "0_1_2", "sg_1", &owners));
            assert_eq!(
                (batch.worker, batch.outcome, &*batch.value, &*batch.conversation),
                (3, outcome, "0_1_2", "sg_1")
            );
            assert_eq!(batch.owners, owners);
        }
    }
}
