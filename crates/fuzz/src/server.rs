//! The server that the targets talk to: the router on a memory store, at a time that stands still.

mod world;

use std::sync::{Arc, LazyLock};

use conversation_settings_core::{Limits, UserId};
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;

pub(crate) use world::NOW;
use world::World;

/// What tokens are signed with.
pub(crate) const SECRET: &str = "hush";

/// The authority that knows the tokens.
pub(crate) static TOKENS: LazyLock<TokenAuthority> = LazyLock::new(|| authority(SECRET));

/// The administrator.
const ADMIN: &str = "imAdmin";

/// A host over a store with nothing in it. Its limits are small, so that an input can be past them.
pub(crate) fn host() -> Api {
    let service = Service::builder(Arc::new(MemoryStore::new()))
        .clock(Arc::new(World))
        .groups(Arc::new(World))
        .messages(Arc::new(World))
        .limits(Limits::default().max_users(20).max_text_bytes(500))
        .build();
    let metrics = || "# nothing was measured\n".to_owned();
    Api::with_tokens(service, TOKENS.clone()).metrics(metrics).max_body_bytes(3_000)
}

/// An authority that goes by `secret`.
pub(crate) fn authority(secret: &str) -> TokenAuthority {
    TokenAuthority::new(secret, UserId::new(ADMIN)).with_clock(Arc::new(World))
}
