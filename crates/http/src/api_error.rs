//! Why a call is refused.

use std::borrow::Cow;

use conversation_settings_core::ArgsError;
use conversation_settings_openim::{Code, TokenError};
use conversation_settings_service::ServiceError;

/// Why a call is refused: the code that OpenIM's clients know, and what else the caller may learn.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", code.name())]
pub struct ApiError {
    pub(crate) code: Code,
    pub(crate) detail: Cow<'static, str>,
    /// What went wrong inside: for the log alone.
    pub(crate) source: Option<BoxError>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl ApiError {
    /// A failure of which the caller is told `code` and `detail`; the log has both too, so no secret may be in it.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), source: None }
    }

    /// A failure that is not the caller's: it is told the operation ID alone, and the log has the cause.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self { code: Code::ServerInternal, detail: Cow::Borrowed(""), source: Some(source.into()) }
    }

    /// The error's number and name in OpenIM's table.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The failure and its causes, in one line.
    pub(crate) fn chain(&self) -> String {
        let first = self.source.as_deref().map(|source| -> &(dyn std::error::Error + 'static) { source });
        let causes = std::iter::successors(first, |error| error.source());
        let mut texts: Vec<String> = causes.map(|error| error.to_string().replace(char::is_control, " ")).collect();
        // An error that is another one in disguise says the same once more.
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
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer\nline")]
    struct Outer(#[source] BoxError);

    #[test]
    fn the_causes_are_one_line_from_the_outermost_on() {
        assert_eq!(ApiError::internal(Outer("inner".into())).chain(), "outer line: inner");
        assert_eq!(ApiError::new(Code::Args, "wrong").chain(), "");
    }

    #[test]
    fn of_what_is_not_the_callers_fault_the_caller_is_told_nothing() {
        let failure =
            ApiError::from(ServiceError::Directory(conversation_settings_service::DirectoryError("down".into())));
        assert_eq!((failure.code(), &*failure.detail), (Code::ServerInternal, ""));
        assert_eq!(failure.chain(), "the directory of groups cannot be asked: down");
    }
}
