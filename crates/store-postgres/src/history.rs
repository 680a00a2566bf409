//! The history that versions count in, as one server has it.

use conversation_settings_store::{BoxError, LogId};
use tokio_postgres::{Client, Row, error::SqlState};
use tracing::warn;

use crate::health::Primary;

/// SQL for the server's timeline, in hexadecimal; null on a standby. Every role may call these functions.
///
/// `pg_control_checkpoint` would not do: after a promotion it still has the old timeline for a moment.
const TIMELINE: &str =
    "(SELECT CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END)";

/// The timeline of a server that has none, in SQL.
const NO_TIMELINE: &str = "'00000001'::text";

/// SQL for the timeline, or for a constant on servers that have no timeline, such as some that only speak PostgreSQL's
/// protocol.
pub(crate) async fn timeline_sql(client: &Client) -> Result<&'static str, tokio_postgres::Error> {
    match client.query_typed(&format!("SELECT {TIMELINE}"), &[]).await {
        Ok(_) => Ok(TIMELINE),
        Err(error) if has_no_timeline(&error) => {
            warn!(
                "the server has no timeline: after a failover that lost writes, the log needs a new identity by hand"
            );
            Ok(NO_TIMELINE)
        }
        Err(error) => Err(error),
    }
}

/// The server that a new connection has reached. Unnamed statements work through any pooler.
pub(crate) async fn primary(client: &Client) -> Result<Primary, tokio_postgres::Error> {
    let sql = format!("SELECT (SELECT system_identifier FROM pg_control_system()), {TIMELINE}");
    match client.query_typed(&sql, &[]).await {
        Ok(rows) => {
            let read = |row: &Row| {
                Some(Primary { cluster: row.try_get(0).ok()?, timeline: timeline(row, 1).ok()?.unwrap_or_default() })
            };
            Ok(rows.first().and_then(read).unwrap_or_default())
        }
        Err(error) if error.as_db_error().is_some() => Ok(Primary::default()),
        Err(error) => Err(error),
    }
}

/// The setting that [`is_direct`] looks for, as an option of a connection.
pub(crate) const DIRECT: &str = "-c conversation_settings.direct=on";

/// Whether a new connection keeps the settings that it began with. A pooler keeps none.
pub(crate) async fn is_direct(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT coalesce(current_setting('conversation_settings.direct', true) = 'on', false)";
    let found = client.query_typed(sql, &[]).await?;
    found.first().map_or(Ok(false), |row| row.try_get(0))
}

/// A timeline in a row; `None` on a standby.
fn timeline(row: &Row, column: usize) -> Result<Option<u32>, BoxError> {
    Ok(row.try_get::<_, Option<&str>>(column)?.map(|digits| u32::from_str_radix(digits, 16)).transpose()?)
}

/// A timeline as a parameter that compares with the server's.
pub(crate) fn timeline_to_sql(timeline: u32) -> String {
    format!("{timeline:08X}")
}

fn has_no_timeline(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(&(SqlState::FEATURE_NOT_SUPPORTED | SqlState::UNDEFINED_FUNCTION)))
}

/// The stored identity of the log, and the server's timeline. Both are read together with the versions, since either may
/// change while this program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct History {
    stored: LogId,
    timeline: Option<u32>,
}

impl History {
    /// The number of columns.
    pub(crate) const COLUMNS: usize = 2;

    /// Reads a row that begins with `log` and the timeline.
    pub(crate) fn of_row(row: &Row) -> Result<Self, BoxError> {
        let stored = LogId(row.try_get::<_, &[u8]>(0)?.try_into()?);
        Ok(Self { stored, timeline: timeline(row, 1)? })
    }

    /// The identity of the log, the same in every program.
    ///
    /// A promotion begins a new timeline, which may lack the last writes of the old one, so each timeline gives the log
    /// another identity. The first gives it the stored one. A standby gives none: its versions may be old, and it does
    /// not know yet which timeline follows.
    pub(crate) fn log(self) -> LogId {
        let Some(timeline) = self.timeline else { return LogId::NONE };
        let LogId(mut id) = self.stored;
        for (byte, of_timeline) in id[8..].iter_mut().zip(timeline.wrapping_sub(1).to_be_bytes()) {
            *byte ^= of_timeline;
        }
        LogId(id)
    }

    /// The server, as far as a row says.
    pub(crate) fn primary(self) -> Primary {
        Primary { cluster: None, timeline: self.timeline.unwrap_or_default() }
    }

    /// Whether the server is a standby.
    pub(crate) fn is_standby(self) -> bool {
        self.timeline.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_timeline_another_identity_and_the_first_the_stored_one() {
        let log = |timeline| History { stored: LogId([7; 12]), timeline }.log();
        assert_eq!(log(Some(1)), LogId([7; 12]));
        assert_eq!(log(Some(2)), LogId([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6]));
        assert_eq!(log(Some(0x0102_0305)), LogId([7, 7, 7, 7, 7, 7, 7, 7, 6, 5, 4, 3]));
        assert_eq!(log(None), LogId::NONE);
    }
}
