//! The fields of a document, by name and of the type that is asked for.

use std::cell::Cell;

use conversation_settings_store::BoxError;
use mongodb::bson::{DateTime, RawArray, RawDocument, oid::ObjectId, raw::RawBsonRef, spec::ElementType};

/// The fields of a document. One that is missing and one that is null are the same.
pub(crate) struct Fields<'a> {
    fields: Vec<(&'a str, RawBsonRef<'a>)>,
    /// Behind the field that was found last. Fields are mostly asked for in the order in which they stand, so the next
    /// one is mostly here.
    next: Cell<usize>,
}

/// A field of another type than it has to be.
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

    /// A field as `read` can read it, which answers `None` where it is of another type.
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

    /// An integer of any width, as the drivers of other languages take it too.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, BoxError> {
        self.read(name, "an integer", integer)
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, BoxError> {
        self.read(name, "a boolean", RawBsonRef::as_bool)
    }

    /// Milliseconds since 1970.
    pub(crate) fn date(&self, name: &str) -> Result<Option<i64>, BoxError> {
        self.read(name, "a date", |value| value.as_datetime().map(DateTime::timestamp_millis))
    }

    pub(crate) fn array(&self, name: &str) -> Result<Option<&'a RawArray>, BoxError> {
        self.read(name, "an array", RawBsonRef::as_array)
    }

    pub(crate) fn object_id(&self, name: &str) -> Result<Option<ObjectId>, BoxError> {
        self.read(name, "an ObjectId", RawBsonRef::as_object_id)
    }
}

/// An integer of any width.
pub(crate) fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(value) => Some(value.into()),
        RawBsonRef::Int64(value) => Some(value),
        _ => None,
    }
}
