//! Why a token is rejected.

use crate::Code;

/// Why a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is not a JSON Web Token with the claims of one of OpenIM's.
    #[error("token: is malformed")]
    Malformed,
    /// The token is signed by an algorithm other than HS256, HS384 and HS512.
    #[error("token: must be signed by HS256, HS384 or HS512")]
    Algorithm,
    /// The token names extensions in `crit`, which its reader must understand (RFC 7515, 4.1.11). None is supported.
    #[error("token: has a crit header, which is not supported")]
    Critical,
    /// The signature does not match the secret.
    #[error("token: has an invalid signature")]
    Signature,
    /// The token has expired.
    #[error("token: has expired")]
    Expired,
    /// The token is not valid yet.
    #[error("token: is not valid yet")]
    NotValidYet,
    /// The token's time of issue is in the future.
    #[error("token: was issued in the future")]
    IssuedInFuture,
}

impl TokenError {
    /// The code that OpenIM responds with.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Malformed => Code::TokenMalformed,
            Self::Algorithm | Self::Critical | Self::Signature | Self::IssuedInFuture => Code::TokenUnknown,
            Self::Expired => Code::TokenExpired,
            Self::NotValidYet => Code::TokenNotValidYet,
        }
    }
}
