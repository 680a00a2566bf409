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
use tokio::time::{Instant, sleep, timeout};

use crate::{error::Error, retry::jitter};

/// The longest that one step of a call may take, and in it one answer of the server's. A server that is paused or cut
/// off is given up after this, and another one asked.
const STEP: Duration = Duration::from_secs(10);

/// Does what `work` does, or gives it up.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(STEP, work).await.unwrap_or(Err(Error::NoAnswer))
}

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

/// A session with a transaction begun; where it is dropped before it was committed, the transaction is aborted.
pub(crate) async fn begin(client: &Client) -> Result<ClientSession, Error> {
    let options = TransactionOptions::builder().read_concern(ReadConcern::snapshot()).write_concern(durable()).build();
    let mut session = client.start_session().await?;
    session.start_transaction().with_options(options).await?;
    Ok(session)
}

/// Aborts, so that nobody has to wait for what is not to be. Where that fails, the server does it by itself in time.
pub(crate) async fn abort(session: &mut ClientSession) {
    let aborted = in_time(async { Ok(session.abort_transaction().await?) }).await;
    drop(aborted);
}

/// Commits, and answers with the servers' time of that. Where the answer is lost, the server is asked again until it is
/// known: it remembers what it has committed.
pub(crate) async fn commit(session: &mut ClientSession, until: Instant) -> Result<Option<Timestamp>, Error> {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        let committed = in_time(async { Ok(session.commit_transaction().await?) }).await;
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
