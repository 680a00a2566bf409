//! Statements on a connection: which are prepared and kept, and which are planned each time.

use deadpool_postgres::{Client, StatementCache, Transaction};
use futures_util::TryStreamExt;
use tokio_postgres::{
    Row, RowStream,
    types::{ToSql, Type},
};

use crate::error::Error;

/// A parameter of a statement, and its type.
pub(crate) type Parameter<'a> = (Box<dyn ToSql + Send + Sync + 'a>, Type);

/// A connection, in a transaction or not.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    client: &'a tokio_postgres::Client,
    statements: &'a StatementCache,
}

impl<'a> From<&'a Client> for Session<'a> {
    fn from(client: &'a Client) -> Self {
        Self { client, statements: &client.statement_cache }
    }
}

impl<'a> From<&'a Transaction<'_>> for Session<'a> {
    fn from(transaction: &'a Transaction<'_>) -> Self {
        Self { client: transaction.client(), statements: &transaction.statement_cache }
    }
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
    pub(crate) async fn stream(self, sql: &str, keys: usize, parameters: &[Parameter<'_>]) -> Result<RowStream, Error> {
        if keys > Self::MAX_PREPARED_KEYS {
            return Ok(self.client.query_typed_raw(sql, typed(parameters)).await?);
        }
        let statement = self.statements.prepare(self.client, sql).await?;
        Ok(self.client.query_raw(&statement, values(parameters)).await?)
    }

    /// The rows of a statement that is not kept.
    pub(crate) async fn query_once(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self.client.query_typed(sql, &typed(parameters)).await?)
    }

    /// Runs a statement and returns how many rows it wrote. It is kept: its plan is right for tables of any size.
    pub(crate) async fn execute(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<usize, Error> {
        let statement = self.statements.prepare(self.client, sql).await?;
        let written = self.client.execute(&statement, &values(parameters)).await?;
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }
}

fn values<'a>(parameters: &'a [Parameter<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters.iter().map(|(value, _)| -> &'a (dyn ToSql + Sync) { &**value }).collect()
}

fn typed<'a>(parameters: &'a [Parameter<'_>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|(value, of)| -> (&'a (dyn ToSql + Sync), Type) { (&**value, of.clone()) }).collect()
}
