//! The log, on standard error.

use std::io;

use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{config::LogFormat, error::StartError};

/// Starts logging at the levels that `RUST_LOG` sets, `info` by default.
///
/// Each line of a request has the fields of its span, such as the operation ID.
pub(crate) fn start(format: LogFormat) -> Result<(), StartError> {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env();
    let filter = filter.map_err(|error| StartError::Usage(format!("RUST_LOG is not a valid filter: {error}")))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}
