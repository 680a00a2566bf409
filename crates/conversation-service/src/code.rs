//! The numbers and names that OpenIM's clients know errors by.

/// An error's number and name in OpenIM's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// 500: something went wrong inside; the log says what.
    ServerInternal,
    /// 1001: an argument is wrong.
    Args,
    /// 1002: the caller may not do this.
    NoPermission,
    /// 1004: what was asked for does not exist.
    RecordNotFound,
    /// 1204: the group was dismissed.
    DismissedAlready,
    /// 1501: the token is past its time.
    TokenExpired,
    /// 1503: the token is none.
    TokenMalformed,
    /// 1504: the token's time has not come.
    TokenNotValidYet,
    /// 1505: the token cannot be trusted.
    TokenUnknown,
}

impl Code {
    /// Every code, for tables.
    pub const ALL: &[Self] = &[
        Self::ServerInternal,
        Self::Args,
        Self::NoPermission,
        Self::RecordNotFound,
        Self::DismissedAlready,
        Self::TokenExpired,
        Self::TokenMalformed,
        Self::TokenNotValidYet,
        Self::TokenUnknown,
    ];

    /// The number: OpenIM's `errCode`.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::ServerInternal => 500,
            Self::Args => 1001,
            Self::NoPermission => 1002,
            Self::RecordNotFound => 1004,
            Self::DismissedAlready => 1204,
            Self::TokenExpired => 1501,
            Self::TokenMalformed => 1503,
            Self::TokenNotValidYet => 1504,
            Self::TokenUnknown => 1505,
        }
    }

    /// The short name: OpenIM's `errMsg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerInternal => "ServerInternalError",
            Self::Args => "ArgsError",
            Self::NoPermission => "NoPermissionError",
            Self::RecordNotFound => "RecordNotFoundError",
            Self::DismissedAlready => "DismissedAlreadyError",
            Self::TokenExpired => "TokenExpiredError",
            Self::TokenMalformed => "TokenMalformedError",
            Self::TokenNotValidYet => "TokenNotValidYetError",
            Self::TokenUnknown => "TokenUnknownError",
        }
    }
}
