//! The port that identifies callers.

use std::fmt::Debug;

use async_trait::async_trait;
use axum::http::request::Parts;
use conversation_settings_openim::{Code, TokenError};
use conversation_settings_service::Caller;

use crate::{ApiError, TokenAuthority};

const TOKEN: &str = "token";

/// Identifies callers.
///
/// [`TokenAuthority`] does so by OpenIM's tokens. A host that identifies its callers by a session or by a gateway's header
/// implements this trait. It sees the whole request except for the body: what a layer has put into the extensions, the
/// peer's address, the method and the path.
///
/// ```
/// use axum::http::{Response, request::Parts};
/// use conversation_settings_core::UserId;
/// use conversation_settings_http::{ApiError, Authenticate, Code};
/// use conversation_settings_service::Caller;
///
/// /// What the host's own layer has found out.
/// #[derive(Clone)]
/// struct Session {
///     user: UserId,
/// }
///
/// #[derive(Debug)]
/// struct Sessions;
///
/// #[async_trait::async_trait]
/// impl Authenticate for Sessions {
///     async fn authenticate(&self, request: &Parts) -> Result<Caller, ApiError> {
///         match request.extensions.get::<Session>() {
///             Some(session) => Ok(Caller::User(session.user.clone())),
///             None => {
///                 let response = Response::builder().status(401).header("content-type", "application/json");
///                 let response = response.body(r#"{"error":"log in first"}"#);
///                 let response = response.map_err(ApiError::internal)?;
///                 Err(ApiError::new(Code::TokenUnknown, "no session").with_response(response))
///             }
///         }
///     }
/// }
/// ```
///
/// The headers `content-type` and `operationID` are checked first: see [`Api::require_json`](crate::Api::require_json) and
/// [`Api::create_operation_ids`](crate::Api::create_operation_ids). Refusals by other rules, [`Authorize`]'s too, are
/// envelopes.
///
/// [`Authorize`]: conversation_settings_service::Authorize
#[async_trait]
pub trait Authenticate: Debug + Send + Sync + 'static {
    /// The caller who sent `request`.
    ///
    /// The extensions contain `axum::extract::ConnectInfo<SocketAddr>` if the server adds the peer's address. In a nested
    /// router the path begins behind the prefix; `axum::extract::OriginalUri`, a default feature of axum, has the whole.
    ///
    /// # Errors
    ///
    /// An [`ApiError`] with a fitting code if there is no such caller, or with the host's own status, code or response;
    /// [`ApiError::internal`] if callers cannot be identified now.
    async fn authenticate(&self, request: &Parts) -> Result<Caller, ApiError>;

    /// The header that identifies the caller, if it is one. The OpenAPI document names it.
    fn header(&self) -> Option<&'static str> {
        None
    }
}

#[async_trait]
impl Authenticate for TokenAuthority {
    async fn authenticate(&self, request: &Parts) -> Result<Caller, ApiError> {
        let token = request.headers.get(TOKEN).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| ApiError::new(Code::Args, "header must have token"))?;
        let token = token.to_str().map_err(|_| TokenError::Malformed)?;
        Ok(self.caller(token)?)
    }

    fn header(&self) -> Option<&'static str> {
        Some(TOKEN)
    }
}
