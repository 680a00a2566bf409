//! The port that identifies callers.

use std::fmt::Debug;

use async_trait::async_trait;
use axum::http::HeaderMap;
use conversation_settings_openim::{Code, TokenError};
use conversation_settings_service::Caller;

use crate::{ApiError, TokenAuthority};

const TOKEN: &str = "token";

/// Identifies callers.
///
/// [`TokenAuthority`] does so by OpenIM's tokens. A host that identifies its callers by a session or by a gateway's header
/// implements this trait:
///
/// ```
/// use axum::http::HeaderMap;
/// use conversation_settings_core::UserId;
/// use conversation_settings_http::{ApiError, Authenticate, Code};
/// use conversation_settings_service::Caller;
///
/// /// Trusts a gateway that checks the session and sends the user's ID in a header.
/// #[derive(Debug)]
/// struct Gateway;
///
/// #[async_trait::async_trait]
/// impl Authenticate for Gateway {
///     async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
///         let user = headers.get("x-user").and_then(|value| value.to_str().ok());
///         let user = user.and_then(|user| UserId::new(user).ok());
///         user.map(Caller::User).ok_or_else(|| ApiError::new(Code::TokenMalformed, "no user in x-user"))
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticate: Debug + Send + Sync + 'static {
    /// The caller who sent `headers`.
    ///
    /// # Errors
    ///
    /// An [`ApiError`] with a fitting code if there is no such caller; [`ApiError::internal`] if callers cannot be identified
    /// now.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, ApiError>;

    /// The header that identifies the caller, if it is one. The OpenAPI document names it.
    fn header(&self) -> Option<&'static str> {
        None
    }
}

#[async_trait]
impl Authenticate for TokenAuthority {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let token = headers.get(TOKEN).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| ApiError::new(Code::Args, "header must have token"))?;
        let token = token.to_str().map_err(|_| TokenError::Malformed)?;
        Ok(self.caller(token)?)
    }

    fn header(&self) -> Option<&'static str> {
        Some(TOKEN)
    }
}
