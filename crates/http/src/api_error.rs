//! A failure as the wire shows it.

use std::{borrow::Cow, error::Error, iter};

use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode},
};
use conversation_settings_core::ArgsError;
use conversation_settings_openim::{Code, TokenError};
use conversation_settings_service::ServiceError;

use crate::{decode::resembling, envelope};

/// A failed call: a code, a detail for the caller, and how the response shows them.
///
/// ```
/// use axum::http::{Response, StatusCode};
/// use conversation_settings_http::{ApiError, Code};
///
/// // Status 200 and an envelope with a code of OpenIM's.
/// let plain = ApiError::new(Code::TokenExpired, "log in again");
/// // Status 401 and an envelope with a code of the host's.
/// let own = ApiError::with_number(1506, "TokenKickedError", "logged in elsewhere").with_status(StatusCode::UNAUTHORIZED);
/// // The host's own response. The log and the metrics show the code.
/// let response = Response::builder().status(401).header("content-type", "application/json").body(r#"{"error":"session"}"#)?;
/// let whole = ApiError::new(Code::TokenExpired, "the session ended").with_response(response);
/// # drop((plain, own, whole));
/// # Ok::<(), axum::http::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{name}: {detail}")]
pub struct ApiError {
    number: i32,
    name: Cow<'static, str>,
    detail: Cow<'static, str>,
    status: StatusCode,
    /// The response, if it is not an envelope.
    response: Option<Box<Response<Bytes>>>,
    /// The cause of an internal error. Only the log shows it.
    source: Option<BoxError>,
}

/// How the detail of a missing argument ends, after its path.
const IS_REQUIRED: &str = ": is required";

type BoxError = Box<dyn Error + Send + Sync>;

impl ApiError {
    /// An error that shows `code` and `detail` to the caller. The log shows both too, so they must not contain a secret.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        // Proxies back off from this status too.
        let status = if code == Code::TooManyRequests { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        Self::with_number(code.number(), code.name(), detail).with_status(status)
    }

    /// An error with a number and a name of the host's own, which the envelope shows as `errCode` and `errMsg`.
    ///
    /// # Panics
    ///
    /// If `number` is 0, which clients take for success.
    pub fn with_number(number: i32, name: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        assert_ne!(number, 0, "a failure needs a number, because clients take 0 for success");
        Self { number, name: name.into(), detail: detail.into(), status: StatusCode::OK, response: None, source: None }
    }

    /// An internal error. The caller learns only the operation ID; the log shows `source`.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self { source: Some(source.into()), ..Self::new(Code::ServerInternal, "") }
    }

    /// The same error with another HTTP status.
    #[must_use]
    pub const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same error with `response` instead of an envelope.
    #[must_use]
    pub fn with_response(mut self, response: Response<impl Into<Bytes>>) -> Self {
        self.status = response.status();
        self.response = Some(Box::new(response.map(Into::into)));
        self
    }

    /// The same error with the name that the caller may have sent instead of a missing argument, one of the `ignored` ones.
    pub(crate) fn beside_ignored(mut self, ignored: &[String]) -> Self {
        let missing = self.detail.strip_suffix(IS_REQUIRED).filter(|_| self.number == Code::Args.number());
        if let Some(name) = missing.and_then(|missing| resembling(missing, ignored)) {
            self.detail = format!("{}; {name} is not an argument of this call", self.detail).into();
        }
        self
    }

    /// The HTTP status of the response: 200 for most errors, as in OpenIM.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The number of the code that the caller learns.
    #[must_use]
    pub const fn number(&self) -> i32 {
        self.number
    }

    /// The code that the caller learns; `None` for a number of the host's own.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.number() == self.number)
    }

    /// The response. `detail` is what an envelope shows as the detail.
    pub(crate) fn to_response(&self, detail: &str) -> axum::response::Response {
        match &self.response {
            Some(response) => (**response).clone().map(Body::from),
            None => envelope::failure_of(self.status, self.number, &self.name, detail),
        }
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
    use conversation_settings_core::Violation;
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
    fn names_what_was_sent_instead_of_a_missing_argument() {
        let missing = || ApiError::from(ArgsError::new("ownerUserID", Violation::Required));
        let detail = |ignored: &[&str]| {
            let ignored: Vec<_> = ignored.iter().map(ToString::to_string).collect();
            missing().beside_ignored(&ignored).detail
        };
        assert_eq!(detail(&[]), "ownerUserID: is required");
        assert_eq!(detail(&["platformID", "x.y"]), "ownerUserID: is required");
        for name in ["userID", "ownerUserIDs", "owner_user_ids", "owner", "conversation.userID"] {
            let expected = format!("ownerUserID: is required; {name} is not an argument of this call");
            assert_eq!(detail(&["traceID", name]), expected);
        }
        let other = ApiError::from(ArgsError::new("ownerUserID", Violation::Empty)).beside_ignored(&["userID".into()]);
        assert_eq!(other.detail, "ownerUserID: must not be empty");
    }

    #[test]
    fn hides_the_cause_of_an_internal_error() {
        let error = ApiError::from(ServiceError::Directory(DirectoryError("down".into())));
        assert_eq!((error.code(), error.detail()), (Some(Code::ServerInternal), ""));
        assert!(error.causes().ends_with(": down"), "{}", error.causes());
    }
}
