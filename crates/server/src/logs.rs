//! The log, on standard error.

use std::io;

use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{config::LogFormat, error::StartError};

/// Begins to log what `RUST_LOG` lets through, everything from `info` on where it is not set.
///
/// Every line of a request carries the fields of its span, the operation ID among them.
pub(crate) fn begin(format: LogFormat) -> Result<(), StartError> {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env();
    let filter = filter.map_err(|error| StartError::Usage(format!("RUST_LOG cannot be read as a filter: {error}")))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}
