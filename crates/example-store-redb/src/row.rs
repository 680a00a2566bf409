//! A record as the bytes of a row, and back.

use conversation_settings_core::{
    Conversation, CustomPatch, Field, Key, Kind, Settings, Target, Timestamp, Value, Version,
};
use conversation_settings_store::{BoxError, Record, State};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::error::Error;

/// A row without its key, as JSON.
#[derive(Serialize, Deserialize)]
struct Row {
    changed_in: u64,
    lives: String,
    /// `None` in a tombstone.
    live: Option<Live>,
}

#[derive(Serialize, Deserialize)]
struct Live {
    conversation_type: i32,
    target_id: String,
    created_at: i64,
    /// By column name. No setting is named here.
    settings: Map<String, serde_json::Value>,
}

pub(crate) fn write(record: &Record) -> Result<Vec<u8>, Error> {
    let live = record.live().map(|conversation| {
        let settings = conversation.settings.values();
        Live {
            conversation_type: conversation.target.conversation_type(),
            target_id: conversation.target.id().to_owned(),
            created_at: conversation.created_at.0,
            settings: settings.map(|(field, value)| (field.column().to_owned(), json(value))).collect(),
        }
    });
    let row = Row { changed_in: record.last_changed.0, lives: record.lifespan.to_string(), live };
    serde_json::to_vec(&row)
        .map_err(|error| Error::Row { key: Some(Box::new(record.key().clone())), source: error.into() })
}

pub(crate) fn read(key: &Key, bytes: &[u8]) -> Result<Record, Error> {
    try_read(key, bytes).map_err(|source| Error::Row { key: Some(Box::new(key.clone())), source })
}

fn try_read(key: &Key, bytes: &[u8]) -> Result<Record, BoxError> {
    let row: Row = serde_json::from_slice(bytes)?;
    let state = match row.live {
        None => State::Removed(key.clone()),
        Some(live) => State::Live(Conversation {
            key: key.clone(),
            target: Target::from_parts(live.conversation_type, &live.target_id)?,
            settings: settings(&live.settings)?,
            created_at: Timestamp(live.created_at),
        }),
    };
    Ok(Record { state, lifespan: row.lives.parse()?, last_changed: Version(row.changed_in) })
}

fn json(value: Value<'_>) -> serde_json::Value {
    match value {
        Value::Bool(value) => value.into(),
        Value::I32(value) => value.into(),
        Value::I64(value) | Value::Timestamp(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Custom(names) => serde_json::to_value(names).expect("names and scalars are JSON"),
    }
}

fn settings(columns: &Map<String, serde_json::Value>) -> Result<Settings, BoxError> {
    let default = Settings::default();
    Settings::from_values(|field: Field| {
        // A setting that is newer than the row has its default.
        let Some(value) = columns.get(field.column()) else { return Ok(default.value(field)) };
        let read = match field.kind() {
            Kind::Bool => value.as_bool().map(Value::Bool),
            Kind::I32 => value.as_i64().and_then(|value| value.try_into().ok()).map(Value::I32),
            Kind::I64 => value.as_i64().map(Value::I64),
            Kind::Timestamp => value.as_i64().map(Value::Timestamp),
            Kind::Text => value.as_str().map(Value::Text),
            Kind::Custom => Some(Value::Custom(CustomPatch::deserialize(value)?)),
        };
        read.ok_or_else(|| BoxError::from(format!("{field} is not {}", field.kind())))
    })
}
