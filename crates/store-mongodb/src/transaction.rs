//! Sessions and transactions.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mongodb::{
    Client, ClientSession,
    bson::Timestamp,
    options::{ReadConcern, TransactionOptions, WriteConcern},
};
use tokio::time::{Instant, sleep};

use crate::{error::Error, primary::Primary, retry::jitter};

/// A majority has it in its journals, on disk: that is what a majority means as long as the replica set's
/// `writeConcernMajorityJournalDefault` is left as it is, `true`. Asking for the journal here (`j: true`) would promise no
/// more, and would make those who changed nothing wait for the disk.
pub(crate) fn durable() -> WriteConcern {
    WriteConcern::majority()
}

/// A session in which all reads are of one moment, and of what a majority has.
pub(crate) async fn snapshot(client: &Client) -> Result<ClientSession, Error> {
    Ok(client.start_session().snapshot(true).await?)
}

/// A session with a transaction begun. Where it is dropped before it was committed, the driver aborts the transaction, and
/// nobody waits for that: not for a server that is no more, and not for one that has aborted it already.
pub(crate) async fn begin(client: &Client) -> Result<ClientSession, Error> {
    let options = TransactionOptions::builder().read_concern(ReadConcern::snapshot()).write_concern(durable()).build();
    let mut session = client.start_session().await?;
    session.start_transaction().with_options(options).await?;
    Ok(session)
}

/// Commits, and answers with the servers' time of that. Where the answer is lost, the server is asked again until it is
/// known: it remembers what it has committed.
pub(crate) async fn commit(
    primary: &Primary,
    session: &mut ClientSession,
    until: Instant,
) -> Result<Option<Timestamp>, Error> {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        let committed = primary.in_time(async { Ok(session.commit_transaction().await?) }).await;
        match committed {
            Err(error) if error.is_unknown_commit() && Instant::now() < until => sleep(PAUSE.mul_f64(jitter())).await,
            committed => return committed.map(|()| session.operation_time()),
        }
    }
}

/// The servers' time of the last commit of this process.
///
/// A primary that was just elected has all that was acknowledged, but does not know at once that a majority has it too,
/// and until then reads what was before. Whoever has read so in this process reads again.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Option<Timestamp>>);

impl Clock {
    fn last(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, time: Option<Timestamp>) {
        let mut last = self.last();
        *last = time.max(*last);
    }

    /// Whether a session has seen all that there was to see, by whomever it was written, and all of it is there to stay:
    /// its moment, which a majority has, is the last one that the server had applied when it answered. A primary that
    /// was just elected, or that waits for the others, has applied more.
    pub(crate) fn is_latest(&self, session: &ClientSession) -> bool {
        let is_all = |seen| session.operation_time().is_some_and(|applied| seen >= applied);
        session.snapshot_time().is_some_and(is_all) && self.check(session).is_ok()
    }

    /// Whether a session has seen what was committed before.
    ///
    /// # Errors
    ///
    /// [`Error::Behind`] where it did not.
    pub(crate) fn check(&self, session: &ClientSession) -> Result<(), Error> {
        if session.snapshot_time() < *self.last() { Err(Error::Behind) } else { Ok(()) }
    }
}
