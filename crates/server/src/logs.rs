//! The log, on standard error.

use std::{env, io};

use tracing::warn;
use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{config::LogFormat, error::StartError};

const VARIABLE: &str = "RUST_LOG";

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Other programs' names of levels.
const FOREIGN_LEVELS: [&str; 6] = ["all", "critical", "fatal", "none", "notice", "verbose"];

/// Starts logging at the levels that `RUST_LOG` sets, `info` by default.
///
/// Each line of a request has the fields of its span, such as the operation ID.
pub(crate) fn start(format: LogFormat) -> Result<(), StartError> {
    let levels = env::var(VARIABLE).unwrap_or_default();
    let misspelt = misspelt_level(&levels);
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let filter = filter.parse(if misspelt.is_some() { "" } else { &levels });
    let filter = filter.map_err(|error| StartError::Usage(format!("{VARIABLE} is not a valid filter: {error}")))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    if let Some(misspelt) = misspelt {
        warn!("{VARIABLE}: {misspelt:?} is not a level: use one of {}; the level is info", LEVELS.join(", "));
    }
    Ok(())
}

/// The first word of a filter that is meant as a level but is not one. To the filter it is the name of a module, and every
/// other module logs nothing.
fn misspelt_level(levels: &str) -> Option<&str> {
    let is_meant = |word: &str| {
        let word = word.to_ascii_lowercase();
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let is_near = |level: &&str| word.starts_with(level) || strsim::damerau_levenshtein(level, &word) <= 2;
        let is_level = is_number || LEVELS.contains(&&*word);
        !is_level && (FOREIGN_LEVELS.contains(&&*word) || LEVELS[1..].iter().any(is_near))
    };
    let is_word = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    levels.split(',').map(str::trim).filter(is_word).find(|word| is_meant(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_that_are_meant_as_levels() {
        for misspelt in ["debugg", "dbug", "inf", "INFOS", "warning", "Information", "err", "trce", "verbose", "ALL"] {
            assert_eq!(misspelt_level(misspelt), Some(misspelt));
            assert_eq!(misspelt_level(&format!("hyper=off, {misspelt}")), Some(misspelt));
        }
        for right in [
            "",
            "info",
            "DEBUG",
            "3",
            "off",
            "info,hyper=warn",
            "hyper",
            "h2",
            "mongodb",
            "conversation_settings_http",
            "tracing",
            "rustls::conn",
            "info,[request{route=\"/x\"}]=debug",
            "a=info,b",
        ] {
            assert_eq!(misspelt_level(right), None, "{right}");
        }
    }
}
