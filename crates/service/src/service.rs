//! The service and what it is made of.

use std::sync::Arc;

use conversation_settings_core::{IfMissing, Limits, UserId};
use conversation_settings_store::{ConversationStore, StoreError};

use crate::{Clock, Event, EventSink, GroupDirectory, Messages, SystemClock, in_order::InOrder};

/// The use cases, over a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) groups: Option<Arc<dyn GroupDirectory>>,
    pub(crate) messages: Option<Arc<dyn Messages>>,
    pub(crate) events: Option<Arc<dyn EventSink>>,
    pub(crate) order: InOrder<Event>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) missing: IfMissing,
    pub(crate) max_changes: usize,
}

/// Puts a service together: only the store has no default.
#[derive(Debug)]
#[must_use]
pub struct ServiceBuilder {
    inner: Inner,
}

impl Service {
    /// The most changes that an increment tells, unless configured otherwise.
    pub const MAX_CHANGES: usize = 1_000;

    /// A service over `store`, with a default for everything else: no group directory, no messages, nobody to tell
    /// of changes, the system's clock, the default [`Limits`], missing conversations created, and up to
    /// [`MAX_CHANGES`](Self::MAX_CHANGES) changes told by an increment.
    pub fn builder(store: Arc<dyn ConversationStore>) -> ServiceBuilder {
        ServiceBuilder {
            inner: Inner {
                store,
                groups: None,
                messages: None,
                events: None,
                order: InOrder::default(),
                clock: Arc::new(SystemClock),
                limits: Limits::default(),
                missing: IfMissing::default(),
                max_changes: Self::MAX_CHANGES,
            },
        }
    }

    /// The clock that the service goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// How much one request may ask for.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Asks the store something, to learn whether it answers.
    ///
    /// # Errors
    ///
    /// What the store fails with.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic: the ID is one")]
    pub async fn ready(&self) -> Result<(), StoreError> {
        let nobody = UserId::new("readyz").expect("is an ID");
        self.inner.store.version(&nobody).await.map(drop)
    }
}

impl ServiceBuilder {
    /// Asks `groups` whether a group exists before setting its conversation.
    pub fn groups(mut self, groups: Arc<dyn GroupDirectory>) -> Self {
        self.inner.groups = Some(groups);
        self
    }

    /// Asks `messages` for the last message of a conversation: for the order of a list, and for what is old.
    pub fn messages(mut self, messages: Arc<dyn Messages>) -> Self {
        self.inner.messages = Some(messages);
        self
    }

    /// Tells `events` what has changed.
    pub fn events(mut self, events: Arc<dyn EventSink>) -> Self {
        self.inner.events = Some(events);
        self
    }

    /// Goes by `clock`.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.inner.clock = clock;
        self
    }

    /// Refuses requests past `limits`.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.inner.limits = limits;
        self
    }

    /// Treats missing conversations by `policy`.
    pub fn missing(mut self, policy: IfMissing) -> Self {
        self.inner.missing = policy;
        self
    }

    /// Tells a client that missed more than `changes` conversations to sync in full.
    pub fn max_changes(mut self, changes: usize) -> Self {
        self.inner.max_changes = changes;
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> Service {
        Service { inner: Arc::new(self.inner) }
    }
}
