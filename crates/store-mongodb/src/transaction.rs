//! Sessions and transactions.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use conversation_settings_store::adapter::jitter;
use mongodb::{
    Client, ClientSession,
    bson::Timestamp,
    options::{ReadConcern, TransactionOptions, WriteConcern},
};
use tokio::time::{Instant, sleep};

use crate::{error::Error, primary::Primary};

/// A write returns once a majority has it in its journals on disk.
///
/// That is what a majority means while the replica set's `writeConcernMajorityJournalDefault` is `true`, the default.
/// `j: true` would promise no more, and would make no-ops wait for the disk.
pub(crate) fn durable() -> WriteConcern {
    WriteConcern::majority()
}

/// A session whose reads all see one moment, of data that a majority has.
pub(crate) async fn snapshot(client: &Client) -> Result<ClientSession, Error> {
    Ok(client.start_session().snapshot(true).await?)
}

/// A session with an open transaction. Dropped before the commit, the driver aborts the transaction in the background, so
/// that no caller waits for a dead server.
pub(crate) async fn begin(client: &Client) -> Result<ClientSession, Error> {
    let options = TransactionOptions::builder().read_concern(ReadConcern::snapshot()).write_concern(durable()).build();
    let mut session = client.start_session().await?;
    session.start_transaction().with_options(options).await?;
    Ok(session)
}

/// Commits, and returns the server's time of the commit. If the response is lost, the commit is sent again until
/// `deadline`: the server remembers what it has committed.
pub(crate) async fn commit(
    primary: &Primary,
    session: &mut ClientSession,
    deadline: Instant,
) -> Result<Option<Timestamp>, Error> {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        let committed = primary.run_step(async { Ok(session.commit_transaction().await?) }).await;
        match committed {
            Err(error) if error.is_unknown_commit() && Instant::now() < deadline => {
                sleep(PAUSE.mul_f64(jitter())).await;
            }
            committed => return committed.map(|()| session.operation_time()),
        }
    }
}

/// The server's time of this process's last commit.
///
/// A newly elected primary has every acknowledged write, but at first does not know that a majority has it, and reads
/// older data until then. A read that is older than the last commit is tried again.
#[derive(Debug, Default)]
pub(crate) struct LastCommit(Mutex<Option<Timestamp>>);

impl LastCommit {
    fn lock(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, time: Option<Timestamp>) {
        let mut last = self.lock();
        *last = time.max(*last);
    }

    /// Checks that a session has read the last commit.
    ///
    /// # Errors
    ///
    /// [`Error::Behind`] if it has read older data.
    pub(crate) fn check(&self, session: &ClientSession) -> Result<(), Error> {
        if session.snapshot_time() < *self.lock() { Err(Error::Behind) } else { Ok(()) }
    }

    /// Whether a session has read the newest data of every writer, and that data is durable: the session's snapshot,
    /// which a majority has, is also the last write that the server had applied. On a primary that was just elected, or
    /// that waits for the other members, later writes are applied already.
    pub(crate) fn is_latest(&self, session: &ClientSession) -> bool {
        let has_all = |read| session.operation_time().is_some_and(|applied| read >= applied);
        session.snapshot_time().is_some_and(has_all) && self.check(session).is_ok()
    }
}
