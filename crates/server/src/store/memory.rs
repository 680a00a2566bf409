//! A store in memory.

use std::sync::Arc;

use async_trait::async_trait;
use conversation_settings_store_memory::MemoryStore;
use conversation_settings_tls::Authorities;

use super::{Engine, Problem, Store, Target};
use crate::error::StartError;

pub(super) const ENGINE: Engine = Engine {
    name: "memory",
    schemes: &["memory"],
    aliases: &["mem", "inmemory", "in-memory"],
    form: "memory:",
    backup: "it keeps nothing when the server stops",
    parse: |address| match address.rest {
        "" | "//" => Ok(Box::new(Memory)),
        _ => Err(Problem::Form),
    },
};

pub(super) struct Memory;

#[async_trait]
impl Target for Memory {
    fn printed(&self) -> String {
        "memory: (lost when the server stops)".to_owned()
    }

    async fn open(&self, _: &Authorities) -> Result<Store, StartError> {
        Ok(Arc::new(MemoryStore::new()))
    }

    async fn renew_log(&self, _: &Authorities) -> Result<(), StartError> {
        Err(StartError::Usage("a store in memory has a new log at each start".to_owned()))
    }
}
