//! One declared setting: its type, range and default, and who may set it.

use std::ops::RangeInclusive;

use conversation_settings_core::{Custom, CustomError, CustomText, CustomValue, Violation};
use serde::Deserialize;

/// A setting of the host's own, as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Declared")]
pub struct CustomSetting {
    kind: Kind,
    default: Option<CustomValue>,
    admin_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer(RangeInclusive<i64>),
    Text { max_bytes: usize },
}

/// Why a setting cannot be declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CustomSettingError {
    /// The name or the default is not allowed.
    #[error(transparent)]
    Custom(CustomError),
    /// The default is of another type, or out of range.
    #[error("the default {0}")]
    Default(Violation),
    /// The name is declared already.
    #[error("is declared twice")]
    Twice,
    /// There are too many names.
    #[error("is one too many: at most {} settings can be declared", Custom::MAX_NAMES)]
    TooMany,
    /// A property does not belong to the type, or leaves no value.
    #[error("{0}")]
    Property(&'static str),
}

impl CustomSetting {
    const fn new(kind: Kind) -> Self {
        Self { kind, default: None, admin_only: false }
    }

    /// A setting that is true or false.
    #[must_use]
    pub const fn boolean() -> Self {
        Self::new(Kind::Boolean)
    }

    /// An integer within `range`.
    #[must_use]
    pub const fn integer(range: RangeInclusive<i64>) -> Self {
        Self::new(Kind::Integer(range))
    }

    /// A text of at most `max_bytes` bytes, and of at most [`CustomText::MAX_BYTES`].
    #[must_use]
    pub const fn text(max_bytes: usize) -> Self {
        Self::new(Kind::Text { max_bytes })
    }

    /// The value that stands for an absent name. It is not stored, and no response contains it: a reader uses
    /// [`CustomSettings::value`](crate::CustomSettings::value), and a client knows it.
    ///
    /// # Errors
    ///
    /// [`CustomSettingError`] for a value of another type, or out of range.
    pub fn default_value<V>(mut self, value: V) -> Result<Self, CustomSettingError>
    where
        V: TryInto<CustomValue, Error: Into<CustomError>>,
    {
        let value = value.try_into().map_err(|error| CustomSettingError::Custom(error.into()))?;
        self.check(&value).map_err(CustomSettingError::Default)?;
        self.default = Some(value);
        Ok(self)
    }

    /// Lets only administrators set it.
    #[must_use]
    pub fn admin_only(mut self) -> Self {
        self.admin_only = true;
        self
    }

    /// The value that stands for an absent name.
    #[must_use]
    pub const fn default(&self) -> Option<&CustomValue> {
        self.default.as_ref()
    }

    /// Whether only administrators may set it.
    #[must_use]
    pub const fn is_admin_only(&self) -> bool {
        self.admin_only
    }

    pub(super) fn check(&self, value: &CustomValue) -> Result<(), Violation> {
        match (&self.kind, value) {
            (Kind::Boolean, CustomValue::Boolean(_)) => Ok(()),
            (Kind::Integer(range), CustomValue::Integer(number)) if range.contains(number) => Ok(()),
            (Kind::Text { max_bytes }, CustomValue::Text(text)) if text.len() <= *max_bytes => Ok(()),
            (Kind::Text { max_bytes }, CustomValue::Text(text)) => {
                Err(Violation::TooLong { limit: *max_bytes, got: text.len() })
            }
            (kind, value) => {
                let expected = match kind {
                    Kind::Boolean => "a boolean".to_owned(),
                    Kind::Integer(range) => format!("an integer from {} to {}", range.start(), range.end()),
                    Kind::Text { .. } => "a string".to_owned(),
                };
                let got = match value {
                    CustomValue::Boolean(_) => "a boolean".to_owned(),
                    CustomValue::Integer(number) => number.to_string(),
                    CustomValue::Text(_) => "a string".to_owned(),
                };
                Err(Violation::Rule(format!("must be {expected}, got {got}").into()))
            }
        }
    }
}

/// A declaration in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Declared {
    #[serde(rename = "type")]
    kind: Type,
    minimum: Option<i64>,
    maximum: Option<i64>,
    max_bytes: Option<usize>,
    default: Option<CustomValue>,
    #[serde(default)]
    set_by: SetBy,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Type {
    Boolean,
    Integer,
    Text,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SetBy {
    #[default]
    Client,
    Admin,
}

impl TryFrom<Declared> for CustomSetting {
    type Error = CustomSettingError;

    fn try_from(declared: Declared) -> Result<Self, CustomSettingError> {
        let Declared { kind, minimum, maximum, max_bytes, default, set_by } = declared;
        let has_range = minimum.is_some() || maximum.is_some();
        let kind = match kind {
            Type::Integer if minimum > maximum && maximum.is_some() => {
                return Err(CustomSettingError::Property("minimum must not be above maximum"));
            }
            Type::Integer if max_bytes.is_none() => {
                Kind::Integer(minimum.unwrap_or(i64::MIN)..=maximum.unwrap_or(i64::MAX))
            }
            Type::Text if !has_range => Kind::Text { max_bytes: max_bytes.unwrap_or(CustomText::MAX_BYTES) },
            Type::Boolean if !has_range && max_bytes.is_none() => Kind::Boolean,
            Type::Integer | Type::Boolean if max_bytes.is_some() => {
                return Err(CustomSettingError::Property("maxBytes belongs to the type text alone"));
            }
            Type::Integer | Type::Boolean | Type::Text => {
                return Err(CustomSettingError::Property("minimum and maximum belong to the type integer alone"));
            }
        };
        let setting = Self { admin_only: set_by == SetBy::Admin, ..Self::new(kind) };
        match default {
            Some(default) => setting.default_value(default),
            None => Ok(setting),
        }
    }
}
