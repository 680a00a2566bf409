//! The server that the targets talk to: the router on a memory store, at a time that stands still.

use std::sync::{Arc, LazyLock};

use conversation_core::{Limits, Timestamp, UserId};
use conversation_http::{Host, TokenAuthority};
use conversation_service::{Clock, ConversationService};
use conversation_store_memory::MemoryStore;

/// What tokens are signed with.
pub(crate) const SECRET: &str = "hush";

/// The administrator.
pub(crate) const ADMIN: &str = "imAdmin";

/// The moment it always is, in seconds since the epoch.
pub(crate) const NOW: i64 = 1_700_000_000;

/// Small, so that an input can be past it.
pub(crate) const MAX_BODY_BYTES: usize = 3_000;

/// The authority that knows the tokens.
pub(crate) static TOKENS: LazyLock<TokenAuthority> = LazyLock::new(|| authority(SECRET));

/// A host over a store with nothing in it.
pub(crate) fn host() -> Host {
    let limits = Limits { max_users: 20, max_text_bytes: 500 };
    let service = ConversationService::builder(Arc::new(MemoryStore::new())).clock(Arc::new(Standing)).limits(limits);
    Host::with_tokens(service.build(), TOKENS.clone()).max_body_bytes(MAX_BODY_BYTES)
}

/// An authority that goes by `secret`.
pub(crate) fn authority(secret: &str) -> TokenAuthority {
    TokenAuthority::new(secret, UserId::new(ADMIN)).with_clock(Arc::new(Standing))
}

/// A clock that stands still.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(NOW * 1_000)
    }
}
