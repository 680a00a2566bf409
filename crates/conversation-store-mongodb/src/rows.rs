//! A conversation as one of OpenIM's documents, and back.

use std::sync::LazyLock;

use conversation_core::{
    Conversation, ConversationId, Field, GroupId, Key, Kind, Settings, Target, Timestamp, UserId, Value,
};
use conversation_store::{BoxError, Filter};
use mongodb::bson::{Bson, DateTime, Document, RawDocument, doc, raw::RawBsonRef};

use crate::error::Error;

/// The fields that are not settings.
pub(crate) const OWNER: &str = "owner_user_id";
pub(crate) const CONVERSATION: &str = "conversation_id";
const TYPE: &str = "conversation_type";
pub(crate) const USER: &str = "user_id";
const GROUP: &str = "group_id";
const CREATED: &str = "create_time";

/// The time that OpenIM writes where there is none: the first moment of the year 1.
const NEVER: i64 = -62_135_596_800_000;

static DEFAULTS: LazyLock<Settings> = LazyLock::new(Settings::default);

/// A conversation as a document, all fields of it.
pub(crate) fn document(conversation: &Conversation) -> Document {
    let target = &conversation.target;
    let mut document = doc! {
        OWNER: conversation.key.owner.as_str(),
        CONVERSATION: conversation.key.conversation_id.as_str(),
        TYPE: target.conversation_type(),
        USER: target.user_id().map_or("", UserId::as_str),
        GROUP: target.group_id().map_or("", GroupId::as_str),
        CREATED: DateTime::from_millis(conversation.created_at.0),
    };
    document.extend(settings(conversation.settings.values()));
    document
}

/// Settings as fields of a document.
pub(crate) fn settings<'a>(values: impl Iterator<Item = (Field, Value<'a>)>) -> impl Iterator<Item = (String, Bson)> {
    values.map(|(field, value)| (field.column().to_owned(), bson(field, value)))
}

/// The one setting that is a time is a date in a document.
fn bson(field: Field, value: Value<'_>) -> Bson {
    match value {
        Value::I64(0) if field == Field::LatestMsgDestructTime => DateTime::from_millis(NEVER).into(),
        Value::I64(value) if field == Field::LatestMsgDestructTime => DateTime::from_millis(value).into(),
        Value::Bool(value) => value.into(),
        Value::I32(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::Text(value) => value.into(),
    }
}

/// The conditions of a filter. A field that is missing or null has its default.
pub(crate) fn conditions(filter: &Filter) -> Document {
    let mut conditions = Document::new();
    for &field in Field::ALL {
        let mut condition = Document::new();
        let mut add = |operator, value: Option<Value<'_>>| {
            if let Some(value) = value {
                condition.insert(operator, same_as(field, value));
            }
        };
        add("$in", filter.is.value(field));
        add("$nin", filter.is_not.value(field));
        if !condition.is_empty() {
            conditions.insert(field.column(), condition);
        }
    }
    conditions
}

/// All that is read back as `value`.
fn same_as(field: Field, value: Value<'_>) -> Vec<Bson> {
    let mut same = vec![bson(field, value)];
    if value == DEFAULTS.value(field) {
        same.push(Bson::Null);
        if field == Field::LatestMsgDestructTime {
            same.push(DateTime::from_millis(0).into());
        }
    }
    same
}

/// Reads a conversation back.
pub(crate) fn conversation(document: &RawDocument) -> Result<Conversation, Error> {
    let key = key(document).map_err(|source| Error::Damaged { key: None, source })?;
    let read = || -> Result<_, BoxError> {
        let kind = number(document, TYPE)?.unwrap_or_default();
        let kind = i32::try_from(kind)?;
        let id = text(document, if matches!(kind, 2 | 3) { GROUP } else { USER })?;
        let created = date(document, CREATED)?.unwrap_or(NEVER);
        Ok((Target::from_parts(kind, id.unwrap_or_default())?, read_settings(document)?, Timestamp(created)))
    };
    match read() {
        Ok((target, settings, created_at)) => Ok(Conversation { key, target, settings, created_at }),
        Err(source) => Err(Error::Damaged { key: Some(Box::new(key)), source }),
    }
}

fn key(document: &RawDocument) -> Result<Key, BoxError> {
    let id = |name| Ok::<_, BoxError>(text(document, name)?.unwrap_or_default());
    Ok(Key::new(UserId::new(id(OWNER)?)?, ConversationId::new(id(CONVERSATION)?)?))
}

fn read_settings(document: &RawDocument) -> Result<Settings, BoxError> {
    Settings::from_values(|field| {
        let name = field.column();
        let value = match field.kind() {
            _ if field == Field::LatestMsgDestructTime => {
                date(document, name)?.map(|at| Value::I64(if at == NEVER { 0 } else { at }))
            }
            Kind::Bool => boolean(document, name)?.map(Value::Bool),
            Kind::I32 => number(document, name)?.map(i32::try_from).transpose()?.map(Value::I32),
            Kind::I64 => number(document, name)?.map(Value::I64),
            Kind::Text => text(document, name)?.map(Value::Text),
        };
        Ok(value.unwrap_or_else(|| DEFAULTS.value(field)))
    })
}

/// A field of another type than it has to be.
#[derive(Debug, thiserror::Error)]
#[error("{name}: must be {expected}, got BSON type {got:?}")]
struct WrongType {
    name: String,
    expected: &'static str,
    got: mongodb::bson::spec::ElementType,
}

/// Reads a field as `read` can, which answers `None` where it is of another type; missing and null are the same.
fn read<'a, T>(
    document: &'a RawDocument,
    name: &str,
    expected: &'static str,
    read: impl FnOnce(RawBsonRef<'a>) -> Option<T>,
) -> Result<Option<T>, BoxError> {
    match document.get(name)? {
        None | Some(RawBsonRef::Null) => Ok(None),
        Some(value) => match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(WrongType { name: name.to_owned(), expected, got: value.element_type() }.into()),
        },
    }
}

pub(crate) fn text<'a>(document: &'a RawDocument, name: &str) -> Result<Option<&'a str>, BoxError> {
    read(document, name, "a string", RawBsonRef::as_str)
}

/// An integer of any width, as the drivers of other languages take it too.
pub(crate) fn number(document: &RawDocument, name: &str) -> Result<Option<i64>, BoxError> {
    read(document, name, "an integer", |value| match value {
        RawBsonRef::Int32(value) => Some(value.into()),
        RawBsonRef::Int64(value) => Some(value),
        _ => None,
    })
}

fn boolean(document: &RawDocument, name: &str) -> Result<Option<bool>, BoxError> {
    read(document, name, "a boolean", RawBsonRef::as_bool)
}

fn date(document: &RawDocument, name: &str) -> Result<Option<i64>, BoxError> {
    read(document, name, "a date", |value| value.as_datetime().map(DateTime::timestamp_millis))
}
