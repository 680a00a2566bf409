//! The host's own settings: names with scalar values, merged by name.

use alloc::{collections::BTreeMap, sync::Arc};

use crate::{Kind, Merge, Primitive, Setting, Value, ValueError, value::sealed};

mod name;
mod reader;
mod scalar;

pub use name::{CustomError, CustomName};
pub(crate) use reader::CustomReader;
pub use scalar::{CustomText, CustomValue};

/// A change of [`Custom`]: a name is set to a value, or removed; names that are not mentioned are kept.
///
/// ```
/// # use conversation_settings_core::{CustomPatch, Patch, Settings};
/// let mut settings = Settings::default();
/// Patch::KEEP.custom(CustomPatch::KEEP.set("theme", "dark")?.set("folder", 7)?).apply(&mut settings);
/// Patch::KEEP.custom(CustomPatch::KEEP.set("folder", 8)?.remove("theme")?).apply(&mut settings);
/// assert_eq!(serde_json::to_string(&settings.custom)?, r#"{"folder":8}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In JSON an object; `null` removes a name: `{"folder":8,"theme":null}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomPatch {
    /// `None` instead of an empty map, so that a host without settings of its own pays for no allocation.
    names: Option<Arc<Names>>,
}

type Names = BTreeMap<CustomName, Option<CustomValue>>;

impl CustomPatch {
    /// The change that keeps every name.
    pub const KEEP: Self = Self { names: None };

    /// Sets `name` to `value`.
    ///
    /// # Errors
    ///
    /// [`CustomError`] for a name or a text that is not allowed.
    pub fn set<N, V>(self, name: N, value: V) -> Result<Self, CustomError>
    where
        N: TryInto<CustomName, Error: Into<CustomError>>,
        V: TryInto<CustomValue, Error: Into<CustomError>>,
    {
        let name = name.try_into().map_err(Into::into)?;
        Ok(self.with(name, Some(value.try_into().map_err(Into::into)?)))
    }

    /// Removes `name`.
    ///
    /// # Errors
    ///
    /// [`CustomError`] for a name that is not allowed.
    pub fn remove<N: TryInto<CustomName, Error: Into<CustomError>>>(self, name: N) -> Result<Self, CustomError> {
        Ok(self.with(name.try_into().map_err(Into::into)?, None))
    }

    fn with(mut self, name: CustomName, value: Option<CustomValue>) -> Self {
        Arc::make_mut(self.names.get_or_insert_default()).insert(name, value);
        self
    }

    /// Each name in byte order with its new value; `None` removes the name.
    pub fn iter(&self) -> impl Iterator<Item = (&CustomName, Option<&CustomValue>)> {
        self.names.iter().flat_map(|names| names.iter()).map(|(name, value)| (name, value.as_ref()))
    }

    /// How many names are set or removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.as_ref().map_or(0, |names| names.len())
    }

    /// Whether every name is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_none()
    }

    /// The change that makes `self` and then `later`.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        let names = match (self.names, later.names) {
            (Some(mut names), Some(later)) => {
                Arc::make_mut(&mut names).extend(Arc::unwrap_or_clone(later));
                Some(names)
            }
            (names, later) => later.or(names),
        };
        Self { names }
    }

    /// The bytes of all names and texts.
    pub(crate) fn text_bytes(&self) -> usize {
        let bytes = |(name, value): (&CustomName, Option<&CustomValue>)| match value {
            Some(CustomValue::Text(text)) => name.len() + text.len(),
            Some(CustomValue::Boolean(_) | CustomValue::Integer(_)) | None => name.len(),
        };
        self.iter().map(bytes).sum()
    }

    /// The names that are set.
    pub(crate) fn without_removals(self) -> Self {
        let removes = self.iter().any(|(_, value)| value.is_none());
        if !removes {
            return self;
        }
        let set = self.iter().filter_map(|(name, value)| Some((name.clone(), Some(value?.clone()))));
        set.collect()
    }

    /// Whether every name in `of` is as this change leaves it: the change would have no effect.
    #[must_use]
    pub fn is_in(&self, of: &Custom) -> bool {
        self.iter().all(|(name, value)| of.get(name) == value)
    }

    /// Whether no name in `of` is as this change leaves it.
    #[must_use]
    pub fn is_nowhere_in(&self, of: &Custom) -> bool {
        self.iter().all(|(name, value)| of.get(name) != value)
    }
}

impl FromIterator<(CustomName, Option<CustomValue>)> for CustomPatch {
    fn from_iter<I: IntoIterator<Item = (CustomName, Option<CustomValue>)>>(names: I) -> Self {
        let names: Names = names.into_iter().collect();
        Self { names: (!names.is_empty()).then(|| Arc::new(names)) }
    }
}

impl serde::Serialize for CustomPatch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// The host's own settings of one conversation: up to [`MAX_NAMES`](Self::MAX_NAMES) names, each with a value.
///
/// Changed by a [`CustomPatch`], name by name. A clone copies a pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// Sets names, and removes none.
    values: CustomPatch,
}

impl Custom {
    /// No name.
    pub const EMPTY: Self = Self { values: CustomPatch::KEEP };

    /// The most names that one conversation may have, and that one change may mention.
    pub const MAX_NAMES: usize = 64;

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&CustomValue> {
        self.values.names.as_ref()?.get(name)?.as_ref()
    }

    /// Each name with its value, in the byte order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&CustomName, &CustomValue)> {
        self.values.iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The bytes of all names and texts.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.values.text_bytes()
    }

    /// Whether there is no name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl FromIterator<(CustomName, CustomValue)> for Custom {
    fn from_iter<I: IntoIterator<Item = (CustomName, CustomValue)>>(names: I) -> Self {
        Self { values: names.into_iter().map(|(name, value)| (name, Some(value))).collect() }
    }
}

impl serde::Serialize for Custom {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}

impl sealed::Sealed for CustomPatch {}

impl Primitive for CustomPatch {
    const KIND: Kind = Kind::Custom;

    fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Custom(names) => Some(names),
            _ => None,
        }
    }
}

impl Setting for CustomPatch {
    type Raw = Self;

    fn parse(raw: Self) -> Result<Self, ValueError> {
        Ok(raw)
    }

    fn value(&self) -> Value<'_> {
        Value::Custom(self.clone())
    }
}

impl sealed::Sealed for Custom {}

impl Setting for Custom {
    type Raw = CustomPatch;

    fn parse(raw: CustomPatch) -> Result<Self, ValueError> {
        if raw.iter().any(|(_, value)| value.is_none()) {
            return Err(ValueError::NullInCustom);
        }
        Ok(Self { values: raw })
    }

    fn value(&self) -> Value<'_> {
        Value::Custom(self.values.clone())
    }
}

impl Merge for Custom {
    type Change = CustomPatch;

    fn to_change(&self) -> CustomPatch {
        self.values.clone()
    }

    fn change(&mut self, change: &CustomPatch) -> bool {
        if change.is_in(self) {
            return false;
        }
        let mut names = self.values.names.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        for (name, value) in change.iter() {
            match value {
                Some(value) => drop(names.insert(name.clone(), Some(value.clone()))),
                None => drop(names.remove(name)),
            }
        }
        self.values.names = (!names.is_empty()).then(|| Arc::new(names));
        true
    }

    fn then(earlier: CustomPatch, later: CustomPatch) -> CustomPatch {
        earlier.then(later)
    }

    fn between(&self, to: &Self) -> CustomPatch {
        let removed = self.iter().filter(|(name, _)| to.get(name).is_none()).map(|(name, _)| (name.clone(), None));
        let set = to.iter().filter(|(name, value)| self.get(name) != Some(value));
        set.map(|(name, value)| (name.clone(), Some(value.clone()))).chain(removed).collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    fn patch() -> CustomPatch {
        CustomPatch::KEEP.set("theme", "dark").unwrap().set("folder", 7).unwrap().set("vip", true).unwrap()
    }

    #[test]
    fn reads_back_what_it_writes() {
        let patch = patch().remove("gone").unwrap();
        let json = r#"{"folder":7,"gone":null,"theme":"dark","vip":true}"#;
        assert_eq!(serde_json::to_string(&patch).unwrap(), json);
        assert_eq!(serde_json::from_str::<CustomPatch>(json).unwrap(), patch);
        assert_eq!(serde_json::from_str::<CustomPatch>("{}").unwrap(), CustomPatch::KEEP);
        assert_eq!(serde_json::to_string(&Custom::EMPTY).unwrap(), "{}");
    }

    #[test]
    fn refuses_names_and_values_by_their_path() {
        let refused = |json: &str| serde_json::from_str::<CustomPatch>(json).unwrap_err().to_string();
        let long = "x".repeat(CustomName::MAX_BYTES + 1);
        let wrong = [
            (r#"{"a":[]}"#.into(), "custom.a: must be a string, an integer or a boolean, got a list"),
            (r#"{"a":{}}"#.into(), "custom.a: must be a string, an integer or a boolean, got an object"),
            (r#"{"a":1.5}"#.into(), "custom.a: must be a string, an integer or a boolean, got 1.5"),
            (
                r#"{"a":9223372036854775808}"#.into(),
                "custom.a: must be a string, an integer or a boolean, got 9223372036854775808",
            ),
            (r#"{"a":"\u0000"}"#.into(), "custom.a: must not contain U+0000"),
            (format!(r#"{{"a":"{}"}}"#, "x".repeat(1_025)), "custom.a: must be at most 1024 bytes, got 1025"),
            (r#"{"a":1,"a":null}"#.into(), "custom.a: is there twice"),
            (r#"{"a.b":1}"#.into(), "custom: the name \"a.b\" must be 1 to 64 letters, digits, _ and -"),
            (r#"{"":1}"#.into(), "custom: the name \"\" must be"),
            (r#"{"$set":1}"#.into(), "custom: the name \"$set\" must be"),
            (format!(r#"{{"{long}":1}}"#), "custom: the name \"xxxxxx"),
            (r#"{"ä":1}"#.into(), "custom: the name \"ä\" must be"),
            ("7".into(), "custom: must be an object, got 7"),
        ];
        for (json, expected) in wrong {
            let error = refused(&json);
            assert!(error.starts_with(expected), "{json}: {error}");
            assert!(error.len() < 200, "{error}");
        }
        let many = (0..=Custom::MAX_NAMES).map(|n| format!("\"n{n}\":{n}")).collect::<alloc::vec::Vec<_>>().join(",");
        assert!(refused(&format!("{{{many}}}")).starts_with("custom: must have at most 64 names"));
    }

    #[test]
    fn rejects_a_stored_null() {
        assert_eq!(Custom::parse(patch()).unwrap().len(), 3);
        let error = Custom::parse(patch().remove("gone").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "must have a value for each name");
    }

    #[test]
    fn keeps_no_empty_map() {
        let mut custom = Custom::EMPTY;
        assert!(custom.change(&patch()));
        let removal = custom.between(&Custom::EMPTY);
        assert!(custom.change(&removal));
        assert_eq!((custom.clone(), custom.len()), (Custom::EMPTY, 0));
        assert!(!custom.change(&removal), "the second time nothing changes");
    }
}
