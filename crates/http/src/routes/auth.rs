//! The calls under `/auth`: where tokens come from.

use conversation_settings_core::{ArgsError, Text, UserId, Violation};
use conversation_settings_openim::Code;
use conversation_settings_service::Context;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiError, TokenAuthority, openapi::PostRoute};

/// The kinds of device that there are.
const PLATFORMS: std::ops::RangeInclusive<i32> = 1..=11;

#[derive(Deserialize, ToSchema)]
pub(super) struct GetAdminTokenRequest {
    /// The server's secret.
    #[schema(value_type = String)]
    secret: Option<Text>,
    /// One of the server's administrators.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user_id: Option<Text>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    /// The token.
    token: String,
    /// How long it is good, in seconds.
    expire_time_seconds: u64,
}

pub(super) const GET_ADMIN_TOKEN: PostRoute = PostRoute {
    path: "/auth/get_admin_token",
    summary: "A token for an administrator",
    description: "For whoever knows the secret that the server signs tokens with.",
    fails: &[Code::NoPermission],
    example: r#"{"secret":"the server’s secret","userID":"imAdmin"}"#,
};

/// An administrator's token, for whoever knows the secret.
pub(super) fn get_admin_token(tokens: &TokenAuthority, request: GetAdminTokenRequest) -> Result<Token, ApiError> {
    let secret = request.secret.ok_or_else(|| ArgsError::new("secret", Violation::Required))?;
    let user = user(request.user_id)?;
    if !tokens.has_secret(&secret) {
        return Err(ApiError::new(Code::NoPermission, "secret: is not the server's"));
    }
    if !tokens.is_admin(&user) {
        return Err(ApiError::new(Code::NoPermission, "userID: is not an administrator"));
    }
    Ok(issue(tokens, &user, TokenAuthority::ADMIN_PLATFORM))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct GetUserTokenRequest {
    /// Whose; not an administrator's.
    #[serde(rename = "userID")]
    #[schema(value_type = UserId)]
    user_id: Option<Text>,
    /// The kind of device: 1 iOS, 2 Android, 3 Windows, 4 macOS, 5 Web, 6 mini program, 7 Linux, 8 Android tablet, 9 iPad,
    /// 11 `HarmonyOS`. It grants nothing.
    #[serde(rename = "platformID")]
    #[schema(value_type = i32, minimum = 1, maximum = 11)]
    platform_id: Option<i32>,
}

pub(super) const GET_USER_TOKEN: PostRoute = PostRoute {
    path: "/auth/get_user_token",
    summary: "A token for a user",
    description: "Administrators get it, for anybody but an administrator.",
    fails: &[],
    example: r#"{"userID":"bob","platformID":5}"#,
};

/// A user's token, for administrators.
pub(super) fn get_user_token(
    tokens: &TokenAuthority,
    context: &Context,
    request: GetUserTokenRequest,
) -> Result<Token, ApiError> {
    let user = user(request.user_id)?;
    let platform_id = request.platform_id.ok_or_else(|| ArgsError::new("platformID", Violation::Required))?;
    if !PLATFORMS.contains(&platform_id) || platform_id == TokenAuthority::ADMIN_PLATFORM {
        let rule = format!("must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, got {platform_id}");
        return Err(ArgsError::new("platformID", Violation::Rule(rule.into())).into());
    }
    if !context.caller.is_admin() {
        return Err(ApiError::new(
            Code::NoPermission,
            format!("{}: is not an administrator", context.caller.user_id()),
        ));
    }
    if tokens.is_admin(&user) {
        return Err(ApiError::new(
            Code::NoPermission,
            "userID: is an administrator, whose token get_admin_token hands out",
        ));
    }
    Ok(issue(tokens, &user, platform_id))
}

fn user(user_id: Option<Text>) -> Result<UserId, ArgsError> {
    let user_id = user_id.ok_or_else(|| ArgsError::new("userID", Violation::Required))?;
    UserId::new(user_id).map_err(|error| ArgsError::new("userID", error))
}

fn issue(tokens: &TokenAuthority, user: &UserId, platform_id: i32) -> Token {
    Token { token: tokens.issue(user, platform_id), expire_time_seconds: tokens.lifetime().as_secs() }
}
