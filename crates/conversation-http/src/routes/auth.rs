//! The calls under `/auth`: where tokens come from.

use conversation_core::{ArgsError, Problem, Text, UserId};
use conversation_service::{Code, Context};
use serde::{Deserialize, Serialize};

use crate::{Failure, TokenAuthority};

/// The kinds of device that there are.
const PLATFORMS: std::ops::RangeInclusive<i32> = 1..=11;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetAdminTokenRequest {
    secret: Option<Text>,
    #[serde(rename = "userID")]
    user_id: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    token: String,
    expire_time_seconds: u64,
}

/// An administrator's token, for whoever knows the secret.
pub(super) fn get_admin_token(tokens: &TokenAuthority, request: GetAdminTokenRequest) -> Result<Token, Failure> {
    let secret = request.secret.ok_or_else(|| ArgsError::new("secret", Problem::Required))?;
    let user = user(request.user_id)?;
    if !tokens.has_secret(&secret) {
        return Err(Failure::new(Code::NoPermission, "secret: is not the server's"));
    }
    if !tokens.is_admin(&user) {
        return Err(Failure::new(Code::NoPermission, "userID: is not an administrator"));
    }
    issue(tokens, &user, TokenAuthority::ADMIN_PLATFORM)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GetUserTokenRequest {
    #[serde(rename = "userID")]
    user_id: Option<Text>,
    #[serde(rename = "platformID")]
    platform_id: Option<i32>,
}

/// A user's token, for administrators.
pub(super) fn get_user_token(
    tokens: &TokenAuthority,
    context: &Context,
    request: GetUserTokenRequest,
) -> Result<Token, Failure> {
    let user = user(request.user_id)?;
    let platform_id = request.platform_id.ok_or_else(|| ArgsError::new("platformID", Problem::Required))?;
    if !PLATFORMS.contains(&platform_id) || platform_id == TokenAuthority::ADMIN_PLATFORM {
        let rule = format!("must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, got {platform_id}");
        return Err(ArgsError::new("platformID", Problem::Rule(rule.into())).into());
    }
    if !context.caller.is_admin() {
        return Err(Failure::new(Code::NoPermission, format!("{}: is not an administrator", context.caller.user_id())));
    }
    if tokens.is_admin(&user) {
        return Err(Failure::new(
            Code::NoPermission,
            "userID: is an administrator, whose token get_admin_token hands out",
        ));
    }
    issue(tokens, &user, platform_id)
}

fn user(user_id: Option<Text>) -> Result<UserId, ArgsError> {
    let user_id = user_id.ok_or_else(|| ArgsError::new("userID", Problem::Required))?;
    UserId::new(user_id).map_err(|error| ArgsError::new("userID", error))
}

fn issue(tokens: &TokenAuthority, user: &UserId, platform_id: i32) -> Result<Token, Failure> {
    Ok(Token { token: tokens.issue(user, platform_id)?, expire_time_seconds: tokens.lifetime().as_secs() })
}
