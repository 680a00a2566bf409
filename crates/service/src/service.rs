//! The service and what it is made of.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{IfMissing, Limits};
use conversation_settings_store::{ConversationStore, StoreError};

use crate::{
    Authorize, Clock, CustomSettings, EventSink, GroupDirectory, Messages, OwnerOrAdmin, SystemClock, Writer,
    WriterOptions, conversation_pages::ReadLimit, events::Dispatcher,
};

/// The use cases, over a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) writer: Writer,
    pub(crate) authorize: Arc<dyn Authorize>,
    pub(crate) groups: Option<Arc<dyn GroupDirectory>>,
    pub(crate) messages: Option<Arc<dyn Messages>>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) missing: IfMissing,
    pub(crate) custom: CustomSettings,
    pub(crate) max_changes: usize,
    pub(crate) reads: ReadLimit,
}

/// Builds a service: only the store has no default.
#[derive(Debug)]
#[must_use]
pub struct ServiceBuilder {
    store: Arc<dyn ConversationStore>,
    writer: WriterOptions,
    authorize: Arc<dyn Authorize>,
    groups: Option<Arc<dyn GroupDirectory>>,
    messages: Option<Arc<dyn Messages>>,
    sinks: Vec<Arc<dyn EventSink>>,
    event_queue: usize,
    clock: Arc<dyn Clock>,
    limits: Limits,
    missing: IfMissing,
    custom: CustomSettings,
    max_changes: usize,
}

impl Service {
    /// The maximum number of changes in an increment, unless configured otherwise.
    pub const MAX_CHANGES: usize = 1_000;

    /// The maximum number of events that wait for a sink, unless configured otherwise.
    pub const EVENT_QUEUE: usize = 100_000;

    /// Builds a service over `store`.
    ///
    /// Unless set otherwise, callers may do what [`OwnerOrAdmin`] says. The service has no group directory, no message port
    /// and no event sink. It uses the system's clock and the default [`Limits`], creates missing conversations, accepts no
    /// settings of the host's own, and reports up to
    /// [`MAX_CHANGES`](Self::MAX_CHANGES) changes in an increment.
    pub fn builder(store: impl ConversationStore) -> ServiceBuilder {
        ServiceBuilder {
            store: Arc::new(store),
            writer: WriterOptions::default(),
            authorize: Arc::new(OwnerOrAdmin),
            groups: None,
            messages: None,
            sinks: Vec::new(),
            event_queue: Self::EVENT_QUEUE,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            missing: IfMissing::default(),
            custom: CustomSettings::new(),
            max_changes: Self::MAX_CHANGES,
        }
    }

    /// The service's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The settings of the host's own that the service accepts.
    #[must_use]
    pub fn custom(&self) -> &CustomSettings {
        &self.inner.custom
    }

    /// The limits of one request.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Lets the event sinks receive the events that wait, for at most `within`, and accepts no more events.
    ///
    /// Returns how many events were left and dropped. Call it before the process ends, once no more calls are made.
    pub async fn close(&self, within: Duration) -> usize {
        self.inner.dispatcher.close(within).await
    }

    /// Whether calls can succeed now: the store answers, and can write as far as it knows.
    ///
    /// # Errors
    ///
    /// The store's, of any kind.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.inner.store.ready().await
    }
}

impl ServiceBuilder {
    /// Lets `authorize` decide who may do what, instead of [`OwnerOrAdmin`].
    pub fn authorize(mut self, authorize: Arc<dyn Authorize>) -> Self {
        self.authorize = authorize;
        self
    }

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

    /// Adds a sink, which receives an event for each change. Every sink has a queue of its own.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sinks.push(sink);
        self
    }

    /// The most events that wait for a sink; a full queue drops new events.
    pub fn event_queue(mut self, events: usize) -> Self {
        self.event_queue = events;
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

    /// Accepts these settings of the host's own. Without them every name in `custom` is an error.
    pub fn custom(mut self, declared: CustomSettings) -> Self {
        self.custom = declared;
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
        let Self {
            store,
            writer,
            authorize,
            groups,
            messages,
            sinks,
            event_queue,
            clock,
            limits,
            missing,
            custom,
            max_changes,
        } = self;
        let dispatcher = Dispatcher::new(sinks, event_queue);
        let writer = Writer::with_clock(Arc::clone(&store), Arc::clone(&clock), writer);
        Service {
            inner: Arc::new(Inner {
                store,
                writer,
                authorize,
                groups,
                messages,
                dispatcher,
                clock,
                limits,
                missing,
                custom,
                max_changes,
                reads: ReadLimit::default(),
            }),
        }
    }
}
