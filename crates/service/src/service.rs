//! The service and what it is made of.

use std::sync::Arc;

use conversation_settings_core::{IfMissing, Limits, UserId};
use conversation_settings_store::{ConversationStore, StoreError};

use crate::{Clock, EventSink, GroupDirectory, Messages, SystemClock, Writer, WriterOptions};

/// The use cases, over a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) writer: Writer,
    pub(crate) groups: Option<Arc<dyn GroupDirectory>>,
    pub(crate) messages: Option<Arc<dyn Messages>>,
    pub(crate) events: Option<Arc<dyn EventSink>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) missing: IfMissing,
    pub(crate) max_changes: usize,
}

/// Builds a service: only the store has no default.
#[derive(Debug)]
#[must_use]
pub struct ServiceBuilder {
    store: Arc<dyn ConversationStore>,
    writer: WriterOptions,
    groups: Option<Arc<dyn GroupDirectory>>,
    messages: Option<Arc<dyn Messages>>,
    events: Option<Arc<dyn EventSink>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    missing: IfMissing,
    max_changes: usize,
}

impl Service {
    /// The maximum number of changes in an increment, unless configured otherwise.
    pub const MAX_CHANGES: usize = 1_000;

    /// Builds a service over `store`.
    ///
    /// Unless set otherwise, the service has no group directory, no message port and no event sink. It uses the system's
    /// clock and the default [`Limits`], creates missing conversations, and reports up to
    /// [`MAX_CHANGES`](Self::MAX_CHANGES) changes in an increment.
    pub fn builder(store: impl ConversationStore) -> ServiceBuilder {
        ServiceBuilder {
            store: Arc::new(store),
            writer: WriterOptions::default(),
            groups: None,
            messages: None,
            events: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            missing: IfMissing::default(),
            max_changes: Self::MAX_CHANGES,
        }
    }

    /// The service's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The limits of one request.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Reads from the store, to learn whether it answers.
    ///
    /// # Errors
    ///
    /// The store's, of any kind.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic: the ID is valid")]
    pub async fn ready(&self) -> Result<(), StoreError> {
        let probe = UserId::new("readyz").expect("is an ID");
        self.inner.store.version(&probe).await.map(drop)
    }
}

impl ServiceBuilder {
    /// Checks with `groups` that a group exists before its conversation is set.
    pub fn groups(mut self, groups: Arc<dyn GroupDirectory>) -> Self {
        self.groups = Some(groups);
        self
    }

    /// Reads the latest message of a conversation from `messages`, to sort lists and to remove by age.
    pub fn messages(mut self, messages: Arc<dyn Messages>) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Emits an event to `events` for each change.
    pub fn events(mut self, events: Arc<dyn EventSink>) -> Self {
        self.events = Some(events);
        self
    }

    /// Queues and merges batches as `options` say.
    pub fn writer(mut self, options: WriterOptions) -> Self {
        self.writer = options;
        self
    }

    /// Takes the time from `clock`.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Rejects requests past `limits`.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Creates missing conversations, or rejects the requests that name them.
    pub fn missing(mut self, policy: IfMissing) -> Self {
        self.missing = policy;
        self
    }

    /// The maximum number of changed conversations in an increment; a client that missed more must sync in full.
    pub fn max_changes(mut self, changes: usize) -> Self {
        self.max_changes = changes;
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> Service {
        let Self { store, writer, groups, messages, events, clock, limits, missing, max_changes } = self;
        let writer = Writer::with_clock(Arc::clone(&store), Arc::clone(&clock), writer);
        Service {
            inner: Arc::new(Inner { store, writer, groups, messages, events, clock, limits, missing, max_changes }),
        }
    }
}
