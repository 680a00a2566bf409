//! The caller of a use case.

use std::{fmt, sync::Arc};

use conversation_settings_core::UserId;

/// The caller, as the host has authenticated it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host decides between exactly these two")]
pub enum Caller {
    /// An administrator, who may read and set any user's conversations.
    Admin(UserId),
    /// A user, who may read and set their own conversations.
    User(UserId),
}

impl Caller {
    /// The caller's own ID.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        match self {
            Self::Admin(user) | Self::User(user) => user,
        }
    }

    /// Whether the caller is an administrator.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        matches!(self, Self::Admin(_))
    }
}

/// The caller of a use case, and the ID that traces the call.
///
/// ```
/// use conversation_settings_core::UserId;
/// use conversation_settings_service::Context;
///
/// let context = Context::admin(UserId::new("ops")?).with_operation_id("op-1");
/// assert!(context.caller.is_admin());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// The caller.
    pub caller: Caller,
    /// The ID that traces the call through logs, events and ports. It is empty unless the host sets it.
    pub operation_id: Arc<str>,
    #[expect(dead_code, reason = "it is only kept")]
    guard: Option<Guard>,
}

/// What a host keeps until a call has ended.
#[derive(Clone)]
struct Guard(#[expect(dead_code, reason = "it is only kept")] Arc<dyn Send + Sync>);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard(…)")
    }
}

impl Context {
    /// A call by `caller`.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        Self { caller, operation_id: Arc::default(), guard: None }
    }

    /// A call by the administrator `admin`.
    #[must_use]
    pub fn admin(admin: UserId) -> Self {
        Self::new(Caller::Admin(admin))
    }

    /// A call by the user `user`.
    #[must_use]
    pub fn user(user: UserId) -> Self {
        Self::new(Caller::User(user))
    }

    /// Traces the call as `operation_id`.
    #[must_use]
    pub fn with_operation_id(self, operation_id: impl Into<Arc<str>>) -> Self {
        Self { operation_id: operation_id.into(), ..self }
    }

    /// Keeps `guard` until the call has ended, and with it every write that has begun: a write runs to its end even if
    /// the call is dropped. A host keeps what limits its calls, such as a permit.
    #[must_use]
    pub fn with_guard(self, guard: impl Send + Sync + 'static) -> Self {
        Self { guard: Some(Guard(Arc::new(guard))), ..self }
    }
}
