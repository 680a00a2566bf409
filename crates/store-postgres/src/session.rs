//! Statements on a connection: which are prepared and kept, and which are planned each time.

use std::sync::LazyLock;

use deadpool_postgres::StatementCache;
use futures_util::{
    TryStreamExt,
    future::{Either, join3},
    stream,
};
use tokio_postgres::{
    Client, Row, Transaction,
    types::{ToSql, Type},
};

use crate::error::Error;

/// A parameter of a statement, and its type.
pub(crate) type Parameter<'a> = (Box<dyn ToSql + Send + Sync + 'a>, Type);

/// Bounds how long a client that is gone, or a lock, can block others. `options` in the address replaces this.
pub(crate) const TIMEOUTS: [(&str, &str); 3] =
    [("lock_timeout", "10s"), ("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "30s")];

/// [`TIMEOUTS`] for one transaction.
static LOCAL_TIMEOUTS: LazyLock<String> =
    LazyLock::new(|| TIMEOUTS.map(|(name, value)| format!("SET LOCAL {name} = '{value}'")).join("; "));

static BEGIN: LazyLock<String> = LazyLock::new(|| format!("BEGIN; {}", *LOCAL_TIMEOUTS));

/// What is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A server.
    Direct,
    /// A pooler, such as `PgBouncer`, that may give each transaction another connection to the server. Nothing is kept from
    /// one transaction to the next: no prepared statement and no setting.
    Pooler,
}

/// A connection, in a transaction or not.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    client: &'a Client,
    mode: Mode<'a>,
}

#[derive(Clone, Copy)]
enum Mode<'a> {
    /// Statements are prepared and kept here.
    Kept(&'a StatementCache),
    /// Statements are unnamed, in a transaction that has begun, or on a connection that needs none.
    Unnamed,
    /// Each statement is unnamed and in a transaction of its own, which sets the timeouts.
    UnnamedAlone,
}

impl<'a> Session<'a> {
    /// The connection, for a statement that is neither prepared nor kept.
    pub(crate) fn client(self) -> &'a Client {
        self.client
    }

    /// `statements` is where prepared statements are kept; `None` if the connection may be another's afterwards.
    pub(crate) fn new(client: &'a Client, statements: Option<&'a StatementCache>, route: Route) -> Self {
        let mode = match (route, statements) {
            (Route::Pooler, _) => Mode::UnnamedAlone,
            (Route::Direct, Some(statements)) => Mode::Kept(statements),
            (Route::Direct, None) => Mode::Unnamed,
        };
        Self { client, mode }
    }

    pub(crate) fn in_transaction(
        transaction: &'a Transaction<'_>,
        statements: Option<&'a StatementCache>,
        route: Route,
    ) -> Self {
        let mode = match (route, statements) {
            (Route::Direct, Some(statements)) => Mode::Kept(statements),
            _ => Mode::Unnamed,
        };
        Self { client: transaction.client(), mode }
    }
}

impl<'a> From<&'a Transaction<'_>> for Session<'a> {
    /// Nothing is prepared: the connection is the host's, and may lead through a pooler.
    fn from(transaction: &'a Transaction<'_>) -> Self {
        Self { client: transaction.client(), mode: Mode::Unnamed }
    }
}

/// Begins a transaction.
pub(crate) async fn begin(client: &mut Client, route: Route) -> Result<Transaction<'_>, Error> {
    let transaction = client.transaction().await?;
    if route == Route::Pooler {
        transaction.batch_execute(&LOCAL_TIMEOUTS).await?;
    }
    Ok(transaction)
}

impl Session<'_> {
    /// The most keys for which a statement is prepared and kept. A kept plan may date from when the tables were small;
    /// for many keys a new plan is right, and cheap beside the work.
    pub(crate) const MAX_PREPARED_KEYS: usize = 16;

    /// The rows of a statement for `keys` keys.
    pub(crate) async fn query(self, sql: &str, keys: usize, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self.stream(sql, keys, parameters).await?.try_collect().await?)
    }

    /// Like [`query`](Self::query), row by row.
    pub(crate) async fn stream(
        self,
        sql: &str,
        keys: usize,
        parameters: &[Parameter<'_>],
    ) -> Result<impl stream::Stream<Item = Result<Row, tokio_postgres::Error>>, Error> {
        match self.mode {
            Mode::Kept(statements) if keys <= Self::MAX_PREPARED_KEYS => {
                let statement = statements.prepare(self.client, sql).await?;
                Ok(Either::Left(self.client.query_raw(&statement, values(parameters)).await?))
            }
            Mode::Kept(_) | Mode::Unnamed => {
                Ok(Either::Left(self.client.query_typed_raw(sql, typed(parameters)).await?))
            }
            Mode::UnnamedAlone => {
                let parameters = typed(parameters);
                let rows = self.alone(self.client.query_typed(sql, &parameters)).await?;
                Ok(Either::Right(stream::iter(rows.into_iter().map(Ok))))
            }
        }
    }

    /// The rows of a statement that is not kept.
    pub(crate) async fn query_once(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        self.query(sql, usize::MAX, parameters).await
    }

    /// Runs a statement and returns how many rows it wrote. It is kept: its plan is right for tables of any size.
    pub(crate) async fn execute(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<usize, Error> {
        let written = match self.mode {
            Mode::Kept(statements) => {
                let statement = statements.prepare(self.client, sql).await?;
                self.client.execute(&statement, &values(parameters)).await?
            }
            Mode::Unnamed => self.client.execute_typed(sql, &typed(parameters)).await?,
            Mode::UnnamedAlone => {
                let parameters = typed(parameters);
                self.alone(self.client.execute_typed(sql, &parameters)).await?
            }
        };
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }

    /// Runs one statement in a transaction that sets the timeouts. All of it is sent at once, so it is one round trip, and
    /// a caller that gives up leaves no transaction open.
    async fn alone<T>(self, statement: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        let (begun, done, committed) =
            join3(self.client.batch_execute(&BEGIN), statement, self.client.batch_execute("COMMIT")).await;
        begun?;
        let done = done?;
        committed?;
        Ok(done)
    }
}

fn values<'a>(parameters: &'a [Parameter<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters.iter().map(|(value, _)| -> &'a (dyn ToSql + Sync) { &**value }).collect()
}

fn typed<'a>(parameters: &'a [Parameter<'_>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|(value, of)| -> (&'a (dyn ToSql + Sync), Type) { (&**value, of.clone()) }).collect()
}
