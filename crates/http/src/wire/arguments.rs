//! Checks of single arguments.

use conversation_settings_core::{ArgsError, ConversationId, IdError, Path, Text, UserId, ValueError, Violation};

/// The value of the argument `name`, which must be there.
pub(super) fn required<T>(name: &'static str, value: Option<T>) -> Result<T, ArgsError> {
    value.ok_or_else(|| ArgsError::new(name, Violation::Required))
}

/// The user ID that the argument `name` must be.
pub(super) fn user_id(name: &'static str, text: Option<Text>) -> Result<UserId, ArgsError> {
    id(name, text, UserId::new)
}

/// The conversation ID that the argument `name` must be.
pub(super) fn conversation_id(name: &'static str, text: Option<Text>) -> Result<ConversationId, ArgsError> {
    id(name, text, ConversationId::new)
}

fn id<T>(
    name: &'static str,
    text: Option<Text>,
    parse: impl FnOnce(Text) -> Result<T, IdError>,
) -> Result<T, ArgsError> {
    parse(required(name, text)?).map_err(|error| ArgsError::new(name, error))
}

/// The conversation IDs in the argument `conversationIDs`.
pub(super) fn conversation_ids(texts: Vec<Text>) -> Result<Vec<ConversationId>, ArgsError> {
    let parse = |(index, text)| {
        ConversationId::new(text).map_err(|error| ArgsError::new(Path::Element("conversationIDs", index), error))
    };
    texts.into_iter().enumerate().map(parse).collect()
}

/// The number in the argument `name`, which must be there and at least `least`.
pub(super) fn at_least<T: PartialOrd + Copy + Into<i64>>(
    least: T,
    name: &'static str,
    number: Option<T>,
) -> Result<T, ArgsError> {
    let got = required(name, number)?;
    if got < least {
        return Err(ArgsError::new(name, ValueError::TooSmall { least: least.into(), got: got.into() }));
    }
    Ok(got)
}
