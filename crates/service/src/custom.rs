//! The settings of its own that a host declares.

use std::{collections::BTreeMap, fmt};

use conversation_settings_core::{
    ArgsError, Custom, CustomError, CustomName, CustomPatch, CustomValue, Path, Violation,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use crate::Caller;

mod setting;

pub use setting::{CustomSetting, CustomSettingError};

/// The settings of its own that a host declares. A service accepts no others.
///
/// ```
/// use conversation_settings_service::{CustomSetting, CustomSettings};
///
/// let declared = CustomSettings::new()
///     .declare("theme", CustomSetting::text(16).default_value("light")?)?
///     .declare("folder", CustomSetting::integer(0..=99))?
///     .declare("vip", CustomSetting::boolean().admin_only())?;
/// assert_eq!(declared.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In JSON an object of names:
///
/// ```
/// # use conversation_settings_service::CustomSettings;
/// let declared: CustomSettings = serde_json::from_str(r#"{
///     "theme": { "type": "text", "maxBytes": 16, "default": "light" },
///     "folder": { "type": "integer", "minimum": 0, "maximum": 99 },
///     "vip": { "type": "boolean", "setBy": "admin" }
/// }"#)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomSettings {
    settings: BTreeMap<CustomName, CustomSetting>,
}

impl CustomSettings {
    /// No setting.
    #[must_use]
    pub const fn new() -> Self {
        Self { settings: BTreeMap::new() }
    }

    /// Declares the setting `name`.
    ///
    /// # Errors
    ///
    /// [`CustomSettingError`] for a name that is not allowed or declared already, and for more than
    /// [`Custom::MAX_NAMES`] names.
    pub fn declare(mut self, name: &str, setting: CustomSetting) -> Result<Self, CustomSettingError> {
        self.add(CustomName::new(name)?, setting)?;
        Ok(self)
    }

    fn add(&mut self, name: CustomName, setting: CustomSetting) -> Result<(), CustomSettingError> {
        if self.settings.insert(name, setting).is_some() {
            return Err(CustomSettingError::Twice);
        }
        if self.settings.len() > Custom::MAX_NAMES {
            return Err(CustomSettingError::TooMany);
        }
        Ok(())
    }

    /// The declared settings, in the byte order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&CustomName, &CustomSetting)> {
        self.settings.iter()
    }

    /// How many settings are declared.
    #[must_use]
    pub fn len(&self) -> usize {
        self.settings.len()
    }

    /// Whether no setting is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// The value of `name` in `custom`, or else its declared default.
    #[must_use]
    pub fn value<'a>(&'a self, custom: &'a Custom, name: &str) -> Option<&'a CustomValue> {
        custom.get(name).or_else(|| self.settings.get(name)?.default())
    }

    /// Checks that every name in `patch` is declared, has a value in its range, and may be set by `caller`.
    pub(crate) fn check(&self, caller: &Caller, patch: Option<&CustomPatch>) -> Result<(), ArgsError> {
        for (name, value) in patch.into_iter().flat_map(CustomPatch::iter) {
            let at = |problem: Violation| ArgsError::new(Path::Custom(name.clone()), problem);
            let Some(setting) = self.settings.get(name) else {
                return Err(at("is not a setting of this server".into()));
            };
            if setting.is_admin_only() && !caller.is_admin() {
                return Err(at("may be set by an administrator alone".into()));
            }
            if let Some(value) = value {
                setting.check(value).map_err(at)?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for CustomSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = CustomSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CustomSettings, A::Error> {
                let mut declared = CustomSettings::new();
                while let Some(name) = map.next_key::<CustomName>()? {
                    let setting =
                        map.next_value().map_err(|error| A::Error::custom(format_args!("{name}: {error}")))?;
                    let added = declared.add(name.clone(), setting);
                    added.map_err(|error| A::Error::custom(format_args!("{name}: {error}")))?;
                }
                Ok(declared)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl From<CustomError> for CustomSettingError {
    fn from(error: CustomError) -> Self {
        Self::Custom(error)
    }
}
