//! Tokens as OpenIM's clients carry them.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::http::HeaderMap;
use conversation_settings_core::UserId;
use conversation_settings_service::{Caller, Clock, Code, SystemClock};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    ApiError, Authenticate, Claims,
    jwt::{JwtError, Keys},
};

const HEADER: &str = "token";

/// How long a token is good, unless said otherwise: OpenIM's 90 days.
const LIFETIME: Duration = Duration::from_hours(24 * 90);

/// How long before it was made a token says it was, in seconds, so that a clock that is late takes it: OpenIM's.
const BACKDATED: i64 = 5;

/// Makes and checks tokens, as OpenIM does with the same secret: what one signs, the other takes.
///
/// A token is a JSON Web Token, signed by HS256 with the secret; HS384 and HS512 are taken too. Who is an administrator
/// is said here, by user ID, and not by the token. There is no register of tokens: one is good until it ends. Cheap to
/// clone.
#[derive(Clone)]
pub struct TokenAuthority {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    /// The secret's digest: all that comparing needs.
    secret: [u8; 32],
    keys: Keys,
    admins: BTreeSet<UserId>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl TokenAuthority {
    /// The `PlatformID` of an administrator's token.
    pub const ADMIN_PLATFORM: i32 = 10;

    /// An authority that signs with `secret`, to whom the users of `admins` are administrators.
    pub fn new(secret: impl AsRef<[u8]>, admins: impl IntoIterator<Item = UserId>) -> Self {
        let secret = secret.as_ref();
        Self {
            inner: Arc::new(Inner {
                secret: Sha256::digest(secret).into(),
                keys: Keys::new(secret),
                admins: admins.into_iter().collect(),
                lifetime: LIFETIME,
                clock: Arc::new(SystemClock),
            }),
        }
    }

    /// The same, with tokens that are good for `lifetime`.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        Arc::make_mut(&mut self.inner).lifetime = lifetime;
        self
    }

    /// The same, going by `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        Arc::make_mut(&mut self.inner).clock = clock;
        self
    }

    /// How long a token is good.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.inner.lifetime
    }

    /// Whether `user` is an administrator.
    #[must_use]
    pub fn is_admin(&self, user: &UserId) -> bool {
        self.inner.admins.contains(user)
    }

    /// Whether `secret` is the authority's, compared in a time that tells nothing of it.
    #[must_use]
    pub fn has_secret(&self, secret: &str) -> bool {
        Sha256::digest(secret).as_slice().ct_eq(&self.inner.secret).into()
    }

    /// A token of `user`'s for a device of the kind `platform_id`.
    ///
    /// # Errors
    ///
    /// [`ApiError::internal`] if the token cannot be written, which does not happen.
    pub fn issue(&self, user: &UserId, platform_id: i32) -> Result<String, ApiError> {
        let now = self.now();
        let lifetime = i64::try_from(self.inner.lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            user_id: user.as_str().to_owned(),
            platform_id,
            expires_at: now.saturating_add(lifetime),
            not_before: None,
            issued_at: Some(now - BACKDATED),
        };
        self.inner.keys.sign(&claims).map_err(ApiError::internal)
    }

    /// What `token` says, if it is to be believed now.
    ///
    /// # Errors
    ///
    /// A [`ApiError`] of one of OpenIM's codes for tokens. Whether the signature is right is checked before whether the
    /// time is.
    pub fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        let refused = |code, detail| Err(ApiError::new(code, detail));
        let claims: Claims = match self.inner.keys.open(token) {
            Ok(claims) => claims,
            Err(JwtError::Malformed) => return refused(Code::TokenMalformed, "token: is not one"),
            Err(JwtError::Algorithm) => {
                return refused(Code::TokenUnknown, "token: must be signed by HS256, HS384 or HS512");
            }
            Err(JwtError::Signature) => return refused(Code::TokenUnknown, "token: the signature is invalid"),
        };
        let now = self.now();
        if now >= claims.expires_at {
            return refused(Code::TokenExpired, "token: has expired");
        }
        if claims.not_before.is_some_and(|not_before| now < not_before) {
            return refused(Code::TokenNotValidYet, "token: is not valid yet");
        }
        if claims.issued_at.is_some_and(|issued_at| now < issued_at) {
            return refused(Code::TokenUnknown, "token: is used before it was made");
        }
        Ok(claims)
    }

    /// The time in seconds since the epoch.
    fn now(&self) -> i64 {
        self.inner.clock.now().0.div_euclid(1_000)
    }
}

#[async_trait]
impl Authenticate for TokenAuthority {
    fn header(&self) -> Option<&'static str> {
        Some(HEADER)
    }

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let token = headers.get(HEADER).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| ApiError::new(Code::Args, "header must have token"))?;
        let malformed = || ApiError::new(Code::TokenMalformed, "token: is not one");
        let claims = self.verify(token.to_str().map_err(|_| malformed())?)?;
        let user = UserId::new(claims.user_id).map_err(|_| malformed())?;
        Ok(if self.is_admin(&user) { Caller::Admin(user) } else { Caller::User(user) })
    }
}

impl fmt::Debug for TokenAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret is nobody's business.
        f.debug_struct("TokenAuthority").field("admins", &self.inner.admins).finish_non_exhaustive()
    }
}
