//! Who gets in.

use std::{future::Future, sync::Arc};

use axum::http::HeaderMap;
use conversation_service::Context;

use crate::{Failure, Host};

/// What a handler wants to know of its caller; what it asks for decides who gets in.
pub(crate) trait Admit: Sized + Send {
    /// Lets the caller in, or refuses.
    fn admit(
        host: &Host,
        operation_id: &Arc<str>,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// Whoever says who they are.
impl Admit for Context {
    async fn admit(host: &Host, operation_id: &Arc<str>, headers: &HeaderMap) -> Result<Self, Failure> {
        let caller = host.authenticate.authenticate(headers).await?;
        Ok(Self::new(operation_id.clone(), caller))
    }
}

/// Anybody, known or not.
pub(crate) struct Anybody;

impl Admit for Anybody {
    async fn admit(_: &Host, _: &Arc<str>, _: &HeaderMap) -> Result<Self, Failure> {
        Ok(Self)
    }
}
