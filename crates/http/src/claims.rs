//! What a token says.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

/// What a token says: whose it is, and when it is good. Written as OpenIM writes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claims {
    /// Whose it is.
    #[serde(rename = "UserID")]
    pub user_id: String,
    /// The kind of device it is for: 1 iOS, 2 Android, 3 Windows, 4 macOS, 5 Web, 6 mini program, 7 Linux, 8 Android
    /// tablet, 9 iPad, 10 administrator, 11 `HarmonyOS`. It grants nothing.
    #[serde(rename = "PlatformID")]
    pub platform_id: i32,
    /// When it ends, in seconds since the epoch.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// When it begins, if it says so.
    #[serde(rename = "nbf", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    /// When it was made, if it says so.
    #[serde(rename = "iat", skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
}

/// As OpenIM reads them: names in any case, the last of a name wins, `null` is as good as absent, unknown ones are ignored.
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

/// Seconds since the epoch, of which a fraction counts for nothing.
#[derive(Clone, Copy)]
struct Seconds(i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "that is what the fraction is for; what is too far off saturates"
        )]
        Ok(Self(seconds.floor() as i64))
    }
}
