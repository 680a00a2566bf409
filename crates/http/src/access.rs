//! What a route asks of its caller.

use std::{future::Future, sync::Arc, time::Duration};

use axum::http::request::Parts;
use conversation_settings_core::UserId;
use conversation_settings_openim::Code;
use conversation_settings_service::{Caller, Context};

use crate::{
    Api, ApiError, Authenticate,
    body::BodyLimits,
    concurrency_limit::{ConcurrencyLimit, Permit},
    headers,
};

/// What a handler receives about its caller. The type that it asks for sets the route's access check.
pub(crate) trait Access: Sized + Send {
    /// Whether the caller must be authenticated.
    const REQUIRES_AUTH: bool;

    /// The codes of denied access.
    const ERROR_CODES: &'static [Code];

    /// The permits that the route's calls share.
    fn concurrency(api: &Api) -> &ConcurrencyLimit;

    /// What the route accepts as a body.
    fn body_limits(api: &Api) -> BodyLimits;

    /// Grants access to the sender of `request`, or denies it.
    fn grant(
        authenticate: &dyn Authenticate,
        operation_id: &Arc<str>,
        request: &Parts,
    ) -> impl Future<Output = Result<Self, ApiError>> + Send;

    /// Keeps `permit` until the call has ended, and with it every write that has begun.
    #[must_use]
    fn keeping(self, permit: Arc<Permit>) -> Self;

    /// The user with a limited share of the server. `None` for an administrator, who calls for many users.
    fn limited_user(&self) -> Option<&UserId>;
}

/// Authenticated callers.
impl Access for Context {
    const REQUIRES_AUTH: bool = true;
    const ERROR_CODES: &'static [Code] =
        &[Code::NoPermission, Code::TokenExpired, Code::TokenMalformed, Code::TokenNotValidYet, Code::TokenUnknown];

    fn concurrency(api: &Api) -> &ConcurrencyLimit {
        &api.concurrency
    }

    fn body_limits(api: &Api) -> BodyLimits {
        BodyLimits { max_bytes: api.max_body_bytes, timeout: api.body_timeout }
    }

    async fn grant(
        authenticate: &dyn Authenticate,
        operation_id: &Arc<str>,
        request: &Parts,
    ) -> Result<Self, ApiError> {
        if let Some(name) = authenticate.header() {
            headers::at_most_once(&request.headers, name)?;
        }
        let caller = authenticate.authenticate(request).await?;
        Ok(Self::new(caller).with_operation_id(operation_id.clone()))
    }

    fn keeping(self, permit: Arc<Permit>) -> Self {
        self.with_guard(permit)
    }

    fn limited_user(&self) -> Option<&UserId> {
        match &self.caller {
            Caller::User(user) => Some(user),
            Caller::Admin(_) => None,
        }
    }
}

/// All callers.
///
/// A stranger may send such a call, so these calls have a small pool of permits, a short body and little time for it.
pub(crate) struct Public;

/// The most public calls at the same time.
pub(crate) const MAX_PUBLIC_CALLS: usize = 16;
const MAX_PUBLIC_BODY_BYTES: usize = 4 * 1024;
const PUBLIC_BODY_TIMEOUT: Duration = Duration::from_secs(3);

impl Access for Public {
    const REQUIRES_AUTH: bool = false;
    const ERROR_CODES: &'static [Code] = &[];

    fn concurrency(api: &Api) -> &ConcurrencyLimit {
        &api.public_concurrency
    }

    fn body_limits(api: &Api) -> BodyLimits {
        BodyLimits {
            max_bytes: api.max_body_bytes.min(MAX_PUBLIC_BODY_BYTES),
            timeout: api.body_timeout.min(PUBLIC_BODY_TIMEOUT),
        }
    }

    async fn grant(_: &dyn Authenticate, _: &Arc<str>, _: &Parts) -> Result<Self, ApiError> {
        Ok(Self)
    }

    /// Such a call writes nothing.
    fn keeping(self, _: Arc<Permit>) -> Self {
        self
    }

    fn limited_user(&self) -> Option<&UserId> {
        None
    }
}
