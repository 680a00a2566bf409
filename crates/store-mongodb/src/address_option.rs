//! The option of an address that the driver refuses.

use crate::open_error::OpenError;

/// The error for the option that the driver's `message` names; nothing if it names none. The error repeats neither the
/// option's value nor the message, which may contain a secret.
pub(crate) fn refused(address: &str, message: &str) -> Option<OpenError> {
    let (_, options) = address.split_once('?')?;
    if options.contains('@') {
        // The question mark is a part of the password.
        return None;
    }
    let names = options.split('&').filter_map(|option| option.split_once('=')).map(|(name, _)| name);
    let name = names.into_iter().find(|name| is_word(name) && mentions(message, name))?;
    let problem = match message.split_once(" is an invalid option") {
        None => "has an invalid value, or needs a feature that this program lacks".to_owned(),
        Some((_, rest)) => match rest.rsplit_once("exists: ") {
            // One of the driver's own.
            Some((_, similar)) => format!("is not supported; did you mean {similar}?"),
            None => "is not supported".to_owned(),
        },
    };
    Some(OpenError::AddressOption { name: name.to_owned(), problem })
}

fn is_word(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether `name` is a word of `message`, in any case.
fn mentions(message: &str, name: &str) -> bool {
    message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word.eq_ignore_ascii_case(name))
}
