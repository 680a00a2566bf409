//! The routes under `/auth`, which issue tokens.

use std::time::Duration;

use conversation_settings_core::UserId;
use conversation_settings_openim::{Code, TokenAuthority};
use conversation_settings_service::Context;
use tokio::time::sleep;

use crate::{
    ApiError, metrics,
    route::PostRoute,
    wire::{GetAdminTokenRequest, GetUserTokenRequest, Token},
};

pub(super) const GET_ADMIN_TOKEN: PostRoute = PostRoute {
    path: "/auth/get_admin_token",
    summary: "Get a token for an administrator",
    description: "Requires the secret that the server signs tokens with. A wrong secret is answered late.",
    fails: &[Code::NoPermission],
    example: r#"{"secret":"the server’s secret","userID":"imAdmin"}"#,
};

/// How late a wrong secret is answered. Public calls hold one of their few permits meanwhile, so all guesses of all
/// clients together are some tens in a second.
const GUESS_DELAY: Duration = Duration::from_millis(500);

pub(super) async fn get_admin_token(tokens: TokenAuthority, request: GetAdminTokenRequest) -> Result<Token, ApiError> {
    let (secret, user) = request.check()?;
    if !tokens.has_secret(&secret) {
        metrics::count_wrong_secret();
        sleep(GUESS_DELAY).await;
        return Err(ApiError::new(Code::NoPermission, "secret: is not the server's"));
    }
    if !tokens.is_admin(&user) {
        return Err(ApiError::new(Code::NoPermission, "userID: is not an administrator"));
    }
    Ok(issue(&tokens, &user, TokenAuthority::ADMIN_PLATFORM))
}

pub(super) const GET_USER_TOKEN: PostRoute = PostRoute {
    path: "/auth/get_user_token",
    summary: "Get a token for a user",
    description: "Administrators may get a token for any user who is not an administrator.",
    fails: &[],
    example: r#"{"userID":"bob","platformID":5}"#,
};

pub(super) fn get_user_token(
    tokens: &TokenAuthority,
    context: &Context,
    request: GetUserTokenRequest,
) -> Result<Token, ApiError> {
    let (user, platform_id) = request.check()?;
    if !context.caller.is_admin() {
        let rule = format!("{}: must be an administrator", context.caller.user_id());
        return Err(ApiError::new(Code::NoPermission, rule));
    }
    if tokens.is_admin(&user) {
        let rule = "userID: is an administrator; use get_admin_token";
        return Err(ApiError::new(Code::NoPermission, rule));
    }
    Ok(issue(tokens, &user, platform_id))
}

fn issue(tokens: &TokenAuthority, user: &UserId, platform_id: i32) -> Token {
    Token { token: tokens.issue(user, platform_id), expire_time_seconds: tokens.lifetime().as_secs() }
}
