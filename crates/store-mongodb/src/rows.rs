//! A conversation as one of OpenIM's documents, and back.

use std::sync::LazyLock;

use conversation_settings_core::{
    Conversation, ConversationId, Field, GroupId, Key, Kind, Settings, Target, Timestamp, UserId, Value,
};
use conversation_settings_store::{BoxError, Filter};
use mongodb::bson::{Bson, DateTime, Document, RawDocument, doc};

use crate::{error::Error, fields::Fields};

/// The fields that are not settings.
pub(crate) const OWNER: &str = "owner_user_id";
pub(crate) const CONVERSATION: &str = "conversation_id";
const TYPE: &str = "conversation_type";
pub(crate) const USER: &str = "user_id";
const GROUP: &str = "group_id";
const CREATED: &str = "create_time";

/// The date that OpenIM writes where no time is set: the start of the year 1, in milliseconds since the epoch.
const NEVER: i64 = -62_135_596_800_000;

static DEFAULTS: LazyLock<Settings> = LazyLock::new(Settings::default);

/// A conversation as a document, with every field.
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
    values.map(|(field, value)| (field.column().to_owned(), bson(value)))
}

fn bson(value: Value<'_>) -> Bson {
    match value {
        Value::Bool(value) => value.into(),
        Value::I32(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Timestamp(0) => DateTime::from_millis(NEVER).into(),
        Value::Timestamp(millis) => DateTime::from_millis(millis).into(),
    }
}

/// The conditions of a filter. A missing field and a null field have the default value.
pub(crate) fn conditions(filter: &Filter) -> Document {
    let mut conditions = Document::new();
    for &field in Field::ALL {
        let mut condition = Document::new();
        let mut add = |operator, value: Option<Value<'_>>| {
            if let Some(value) = value {
                condition.insert(operator, stored_forms(field, value));
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

/// All values in documents that read back as `value`.
fn stored_forms(field: Field, value: Value<'_>) -> Vec<Bson> {
    let mut forms = vec![bson(value)];
    if value == DEFAULTS.value(field) {
        forms.push(Bson::Null);
    }
    if value == Value::Timestamp(0) {
        forms.push(DateTime::from_millis(0).into());
    }
    forms
}

/// Reads a conversation back.
pub(crate) fn conversation(document: &RawDocument) -> Result<Conversation, Error> {
    let fields = Fields::of(document).map_err(Error::damaged)?;
    let key = key(&fields).map_err(Error::damaged)?;
    let read = || -> Result<_, BoxError> {
        let kind = i32::try_from(fields.number(TYPE)?.unwrap_or_default())?;
        let (user, group) = (fields.text(USER)?, fields.text(GROUP)?);
        let id = if matches!(kind, 2 | 3) { group } else { user };
        let target = Target::from_parts(kind, id.unwrap_or_default())?;
        Ok((target, read_settings(&fields)?, Timestamp(fields.date(CREATED)?.unwrap_or(NEVER))))
    };
    match read() {
        Ok((target, settings, created_at)) => Ok(Conversation { key, target, settings, created_at }),
        Err(source) => Err(Error::Damaged { key: Some(Box::new(key)), source }),
    }
}

fn key(fields: &Fields<'_>) -> Result<Key, BoxError> {
    let id = |name| Ok::<_, BoxError>(fields.text(name)?.unwrap_or_default());
    Ok(Key::new(UserId::new(id(OWNER)?)?, ConversationId::new(id(CONVERSATION)?)?))
}

fn read_settings(fields: &Fields<'_>) -> Result<Settings, BoxError> {
    Settings::from_values(|field| {
        let name = field.column();
        let value = match field.kind() {
            Kind::Bool => fields.boolean(name)?.map(Value::Bool),
            Kind::I32 => fields.number(name)?.map(i32::try_from).transpose()?.map(Value::I32),
            Kind::I64 => fields.number(name)?.map(Value::I64),
            Kind::Text => fields.text(name)?.map(Value::Text),
            Kind::Timestamp => {
                fields.date(name)?.map(|millis| Value::Timestamp(if millis == NEVER { 0 } else { millis }))
            }
        };
        Ok(value.unwrap_or_else(|| DEFAULTS.value(field)))
    })
}
