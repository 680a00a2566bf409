//! Tokens.

use conversation_settings_core::{ArgsError, Text, UserId, Violation};
use conversation_settings_openim::TokenAuthority;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arguments::{required, user_id},
    schema,
};

/// The kinds of device.
const PLATFORMS: std::ops::RangeInclusive<i32> = 1..=11;

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetAdminTokenRequest {
    /// The server's secret.
    #[schema(value_type = String)]
    secret: Option<Text>,
    /// ID of an administrator.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user_id: Option<Text>,
}

impl GetAdminTokenRequest {
    /// The secret and the administrator.
    pub(crate) fn check(self) -> Result<(Text, UserId), ArgsError> {
        Ok((required("secret", self.secret)?, user_id("userID", self.user_id)?))
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetUserTokenRequest {
    /// ID of the user; not an administrator's.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user_id: Option<Text>,
    /// Kind of device: 1 iOS, 2 Android, 3 Windows, 4 macOS, 5 Web, 6 mini program, 7 Linux, 8 Android tablet, 9 iPad,
    /// 11 `HarmonyOS`. It grants nothing.
    #[serde(rename = "platformID")]
    #[schema(value_type = i32, minimum = 1, maximum = 11)]
    platform_id: Option<i32>,
}

impl GetUserTokenRequest {
    /// The user and the kind of device.
    pub(crate) fn check(self) -> Result<(UserId, i32), ArgsError> {
        let user = user_id("userID", self.user_id)?;
        let platform = required("platformID", self.platform_id)?;
        if !PLATFORMS.contains(&platform) || platform == TokenAuthority::ADMIN_PLATFORM {
            let rule = format!("must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, got {platform}");
            return Err(ArgsError::new("platformID", Violation::Rule(rule.into())));
        }
        Ok((user, platform))
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    /// The token.
    pub(crate) token: String,
    /// Lifetime of the token, in seconds.
    pub(crate) expire_time_seconds: u64,
}
