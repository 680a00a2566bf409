//! A conversation as one of OpenIM's documents, and back.

use std::{collections::BTreeMap, sync::LazyLock};

use conversation_settings_core::{
    Conversation, ConversationId, CustomName, CustomPatch, CustomText, CustomValue, Field, GroupId, Key, Kind, Patch,
    Settings, Target, Timestamp, UserId, Value,
};
use conversation_settings_store::{BoxError, Filter};
use mongodb::bson::{
    Bson, DateTime, Document, RawDocument, doc,
    raw::{CStr, RawBsonRef},
};

use crate::{
    error::Error,
    fields::{Fields, integer},
};

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
    let settings = conversation.settings.values();
    document.extend(settings.filter_map(|(field, value)| Some((field.column().to_owned(), bson(value)?))));
    document
}

/// The update of a document that makes the change `patch`. If `is_whole`, the names of the host's own settings that it
/// sets are all that the document has then.
pub(crate) fn update(patch: &Patch, is_whole: bool) -> Document {
    let (mut set, mut unset) = (Document::new(), Document::new());
    for (field, value) in patch.values() {
        match value {
            Value::Custom(names) if !is_whole => {
                for (name, value) in names.iter() {
                    let at = path_of(field, name);
                    match value {
                        Some(value) => set.insert(at, custom_bson(value)),
                        None => unset.insert(at, ""),
                    };
                }
            }
            value => match bson(value) {
                Some(value) => drop(set.insert(field.column(), value)),
                None => drop(unset.insert(field.column(), "")),
            },
        }
    }
    let updates = [("$set", set), ("$unset", unset)].into_iter().filter(|(_, fields)| !fields.is_empty());
    updates.map(|(operator, fields)| (operator.to_owned(), fields.into())).collect()
}

/// Whether the names that `patch` sets are all that `settings` have.
pub(crate) fn is_whole(patch: &Patch, settings: &Settings) -> bool {
    patch.values().all(|(field, value)| match (value, settings.value(field)) {
        (Value::Custom(changed), Value::Custom(after)) => {
            changed.iter().filter(|(_, value)| value.is_some()).count() == after.len()
        }
        _ => true,
    })
}

/// The path of a setting of the host's own. A name has no dot and no dollar.
fn path_of(field: Field, name: &CustomName) -> String {
    format!("{}.{name}", field.column())
}

/// The stored form of a setting; `None` for a field that is missing then. Without settings of the host's own a document has
/// OpenIM's fields alone.
fn bson(value: Value<'_>) -> Option<Bson> {
    Some(match value {
        Value::Bool(value) => value.into(),
        Value::I32(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Custom(names) => {
            let names = names.iter().filter_map(|(name, value)| Some((name.to_string(), custom_bson(value?))));
            let names: Document = names.collect();
            return (!names.is_empty()).then_some(names.into());
        }
        Value::Timestamp(0) => DateTime::from_millis(NEVER).into(),
        Value::Timestamp(millis) => DateTime::from_millis(millis).into(),
    })
}

fn custom_bson(value: &CustomValue) -> Bson {
    match value {
        CustomValue::Boolean(value) => (*value).into(),
        CustomValue::Integer(value) => (*value).into(),
        CustomValue::Text(value) => (**value).into(),
    }
}

/// The conditions of a filter. A missing field and a null field have the default value.
pub(crate) fn conditions(filter: &Filter) -> Document {
    let mut conditions = BTreeMap::<String, Document>::new();
    let mut add = |path: String, operator, forms: Vec<Bson>| {
        conditions.entry(path).or_default().insert(operator, forms);
    };
    let values = filter.is.values().map(|condition| ("$in", condition));
    for (operator, (field, value)) in values.chain(filter.is_not.values().map(|condition| ("$nin", condition))) {
        match value {
            Value::Custom(names) => {
                for (name, value) in names.iter() {
                    add(path_of(field, name), operator, vec![value.map_or(Bson::Null, custom_bson)]);
                }
            }
            value => add(field.column().to_owned(), operator, stored_forms(field, &value)),
        }
    }
    conditions.into_iter().map(|(path, condition)| (path, condition.into())).collect()
}

/// All values in documents that read back as `value`.
fn stored_forms(field: Field, value: &Value<'_>) -> Vec<Bson> {
    let mut forms: Vec<_> = bson(value.clone()).into_iter().collect();
    if *value == DEFAULTS.value(field) {
        forms.push(Bson::Null);
    }
    if *value == Value::Timestamp(0) {
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
            Kind::Custom => fields.document(name)?.map(custom).transpose()?.map(Value::Custom),
            Kind::Timestamp => {
                fields.date(name)?.map(|millis| Value::Timestamp(if millis == NEVER { 0 } else { millis }))
            }
        };
        Ok(value.unwrap_or_else(|| DEFAULTS.value(field)))
    })
}

/// The host's own settings. Other programs write integers of either width.
fn custom(names: &RawDocument) -> Result<CustomPatch, BoxError> {
    let read = |element: Result<(&CStr, RawBsonRef<'_>), _>| -> Result<_, BoxError> {
        let (name, value) = element?;
        let value = match value {
            RawBsonRef::Boolean(value) => CustomValue::Boolean(value),
            RawBsonRef::String(text) => CustomValue::Text(CustomText::new(text)?),
            value => {
                CustomValue::Integer(integer(value).ok_or("a value in custom is neither text, integer nor boolean")?)
            }
        };
        Ok((CustomName::new(name.as_str())?, Some(value)))
    };
    names.iter().map(read).collect()
}
