//! Checking the arguments of the use cases.

use std::collections::HashSet;

use conversation_settings_core::{ArgsError, ConversationId, IdError, Key, Path, Text, UserId, Violation};

/// The ID that the argument `name` has to be.
pub(crate) fn required<T>(
    name: &'static str,
    text: Option<Text>,
    parse: impl FnOnce(Text) -> Result<T, IdError>,
) -> Result<T, ArgsError> {
    let text = text.ok_or_else(|| ArgsError::new(name, Violation::Required))?;
    parse(text).map_err(|error| ArgsError::new(name, error))
}

/// `owner`'s views of the conversations in the argument `conversationIDs`, each once, in the order given.
pub(crate) fn keys(owner: &UserId, conversation_ids: Option<Vec<Text>>, limit: usize) -> Result<Vec<Key>, ArgsError> {
    const NAME: &str = "conversationIDs";
    let ids = conversation_ids.ok_or_else(|| ArgsError::new(NAME, Violation::Required))?;
    check_length(NAME, ids.len(), limit)?;
    let mut seen = HashSet::with_capacity(ids.len());
    let mut keys = Vec::with_capacity(ids.len());
    for (index, id) in ids.into_iter().enumerate() {
        let id = ConversationId::new(id).map_err(|error| ArgsError::new(Path::Element(NAME, index), error))?;
        if seen.insert(id.clone()) {
            keys.push(Key::new(owner.clone(), id));
        }
    }
    Ok(keys)
}

/// A list has an element, and no more than `limit`.
pub(crate) fn check_length(name: &'static str, got: usize, limit: usize) -> Result<(), ArgsError> {
    match got {
        0 => Err(ArgsError::new(name, Violation::Empty)),
        got if got > limit => Err(ArgsError::new(name, Violation::TooMany { limit, got })),
        _ => Ok(()),
    }
}
