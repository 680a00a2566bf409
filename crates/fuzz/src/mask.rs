//! The texts that are parsed: masks, log identities, lives.

use std::{fmt::Display, str::FromStr};

use conversation_settings_core::{Mask, UnknownField};
use conversation_settings_store::{Lifespan, LogId};

/// What can be read reads back as printed, and what cannot is named in bounds.
///
/// # Panics
///
/// When that does not hold.
pub fn mask(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Err(UnknownField { name }) = text.parse::<Mask>() {
        assert!(name.chars().count() <= 64, "{name}");
    }
    reads_back::<Mask>(text);
    reads_back::<LogId>(text);
    reads_back::<Lifespan>(text);
}

fn reads_back<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        let printed = read.to_string();
        assert!(printed.parse().is_ok_and(|again: T| again == read), "{text} was printed as {printed}");
    }
}
