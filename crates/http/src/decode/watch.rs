//! Watches which names of a JSON document its type ignores.
//!
//! Derived code skips an unknown name without a trace. Here a deserializer stands between JSON and the derived code. It
//! remembers the last name of each object as a slice of the document, and notes it when its value is skipped. So a document
//! of known names costs no allocation, which the crate `serde_ignored` makes for each name.

use std::{borrow::Cow, cell::RefCell, fmt};

use conversation_settings_core::ArgsError;
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::names::{Names, path, printable};

/// The ignored names of a document, and the first that means a known one.
pub(super) struct Log<'n> {
    names: &'n Names,
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    misspelt: Option<ArgsError>,
    ignored: Vec<String>,
}

impl<'n> Log<'n> {
    /// The most ignored names that are listed.
    const MOST_LISTED: usize = 32;

    pub(super) fn new(names: &'n Names) -> Self {
        Self { names, found: RefCell::default() }
    }

    /// The paths of the ignored names, or the error of a misspelt one.
    pub(super) fn into_ignored(self) -> Result<Vec<String>, ArgsError> {
        let Found { misspelt, ignored } = self.found.into_inner();
        misspelt.map_or(Ok(ignored), Err)
    }

    #[cold]
    fn note(&self, object: &str, name: &str) {
        let mut found = self.found.borrow_mut();
        if found.misspelt.is_some() {
            return;
        }
        if let Err(error) = self.names.check(object, name) {
            found.misspelt = Some(error);
        } else if found.ignored.len() < Self::MOST_LISTED {
            let path = path(object, &printable(name));
            if !found.ignored.contains(&path) {
                found.ignored.push(path);
            }
        }
    }
}

/// A deserializer or a visitor, and the value that it is at: the one of `name` in `object`, both empty for the document.
pub(super) struct Watched<'w, T> {
    inner: T,
    log: &'w Log<'w>,
    object: &'w str,
    name: &'w str,
}

impl<'w, T> Watched<'w, T> {
    /// The document that `inner` reads.
    pub(super) const fn new(inner: T, log: &'w Log<'w>) -> Self {
        Self { inner, log, object: "", name: "" }
    }

    /// The same place for `inner`.
    fn with<U>(&self, inner: U) -> Watched<'w, U> {
        Watched { inner, log: self.log, object: self.object, name: self.name }
    }
}

/// Methods whose visitor sees no object.
macro_rules! pass {
    ($( $method:ident ( $( $arg:ident : $type:ty ),* ) )*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $( $arg: $type, )* visitor: V) -> Result<V::Value, D::Error> {
                self.inner.$method($( $arg, )* visitor)
            }
        )*
    };
}

/// Methods whose visitor may see an object.
macro_rules! watch {
    ($( $method:ident ( $( $arg:ident : $type:ty ),* ) )*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $( $arg: $type, )* visitor: V) -> Result<V::Value, D::Error> {
                let visitor = self.with(visitor);
                self.inner.$method($( $arg, )* visitor)
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Watched<'_, D> {
    type Error = D::Error;

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.log.note(self.object, self.name);
        self.inner.deserialize_ignored_any(visitor)
    }

    watch! {
        deserialize_any() deserialize_option() deserialize_map()
        deserialize_newtype_struct(name: &'static str)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    // The lists of requests have no objects.
    pass! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128() deserialize_f32()
        deserialize_f64() deserialize_char() deserialize_str() deserialize_string() deserialize_bytes()
        deserialize_byte_buf() deserialize_unit() deserialize_unit_struct(name: &'static str) deserialize_seq()
        deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) deserialize_identifier()
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visit {
    ($( $method:ident($type:ty) )*) => {
        $(
            fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
                self.inner.$method(value)
            }
        )*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watched<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128) visit_u8(u8)
        visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32) visit_f64(f64) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String) visit_bytes(&[u8])
        visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.with(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.with(deserializer);
        self.inner.visit_newtype_struct(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let nested;
        let object = if self.object.is_empty() {
            self.name
        } else {
            nested = path(self.object, self.name);
            &nested
        };
        self.inner.visit_map(Object { map, log: self.log, path: object, name: Cow::Borrowed("") })
    }
}

/// The entries of an object, and the name of the current one.
struct Object<'w, 'de, A> {
    map: A,
    log: &'w Log<'w>,
    path: &'w str,
    name: Cow<'de, str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Object<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.map.next_key_seed(Name { inner: seed, name: &mut self.name })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(Watched { inner: seed, log: self.log, object: self.path, name: &self.name })
    }

    fn size_hint(&self) -> Option<usize> {
        self.map.size_hint()
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Watched<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.with(deserializer);
        self.inner.deserialize(deserializer)
    }
}

/// Reads a name as `inner` does, and remembers it.
struct Name<'n, 'de, T> {
    inner: T,
    name: &'n mut Cow<'de, str>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Name<'_, 'de, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Name { inner: deserializer, name: self.name })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Name<'_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Name { inner: visitor, name: self.name })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<V::Value, E> {
        *self.name = Cow::Borrowed(name);
        self.inner.visit_borrowed_str(name)
    }

    /// A name with an escape is no slice of the document.
    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        *self.name = Cow::Owned(name.to_owned());
        self.inner.visit_str(name)
    }
}
