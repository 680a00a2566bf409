//! Issuing and verifying tokens.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use conversation_settings_core::UserId;
use conversation_settings_service::{Caller, Clock, SystemClock};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Claims, TokenError, jwt::Keys};

/// `iat` is backdated by this many seconds, as OpenIM does, to tolerate clocks that are behind.
const BACKDATED: i64 = 5;

/// `iat` and `nbf` may be this many seconds ahead: the clocks of the issuer and of this machine differ.
const LEEWAY: i64 = 60;

/// Issues and verifies the tokens of OpenIM's clients. OpenIM accepts these tokens too if it has the same secret.
///
/// A token is a JSON Web Token signed by HS256; HS384 and HS512 are also accepted. The authority, not the token, decides
/// who is an administrator. Tokens are not stored and cannot be revoked: each is valid until it expires. Cheap to clone.
#[derive(Clone)]
pub struct TokenAuthority {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    /// The digest of the secret; comparing needs no more.
    secret: [u8; 32],
    keys: Keys,
    /// Keys of secrets that only verify.
    previous: Vec<Keys>,
    admins: BTreeSet<UserId>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl TokenAuthority {
    /// The `PlatformID` of an administrator's token.
    pub const ADMIN_PLATFORM: i32 = 10;

    /// How long an issued token is valid by default: 90 days, as in OpenIM.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

    /// An authority that signs with `secret` and treats `admins` as administrators.
    pub fn new(secret: impl AsRef<[u8]>, admins: impl IntoIterator<Item = UserId>) -> Self {
        let secret = secret.as_ref();
        Self {
            inner: Arc::new(Inner {
                secret: Sha256::digest(secret).into(),
                keys: Keys::new(secret),
                previous: Vec::new(),
                admins: admins.into_iter().collect(),
                lifetime: Self::DEFAULT_LIFETIME,
                clock: Arc::new(SystemClock),
            }),
        }
    }

    /// The same authority, which also accepts tokens that `secret` signed. It signs none with it, and
    /// [`has_secret`](Self::has_secret) does not accept it.
    ///
    /// So a secret can be replaced while its tokens stay valid: pass the replaced secret here until they have expired.
    #[must_use]
    pub fn with_previous_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        Arc::make_mut(&mut self.inner).previous.push(Keys::new(secret.as_ref()));
        self
    }

    /// The same authority with another lifetime of tokens than 90 days.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        Arc::make_mut(&mut self.inner).lifetime = lifetime;
        self
    }

    /// The same authority with another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        Arc::make_mut(&mut self.inner).clock = clock;
        self
    }

    /// How long an issued token is valid.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.inner.lifetime
    }

    /// Whether `user` is an administrator.
    #[must_use]
    pub fn is_admin(&self, user: &UserId) -> bool {
        self.inner.admins.contains(user)
    }

    /// Whether `secret` is the authority's, compared in constant time.
    #[must_use]
    pub fn has_secret(&self, secret: &str) -> bool {
        Sha256::digest(secret).as_slice().ct_eq(&self.inner.secret).into()
    }

    /// A token of `user` for a device of the kind `platform_id`.
    #[must_use]
    pub fn issue(&self, user: &UserId, platform_id: i32) -> String {
        let now = self.now();
        let lifetime = i64::try_from(self.inner.lifetime.as_secs()).unwrap_or(i64::MAX);
        self.inner.keys.sign(&Claims {
            user_id: user.as_str().to_owned(),
            platform_id,
            expires_at: now.saturating_add(lifetime),
            not_before: None,
            issued_at: Some(now - BACKDATED),
        })
    }

    /// The claims of `token`, if it is valid now. The signature is checked before the times. `nbf` and `iat` may be up to
    /// 60 seconds ahead.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the token is malformed, signed by another, or not valid now.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let claims = self.verify_signature(token)?;
        let now = self.now();
        let soon = now.saturating_add(LEEWAY);
        if now >= claims.expires_at {
            return Err(TokenError::Expired);
        }
        if claims.not_before.is_some_and(|not_before| soon < not_before) {
            return Err(TokenError::NotValidYet);
        }
        if claims.issued_at.is_some_and(|issued_at| soon < issued_at) {
            return Err(TokenError::IssuedInFuture);
        }
        Ok(claims)
    }

    /// The claims of a token that the current or a previous secret signed.
    fn verify_signature(&self, token: &str) -> Result<Claims, TokenError> {
        let mut verified = self.inner.keys.verify(token);
        for keys in &self.inner.previous {
            // Another error does not depend on the secret.
            if !matches!(verified, Err(TokenError::Signature)) {
                break;
            }
            verified = keys.verify(token);
        }
        verified
    }

    /// The caller who carries `token`.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and [`TokenError::Malformed`] if the user ID is not one.
    pub fn caller(&self, token: &str) -> Result<Caller, TokenError> {
        let user = UserId::new(self.verify(token)?.user_id).map_err(|_| TokenError::Malformed)?;
        Ok(if self.is_admin(&user) { Caller::Admin(user) } else { Caller::User(user) })
    }

    /// Seconds since the epoch.
    fn now(&self) -> i64 {
        self.inner.clock.now().0.div_euclid(1_000)
    }
}

impl fmt::Debug for TokenAuthority {
    /// Omits the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuthority").field("admins", &self.inner.admins).finish_non_exhaustive()
    }
}
