//! Who gets in.

use std::{future::Future, sync::Arc};

use axum::http::HeaderMap;
use conversation_service::{Code, Context};

use crate::{Failure, Host};

/// What a handler wants to know of its caller; what it asks for decides who gets in.
pub(crate) trait Admit: Sized + Send {
    /// Whether the caller has to say who they are.
    const IS_KNOWN: bool;

    /// The codes by which it refuses.
    const FAILS: &'static [Code];

    /// Lets the caller in, or refuses.
    fn admit(
        host: &Host,
        operation_id: &Arc<str>,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// Whoever says who they are.
impl Admit for Context {
    const IS_KNOWN: bool = true;
    const FAILS: &'static [Code] =
        &[Code::NoPermission, Code::TokenExpired, Code::TokenMalformed, Code::TokenNotValidYet, Code::TokenUnknown];

    async fn admit(host: &Host, operation_id: &Arc<str>, headers: &HeaderMap) -> Result<Self, Failure> {
        let caller = host.authenticate.authenticate(headers).await?;
        Ok(Self::new(operation_id.clone(), caller))
    }
}

/// Anybody, known or not.
pub(crate) struct Anybody;

impl Admit for Anybody {
    const IS_KNOWN: bool = false;
    const FAILS: &'static [Code] = &[];

    async fn admit(_: &Host, _: &Arc<str>, _: &HeaderMap) -> Result<Self, Failure> {
        Ok(Self)
    }
}
