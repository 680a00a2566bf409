//! The claims of a token.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

/// The claims of a token: its user and its period of validity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Claims {
    /// The user that the token belongs to.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The kind of device: 1 iOS, 2 Android, 3 Windows, 4 macOS, 5 Web, 6 mini program, 7 Linux, 8 Android
    /// tablet, 9 iPad, 10 administrator, 11 `HarmonyOS`. It grants nothing.
    #[serde(rename = "PlatformID")]
    pub platform_id: i32,
    /// The end of its validity, in seconds since the epoch.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// The start of its validity, in seconds since the epoch.
    #[serde(rename = "nbf", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    /// The time of issue, in seconds since the epoch.
    #[serde(rename = "iat", skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
}

/// Reads claims as OpenIM does: ignores the case of names, keeps the last of equal names, treats `null` as absent, and
/// ignores unknown names.
impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let (mut user_id, mut platform_id) = (None, None);
                let [mut exp, mut nbf, mut iat] = [None; 3];
                while let Some(name) = map.next_key::<String>()? {
                    match name.to_ascii_lowercase().as_str() {
                        "userid" => user_id = map.next_value::<Option<String>>()?.or(user_id),
                        "platformid" => platform_id = map.next_value::<Option<i32>>()?.or(platform_id),
                        "exp" => exp = map.next_value::<Option<Seconds>>()?.or(exp),
                        "nbf" => nbf = map.next_value::<Option<Seconds>>()?.or(nbf),
                        "iat" => iat = map.next_value::<Option<Seconds>>()?.or(iat),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Claims {
                    user_id: user_id.ok_or_else(|| A::Error::missing_field("UserID"))?,
                    platform_id: platform_id.unwrap_or_default(),
                    expires_at: exp.ok_or_else(|| A::Error::missing_field("exp"))?.0,
                    not_before: nbf.map(|Seconds(nbf)| nbf),
                    issued_at: iat.map(|Seconds(iat)| iat),
                })
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Whole seconds since the epoch; OpenIM accepts fractions and drops them.
#[derive(Clone, Copy)]
struct Seconds(i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        #[expect(clippy::cast_possible_truncation, reason = "drops the fraction; numbers out of range saturate")]
        Ok(Self(seconds.floor() as i64))
    }
}
