//! The numbers and names of errors.

use conversation_settings_service::ServiceError;

macro_rules! codes {
    ($( #[doc = $meaning:literal] $code:ident = $number:literal $name:literal; )*) => {
        /// An error's number and name in OpenIM's table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $( #[doc = concat!($number, ":", $meaning)] $code, )*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$( Self::$code, )*];

            /// The number: OpenIM's `errCode`.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self { $( Self::$code => $number, )* }
            }

            /// The short name: OpenIM's `errMsg`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$code => $name, )* }
            }

            /// The meaning, as one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Self::$code => $meaning.trim_ascii(), )* }
            }
        }
    };
}

codes! {
    /// The server has reached its limit of concurrent calls. Try again in a moment.
    TooManyRequests = 429 "TooManyRequestsError";
    /// The server failed. The cause is in its log.
    ServerInternal = 500 "ServerInternalError";
    /// An argument is invalid.
    Args = 1001 "ArgsError";
    /// The caller is not allowed to do this.
    NoPermission = 1002 "NoPermissionError";
    /// The record does not exist.
    RecordNotFound = 1004 "RecordNotFoundError";
    /// The group was dismissed.
    DismissedAlready = 1204 "DismissedAlreadyError";
    /// The token has expired.
    TokenExpired = 1501 "TokenExpiredError";
    /// The token is malformed.
    TokenMalformed = 1503 "TokenMalformedError";
    /// The token is not valid yet.
    TokenNotValidYet = 1504 "TokenNotValidYetError";
    /// The token's signature or issue time is not valid.
    TokenUnknown = 1505 "TokenUnknownError";
}

/// The one place that maps errors of the service to codes.
impl From<&ServiceError> for Code {
    fn from(error: &ServiceError) -> Self {
        match error {
            ServiceError::Args(_) | ServiceError::NoMessages => Self::Args,
            ServiceError::NoPermission { .. } => Self::NoPermission,
            ServiceError::NotFound(_) | ServiceError::UnknownGroup(_) => Self::RecordNotFound,
            ServiceError::DismissedGroup(_) => Self::DismissedAlready,
            ServiceError::Overloaded => Self::TooManyRequests,
            _ => Self::ServerInternal,
        }
    }
}
