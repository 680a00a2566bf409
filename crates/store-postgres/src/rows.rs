//! Records as rows, and back.

use std::{iter, str, sync::LazyLock};

use conversation_settings_core::{
    Conversation, ConversationId, CustomName, CustomValue, Field, Key, Kind, Settings, Target, Timestamp, UserId,
    Value, Version,
};
use conversation_settings_store::{BoxError, Record, RecordWrite, State};
use tokio_postgres::{
    Row,
    types::{Json, ToSql, Type},
};

use crate::{error::Error, session::Parameter};

/// The columns that are not settings, and their types.
pub(crate) const FIXED_COLUMNS: [(&str, &str); 7] = [
    ("owner", "text"),
    ("conversation_id", "text"),
    ("conversation_type", "integer"),
    ("target_id", "text"),
    ("created_at", "bigint"),
    ("lives", "text"),
    ("changed_in", "bigint"),
];

/// The settings' columns, and their types.
pub(crate) fn setting_columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    Field::ALL.iter().map(|field| (field.column(), column_type(field.kind())))
}

/// All columns of `conversations`, and their types.
pub(crate) fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIXED_COLUMNS.into_iter().chain(setting_columns())
}

/// The number of columns that form the key.
const KEY_COLUMNS: usize = 2;

/// The columns of a record without its key, joined by commas.
pub(crate) static STATE: LazyLock<String> =
    LazyLock::new(|| columns().skip(KEY_COLUMNS).map(|(column, _)| column).collect::<Vec<_>>().join(", "));

/// Positions of columns in [`STATE`].
mod at {
    pub(super) const CONVERSATION_TYPE: usize = 0;
    pub(super) const TARGET_ID: usize = 1;
    pub(super) const CREATED_AT: usize = 2;
    pub(super) const LIFESPAN: usize = 3;
    pub(super) const LAST_CHANGED: usize = 4;
    pub(super) const SETTINGS: usize = 5;
}

/// The type of a setting's column. Text is stored as UTF-8 bytes, since PostgreSQL's `text` refuses U+0000.
pub(crate) const fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::I32 => "integer",
        Kind::I64 | Kind::Timestamp => "bigint",
        Kind::Text => "bytea",
        Kind::Custom => "jsonb",
    }
}

/// A setting as a parameter.
pub(crate) fn setting_to_sql(value: Value<'_>) -> Parameter<'_> {
    match value {
        Value::Bool(value) => (Box::new(value), Type::BOOL),
        Value::I32(value) => (Box::new(value), Type::INT4),
        Value::I64(value) | Value::Timestamp(value) => (Box::new(value), Type::INT8),
        Value::Text(value) => (Box::new(value.as_bytes()), Type::BYTEA),
        Value::Custom(names) => (Box::new(Json(names)), Type::JSONB),
    }
}

/// A version as a number. One that is too large for the column is larger than any stored version.
pub(crate) fn version_to_sql(version: Version) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}

/// How many of the last settings a record is compared with, to send equal ones once.
const COMPARED_SETTINGS: usize = 4;

/// Records as parameters: an array for each of [`FIXED_COLUMNS`], an array of indexes into the settings, and an array
/// for each setting.
///
/// Many records of a batch mostly have the same settings, and `ex` may be long, so equal settings are sent once.
pub(crate) fn parameters(records: &[RecordWrite]) -> Vec<Parameter<'_>> {
    let mut settings = Vec::<&Settings>::new();
    let mut indexes = Vec::<Option<i64>>::with_capacity(records.len());
    for live in records.iter().map(|changed| changed.record.live()) {
        indexes.push(live.and_then(|live| {
            let equal = settings.iter().rev().take(COMPARED_SETTINGS).position(|sent| **sent == live.settings);
            let index = equal.map_or(settings.len(), |back| settings.len() - 1 - back);
            if equal.is_none() {
                settings.push(&live.settings);
            }
            // SQL counts from 1.
            i64::try_from(index + 1).ok()
        }));
    }
    let records = || records.iter().map(|changed| &changed.record);
    let fixed: [Parameter<'_>; FIXED_COLUMNS.len()] = [
        texts(records().map(|record| record.key().owner.as_str())),
        texts(records().map(|record| record.key().conversation_id.as_str())),
        array(records().map(|record| Some(record.live()?.target.conversation_type())), Type::INT4_ARRAY),
        array(records().map(|record| Some(record.live()?.target.id())), Type::TEXT_ARRAY),
        array(records().map(|record| Some(record.live()?.created_at.0)), Type::INT8_ARRAY),
        array(records().map(|record| record.lifespan.to_string()), Type::TEXT_ARRAY),
        versions(records().map(|record| record.last_changed)),
    ];
    let indexes = array(indexes.into_iter(), Type::INT8_ARRAY);
    let settings = Field::ALL.iter().map(|field| settings_array(&settings, *field));
    fixed.into_iter().chain(iter::once(indexes)).chain(settings).collect()
}

pub(crate) fn text(text: &str) -> Parameter<'_> {
    (Box::new(text), Type::TEXT)
}

/// A name in the host's own settings, and its value; `None` for its absence.
pub(crate) fn name_and_value<'a>(name: &CustomName, value: Option<&CustomValue>) -> [Parameter<'a>; 2] {
    [(Box::new(name.to_string()), Type::TEXT), (Box::new(value.cloned().map(Json)), Type::JSONB)]
}

pub(crate) fn number<'a>(number: i64) -> Parameter<'a> {
    (Box::new(number), Type::INT8)
}

pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Parameter<'a> {
    array(texts, Type::TEXT_ARRAY)
}

pub(crate) fn versions<'a>(versions: impl Iterator<Item = Version>) -> Parameter<'a> {
    array(versions.map(version_to_sql), Type::INT8_ARRAY)
}

pub(crate) fn numbers<'a>(numbers: impl Iterator<Item = i64>) -> Parameter<'a> {
    array(numbers, Type::INT8_ARRAY)
}

fn array<'a, T: ToSql + Send + Sync + 'a>(values: impl Iterator<Item = T>, of: Type) -> Parameter<'a> {
    (Box::new(values.collect::<Vec<_>>()), of)
}

/// One setting of many records.
fn settings_array<'a>(settings: &[&'a Settings], field: Field) -> Parameter<'a> {
    macro_rules! of {
        ($kind:ident, $type:ident, $value:ident => $sql:expr) => {{
            let value = |settings: &&'a Settings| match settings.value(field) {
                Value::$kind($value) => Some($sql),
                _ => None,
            };
            array(settings.iter().map(value), Type::$type)
        }};
    }
    match field.kind() {
        Kind::Bool => of!(Bool, BOOL_ARRAY, value => value),
        Kind::I32 => of!(I32, INT4_ARRAY, value => value),
        Kind::I64 => of!(I64, INT8_ARRAY, value => value),
        Kind::Timestamp => of!(Timestamp, INT8_ARRAY, value => value),
        Kind::Text => of!(Text, BYTEA_ARRAY, value => value.as_bytes()),
        Kind::Custom => of!(Custom, JSONB_ARRAY, value => Json(value)),
    }
}

/// Reads a record from a row of the key and [`STATE`].
pub(crate) fn record(row: &Row) -> Result<Record, Error> {
    let key = || -> Result<_, BoxError> {
        Ok(Key::new(UserId::new(row.try_get::<_, &str>(0)?)?, ConversationId::new(row.try_get::<_, &str>(1)?)?))
    };
    let key = key().map_err(|source| Error::Row { key: None, source })?;
    record_of(&key, row, KEY_COLUMNS)
}

/// Reads the record of `key` from a row in which [`STATE`] begins at `first`.
pub(crate) fn record_of(key: &Key, row: &Row, first: usize) -> Result<Record, Error> {
    let no_lifespan = || Error::Row { key: Some(Box::new(key.clone())), source: "the column lives is null".into() };
    optional_record_of(key, row, first)?.ok_or_else(no_lifespan)
}

/// Like [`record_of`] for a row of an outer join: `None` if there is no record.
pub(crate) fn optional_record_of(key: &Key, row: &Row, first: usize) -> Result<Option<Record>, Error> {
    let read = || -> Result<_, BoxError> {
        let Some(lifespan) = row.try_get::<_, Option<&str>>(first + at::LIFESPAN)? else { return Ok(None) };
        let state = match row.try_get(first + at::CONVERSATION_TYPE)? {
            None => State::Removed(key.clone()),
            Some(kind) => State::Live(Conversation {
                key: key.clone(),
                target: Target::from_parts(kind, row.try_get(first + at::TARGET_ID)?)?,
                settings: settings(row, first + at::SETTINGS)?,
                created_at: Timestamp(row.try_get(first + at::CREATED_AT)?),
            }),
        };
        Ok(Some(Record { state, lifespan: lifespan.parse()?, last_changed: version(row, first + at::LAST_CHANGED)? }))
    };
    read().map_err(|source| Error::Row { key: Some(Box::new(key.clone())), source })
}

pub(crate) fn version(row: &Row, index: usize) -> Result<Version, BoxError> {
    Ok(Version(u64::try_from(row.try_get::<_, i64>(index)?)?))
}

fn settings(row: &Row, first: usize) -> Result<Settings, BoxError> {
    Settings::from_values(|field| {
        let index = first + field as usize;
        Ok(match field.kind() {
            Kind::Bool => Value::Bool(row.try_get(index)?),
            Kind::I32 => Value::I32(row.try_get(index)?),
            Kind::I64 => Value::I64(row.try_get(index)?),
            Kind::Timestamp => Value::Timestamp(row.try_get(index)?),
            Kind::Text => Value::Text(str::from_utf8(row.try_get(index)?)?),
            Kind::Custom => Value::Custom(row.try_get::<_, Json<_>>(index)?.0),
        })
    })
}
