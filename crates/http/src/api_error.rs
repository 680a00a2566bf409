//! A failure as the wire shows it.

use std::{borrow::Cow, error::Error, iter};

use axum::http::StatusCode;
use conversation_settings_core::ArgsError;
use conversation_settings_openim::{Code, TokenError};
use conversation_settings_service::ServiceError;

/// A failed call: a code of OpenIM's, and a detail for the caller.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", code.name())]
pub struct ApiError {
    code: Code,
    detail: Cow<'static, str>,
    status: StatusCode,
    /// The cause of an internal error. Only the log shows it.
    source: Option<BoxError>,
}

type BoxError = Box<dyn Error + Send + Sync>;

impl ApiError {
    /// An error that shows `code` and `detail` to the caller. The log shows both too, so they must not contain a secret.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        // Proxies back off from this status too.
        let status = if code == Code::TooManyRequests { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        Self { code, detail: detail.into(), status, source: None }
    }

    /// An internal error. The caller learns only the operation ID; the log shows `source`.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self { source: Some(source.into()), ..Self::new(Code::ServerInternal, "") }
    }

    /// The same error with another HTTP status.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The HTTP status of the response: 200 for most errors, as in OpenIM.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The code that the caller learns.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The detail that the caller learns; empty for an internal error.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The causes of an internal error in one line, the outermost first.
    pub(crate) fn causes(&self) -> String {
        let outermost = self.source.as_deref().map(|source| -> &(dyn Error + 'static) { source });
        let causes = iter::successors(outermost, |&error| error.source());
        let mut texts: Vec<String> = causes.map(|error| error.to_string().replace(char::is_control, " ")).collect();
        // A transparent error repeats its source's text.
        texts.dedup();
        texts.join(": ")
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match Code::from(&error) {
            Code::ServerInternal => Self::internal(error),
            code => Self::new(code, error.to_string()),
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ArgsError> for ApiError {
    fn from(error: ArgsError) -> Self {
        Self::new(Code::Args, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use conversation_settings_service::DirectoryError;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer\nline")]
    struct Outer(#[source] BoxError);

    #[test]
    fn joins_causes_in_one_line() {
        assert_eq!(ApiError::internal(Outer("inner".into())).causes(), "outer line: inner");
        assert_eq!(ApiError::new(Code::Args, "wrong").causes(), "");
    }

    #[test]
    fn hides_the_cause_of_an_internal_error() {
        let error = ApiError::from(ServiceError::Directory(DirectoryError("down".into())));
        assert_eq!((error.code(), error.detail()), (Code::ServerInternal, ""));
        assert!(error.causes().ends_with(": down"), "{}", error.causes());
    }
}
