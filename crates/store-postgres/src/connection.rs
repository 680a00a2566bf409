//! Connections of the pool: who may have one, and for how long a server may be silent. A connection whose caller has given
//! up is cleaned before its next use.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use deadpool_postgres::{PoolError, StatementCache, TimeoutType};
use futures_util::future::{Either, select};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_postgres::Client;

use crate::{
    error::Error,
    health::Health,
    session::{self, Route, Session},
    source::{Connection, Source, SourceError},
};

/// How long a call waits for a connection, even if the host's pool would wait longer.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// If a server is silent for so long on all connections, it is asked on a new one whether it is still there.
const SILENCE: Duration = Duration::from_secs(3);

/// How long that may take: enough for one host that does not answer, and the next.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call waits for a server that answers others. The server's own `statement_timeout` ends statements earlier,
/// but not a commit.
const WORK_TIMEOUT: Duration = Duration::from_secs(40);

/// How long a connection waits for the work of a caller that has given up, from a server that answers others. A commit
/// waits for a lost synchronous standby; a new connection for each would exhaust the server's.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(600);

/// Connections that only readers get, since a commit may wait for a synchronous standby without a limit.
const FOR_READERS: usize = 2;

/// The connections of one source.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    health: Arc<Health>,
    has_options: bool,
    writers: Arc<Semaphore>,
    /// Locked by the one caller that asks.
    probe: Mutex<()>,
}

impl Connections {
    /// `health` is what the pool's own connections note; `has_options` is whether their address has `options`.
    pub(crate) fn new(source: Source, health: Arc<Health>, has_options: bool) -> Self {
        let writers = Arc::new(Semaphore::new(source.for_writers(FOR_READERS)));
        Self(Arc::new(Inner { source, health, has_options, writers, probe: Mutex::new(()) }))
    }

    pub(crate) fn has_options(&self) -> bool {
        self.0.has_options
    }

    pub(crate) fn health(&self) -> &Health {
        &self.0.health
    }

    /// Runs `work`, which writes nothing, on a connection.
    pub(crate) async fn read<T>(&self, work: impl AsyncFnOnce(Lent<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let client = timeout(ACQUIRE_TIMEOUT, self.acquire()).await.unwrap_or(Err(no_connection()))?;
        self.run(client, None, work).await
    }

    /// Runs `work` on a connection that writers may have.
    pub(crate) async fn write<T>(&self, work: impl AsyncFnOnce(Lent<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let acquire = async {
            let permit = self.0.writers.clone().acquire_owned().await.ok();
            Ok((self.acquire().await?, permit))
        };
        let (client, permit) = timeout(ACQUIRE_TIMEOUT, acquire).await.unwrap_or(Err(no_connection()))?;
        self.run(client, permit, work).await
    }

    /// The first connection, with no deadline but for how long it takes to get it.
    pub(crate) async fn first(&self) -> Result<Connection, SourceError> {
        timeout(ACQUIRE_TIMEOUT, self.acquire()).await.unwrap_or(Err(no_connection()))
    }

    async fn acquire(&self) -> Result<Connection, SourceError> {
        loop {
            let connection = self.0.source.connect().await?;
            if !self.0.health.is_retired(connection.made()) {
                return Ok(connection);
            }
            connection.discard();
        }
    }

    /// If the caller drops the future, the server still has to finish a statement or roll back a transaction. The
    /// connection returns to the pool after that, so that no other call waits behind it.
    async fn run<T>(
        &self,
        connection: Connection,
        permit: Option<OwnedSemaphorePermit>,
        work: impl AsyncFnOnce(Lent<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (connected, statements) = (connection.made(), connection.statements());
        let mut lease = Lease { connections: self.clone(), connection: Some(connection), permit, is_idle: false };
        let Some(client) = &mut lease.connection else { unreachable!("only drop takes the connection") };
        let lent = Lent { client, statements, route: self.0.health.route(), connected };
        let result = self.wait(connected, WORK_TIMEOUT, work(lent)).await?;
        lease.is_idle = true;
        if let Err(Error::OldPrimary) = result {
            // The next connection is made to the new one, if the address names it.
            self.0.health.retire_all();
        }
        result
    }

    /// Waits for the server's answer on a connection made at `connected`. Fails if the server is found to be gone.
    async fn wait<T>(&self, connected: Instant, limit: Duration, answer: impl Future<Output = T>) -> Result<T, Error> {
        let health = &self.0.health;
        let mut answer = pin!(answer);
        let watch = async {
            while !health.is_retired(connected) {
                sleep(SILENCE).await;
                if !health.has_answered_within(SILENCE) {
                    self.probe(connected).await;
                }
            }
        };
        let watch = pin!(timeout(limit, watch));
        match select(&mut answer, watch).await {
            Either::Left((answer, _)) => {
                health.answered();
                Ok(answer)
            }
            Either::Right(_) => Err(Error::Silent),
        }
    }

    /// Asks the server whether it is there, unless another caller does so. Retires all connections if it is not.
    async fn probe(&self, connected: Instant) {
        let Inner { source, health, probe, .. } = &*self.0;
        let _one = probe.lock().await;
        if health.is_retired(connected) || health.has_answered_within(SILENCE) {
            return;
        }
        if source.answers_within(PROBE_TIMEOUT).await {
            health.answered();
        } else {
            health.retire_all();
        }
    }
}

/// A connection that a call has for a while.
pub(crate) struct Lent<'a> {
    client: &'a mut Client,
    statements: Option<Arc<StatementCache>>,
    route: Route,
    /// When it was made.
    pub(crate) connected: Instant,
}

impl Lent<'_> {
    pub(crate) fn session(&self) -> Session<'_> {
        Session::new(self.client, self.statements.as_deref(), self.route)
    }

    /// Runs `work` in a transaction. It is committed if `work` returns true beside its result.
    pub(crate) async fn in_transaction<T>(
        &mut self,
        work: impl AsyncFnOnce(Session<'_>) -> Result<(T, bool), Error>,
    ) -> Result<T, Error> {
        let transaction = session::begin(self.client, self.route).await?;
        let session = Session::in_transaction(&transaction, self.statements.as_deref(), self.route);
        let (done, is_change) = work(session).await?;
        if is_change {
            transaction.commit().await?;
        }
        Ok(done)
    }
}

fn no_connection() -> SourceError {
    PoolError::Timeout(TimeoutType::Wait).into()
}

struct Lease {
    connections: Connections,
    connection: Option<Connection>,
    permit: Option<OwnedSemaphorePermit>,
    is_idle: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(|_| !self.is_idle) else { return };
        let (connections, permit) = (self.connections.clone(), self.permit.take());
        // The server responds in order: its response to this means that all earlier work is done. Without a runtime the
        // connection's task has ended, and the connection closes.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let done = connections.wait(connection.made(), DRAIN_TIMEOUT, connection.simple_query("")).await;
                if done.is_err() {
                    connection.discard();
                }
                drop(permit);
            });
        }
    }
}
