//! The server under test: the router on a memory store, at a fixed time.

mod world;

use std::sync::{Arc, LazyLock};

use conversation_settings_core::{Limits, UserId};
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::Service;
use conversation_settings_store_memory::MemoryStore;

pub(crate) use world::NOW;
use world::World;

/// The secret that signs tokens.
pub(crate) const SECRET: &str = "hush";

/// The authority that issues and verifies tokens.
pub(crate) static TOKENS: LazyLock<TokenAuthority> = LazyLock::new(|| authority(SECRET));

const ADMIN: &str = "imAdmin";

/// An API over an empty store. Its limits are small, so that an input can exceed them.
pub(crate) fn api() -> Api {
    let service = Service::builder(Arc::new(MemoryStore::new()))
        .clock(Arc::new(World))
        .groups(Arc::new(World))
        .messages(Arc::new(World))
        .limits(Limits::default().max_users(20).max_text_bytes(500))
        .build();
    let metrics = || "# nothing was measured\n".to_owned();
    Api::with_tokens(service, TOKENS.clone()).metrics(metrics).max_body_bytes(3_000)
}

/// An authority with this `secret`.
pub(crate) fn authority(secret: &str) -> TokenAuthority {
    TokenAuthority::new(secret, UserId::new(ADMIN)).with_clock(Arc::new(World))
}
