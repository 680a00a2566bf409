//! The parsed texts: masks, log identities, lifespans.

use std::{fmt::Display, str::FromStr};

use conversation_settings_core::{Mask, UnknownField};
use conversation_settings_store::{Lifespan, LogId};

/// A text that parses prints as a text that parses to the same value. An error quotes at most 64 characters.
///
/// # Panics
///
/// If one of these rules is broken.
pub fn mask(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Err(UnknownField { name }) = text.parse::<Mask>() {
        assert!(name.chars().count() <= 64, "{name}");
    }
    round_trips::<Mask>(text);
    round_trips::<LogId>(text);
    round_trips::<Lifespan>(text);
}

fn round_trips<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        let printed = read.to_string();
        assert!(printed.parse().is_ok_and(|again: T| again == read), "{text} was printed as {printed}");
    }
}
