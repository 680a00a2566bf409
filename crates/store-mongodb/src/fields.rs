//! Typed access to the fields of a document.

use std::cell::Cell;

use conversation_settings_store::BoxError;
use mongodb::bson::{DateTime, RawArray, RawDocument, oid::ObjectId, raw::RawBsonRef, spec::ElementType};

/// The fields of a document. A missing field and a null field are both `None`.
pub(crate) struct Fields<'a> {
    fields: Vec<(&'a str, RawBsonRef<'a>)>,
    /// The index behind the field found last. Callers mostly ask for fields in stored order, so a search starts here.
    next: Cell<usize>,
}

#[derive(Debug, thiserror::Error)]
#[error("{name}: must be {expected}, got BSON type {got:?}")]
struct WrongType {
    name: String,
    expected: &'static str,
    got: ElementType,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(document: &'a RawDocument) -> Result<Self, BoxError> {
        let fields = document.iter().map(|field| field.map(|(name, value)| (name.as_str(), value)));
        Ok(Self { fields: fields.collect::<Result<_, _>>()?, next: Cell::new(0) })
    }

    /// Reads a field with `read`, which returns `None` for a value of another type.
    fn read<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(RawBsonRef<'a>) -> Option<T>,
    ) -> Result<Option<T>, BoxError> {
        let (before, after) = self.fields.split_at(self.next.get());
        let mut fields = (self.next.get()..).zip(after).chain((0..).zip(before));
        let Some((at, (_, value))) = fields.find(|(_, (found, _))| *found == name) else { return Ok(None) };
        self.next.set(at + 1);
        match read(*value) {
            _ if matches!(value, RawBsonRef::Null) => Ok(None),
            None => Err(WrongType { name: name.to_owned(), expected, got: value.element_type() }.into()),
            read => Ok(read),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, BoxError> {
        self.read(name, "a string", RawBsonRef::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, BoxError> {
        self.read(name, "an integer", integer)
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, BoxError> {
        self.read(name, "a boolean", RawBsonRef::as_bool)
    }

    /// A date, in milliseconds since the epoch.
    pub(crate) fn date(&self, name: &str) -> Result<Option<i64>, BoxError> {
        self.read(name, "a date", |value| value.as_datetime().map(DateTime::timestamp_millis))
    }

    pub(crate) fn document(&self, name: &str) -> Result<Option<&'a RawDocument>, BoxError> {
        self.read(name, "an object", RawBsonRef::as_document)
    }

    pub(crate) fn array(&self, name: &str) -> Result<Option<&'a RawArray>, BoxError> {
        self.read(name, "an array", RawBsonRef::as_array)
    }

    pub(crate) fn object_id(&self, name: &str) -> Result<Option<ObjectId>, BoxError> {
        self.read(name, "an ObjectId", RawBsonRef::as_object_id)
    }
}

/// An integer of either width, since drivers of other languages write both.
pub(crate) fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(value) => Some(value.into()),
        RawBsonRef::Int64(value) => Some(value),
        _ => None,
    }
}

/// An unsigned number as BSON's signed one. No owner's version reaches 2⁶³.
pub(crate) fn int64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
