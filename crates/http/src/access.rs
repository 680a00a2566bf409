//! Who gets in.

use std::{future::Future, sync::Arc};

use axum::http::HeaderMap;
use conversation_settings_openim::Code;
use conversation_settings_service::Context;

use crate::{Api, ApiError};

/// What a handler wants to know of its caller; what it asks for decides who gets in.
pub(crate) trait Access: Sized + Send {
    /// Whether the caller has to say who they are.
    const REQUIRES_AUTH: bool;

    /// The codes by which it refuses.
    const ERROR_CODES: &'static [Code];

    /// Lets the caller in, or refuses.
    fn grant(
        host: &Api,
        operation_id: &Arc<str>,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

/// Whoever says who they are.
impl Access for Context {
    const REQUIRES_AUTH: bool = true;
    const ERROR_CODES: &'static [Code] =
        &[Code::NoPermission, Code::TokenExpired, Code::TokenMalformed, Code::TokenNotValidYet, Code::TokenUnknown];

    async fn grant(host: &Api, operation_id: &Arc<str>, headers: &HeaderMap) -> Result<Self, ApiError> {
        let caller = host.authenticate.authenticate(headers).await?;
        Ok(Self::new(caller).with_operation_id(operation_id.clone()))
    }
}

/// Public, known or not.
pub(crate) struct Public;

impl Access for Public {
    const REQUIRES_AUTH: bool = false;
    const ERROR_CODES: &'static [Code] = &[];

    async fn grant(_: &Api, _: &Arc<str>, _: &HeaderMap) -> Result<Self, ApiError> {
        Ok(Self)
    }
}
