//! What a route asks of its caller.

use std::{future::Future, sync::Arc};

use axum::http::HeaderMap;
use conversation_settings_openim::Code;
use conversation_settings_service::Context;

use crate::{ApiError, Authenticate};

/// What a handler receives about its caller. The type that it asks for sets the route's access check.
pub(crate) trait Access: Sized + Send {
    /// Whether the caller must be authenticated.
    const REQUIRES_AUTH: bool;

    /// The codes of denied access.
    const ERROR_CODES: &'static [Code];

    /// Grants access to the sender of `headers`, or denies it.
    fn grant(
        authenticate: &dyn Authenticate,
        operation_id: &Arc<str>,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

/// Authenticated callers.
impl Access for Context {
    const REQUIRES_AUTH: bool = true;
    const ERROR_CODES: &'static [Code] =
        &[Code::NoPermission, Code::TokenExpired, Code::TokenMalformed, Code::TokenNotValidYet, Code::TokenUnknown];

    async fn grant(
        authenticate: &dyn Authenticate,
        operation_id: &Arc<str>,
        headers: &HeaderMap,
    ) -> Result<Self, ApiError> {
        let caller = authenticate.authenticate(headers).await?;
        Ok(Self::new(caller).with_operation_id(operation_id.clone()))
    }
}

/// All callers.
pub(crate) struct Public;

impl Access for Public {
    const REQUIRES_AUTH: bool = false;
    const ERROR_CODES: &'static [Code] = &[];

    async fn grant(_: &dyn Authenticate, _: &Arc<str>, _: &HeaderMap) -> Result<Self, ApiError> {
        Ok(Self)
    }
}
