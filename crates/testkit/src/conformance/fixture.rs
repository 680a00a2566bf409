//! The store of one case, and what its harness can do.

use std::{process::Command, sync::Arc};

use conversation_settings_core::{Conversation, Effect, Key, Timestamp, UserId, Version, Write};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, OwnerVersion, StoreError};

use super::Harness;
use crate::fixtures::{AT, batch};

/// Why a case was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the harness has no {0}")]
pub struct Skipped(&'static str);

const STORE: &str = "store to offer";

impl Skipped {
    /// Whether the harness has no store.
    pub(super) fn is_store(&self) -> bool {
        self.0 == STORE
    }
}

/// A fresh store, with the abilities of its harness.
#[derive(Debug)]
pub struct Fixture<'h, H: Harness> {
    harness: &'h H,
    // Dropped before the guard of its data.
    store: Arc<H::Store>,
    guard: H::Guard,
}

impl<'h, H: Harness> Fixture<'h, H> {
    pub(super) async fn fresh(harness: &'h H) -> Result<Self, Skipped> {
        let (guard, store) = harness.fresh().await.ok_or(Skipped(STORE))?;
        Ok(Self { harness, store: Arc::new(store), guard })
    }

    pub(super) fn store(&self) -> &Arc<H::Store> {
        &self.store
    }

    pub(super) fn harness(&self) -> &'h H {
        self.harness
    }

    pub(super) async fn another_fresh(&self) -> Result<Self, Skipped> {
        Self::fresh(self.harness).await
    }

    pub(super) async fn another_handle(&self) -> Result<Arc<H::Store>, Skipped> {
        let handle = self.harness.another_handle(&self.guard, &self.store).await;
        handle.map(Arc::new).ok_or(Skipped("other handle on the same data"))
    }

    pub(super) async fn reopened(self) -> Result<Self, Skipped> {
        let Self { harness, store, guard } = self;
        let store = Arc::into_inner(store).expect("no other handle is open");
        let store = harness.reopen(&guard, store).await.ok_or(Skipped("way to open the data again"))?;
        Ok(Self { harness, store: Arc::new(store), guard })
    }

    pub(super) async fn round_trips(&self) -> Result<u64, Skipped> {
        self.harness.round_trips(&self.guard, &self.store).await.ok_or(Skipped("count of round trips"))
    }

    pub(super) async fn inject_fault(&self) -> Result<(), Skipped> {
        self.harness.inject_fault(&self.guard, &self.store).await.ok_or(Skipped("fault to inject"))
    }

    pub(super) fn writing_process(&self) -> Result<Command, Skipped> {
        self.harness.writing_process(&self.guard).ok_or(Skipped("process to kill"))
    }

    /// Applies writes that must succeed.
    pub(super) async fn apply(&self, writes: impl IntoIterator<Item = Write>) -> Vec<Effect> {
        self.apply_at(writes, AT).await
    }

    pub(super) async fn apply_at(&self, writes: impl IntoIterator<Item = Write>, at: Timestamp) -> Vec<Effect> {
        self.store.apply(&batch(writes), at).await.expect("can be applied").effects
    }

    /// Applies writes that must fail, and returns the error.
    pub(super) async fn refused(&self, writes: impl IntoIterator<Item = Write>) -> StoreError {
        self.store.apply(&batch(writes), AT).await.expect_err("must fail")
    }

    pub(super) async fn get(&self, key: &Key) -> Option<Conversation> {
        self.store.get_one(key.clone()).await.expect("can be read")
    }

    pub(super) async fn version(&self, owner: &UserId) -> OwnerVersion {
        self.store.version(owner).await.expect("can be read")
    }

    /// The changes for a client of `version` in the owner's log.
    pub(super) async fn changes(&self, owner: &UserId, version: u64) -> Changes {
        let since = OwnerVersion { version: Version(version), ..self.version(owner).await };
        self.changes_since(owner, since).await
    }

    pub(super) async fn changes_since(&self, owner: &UserId, since: OwnerVersion) -> Changes {
        self.store.changes(owner, &since, 1_000).await.expect("can be read")
    }
}
