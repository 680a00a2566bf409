//! What the server is told and whom it tells, wired in.

use std::{sync::Arc, time::Duration};

use conversation_settings_service::{
    EventFanOut, EventLog, EventSink, ServiceBuilder,
    rest::{OpenImGroups, Webhook, WebhookOptions},
};
use tracing::info;

use crate::{config::Config, error::StartError, secret::Secret};

/// The ports that the options ask for.
pub(crate) struct Ports {
    webhook: Option<Arc<Webhook>>,
    groups: Option<Arc<OpenImGroups>>,
}

impl Ports {
    /// Reaches for nothing yet: a receiver and a directory that are not there now may be later.
    pub(crate) fn of(config: &Config) -> Result<Self, StartError> {
        let wrong = |option: &str, error| StartError::Usage(format!("{option}: {error}"));
        let groups = config.groups.as_ref().map(|url| {
            let token = Secret::groups_token(config)?;
            OpenImGroups::new(url, token.expose(), OpenImGroups::TIMEOUT).map_err(|error| wrong("--groups", error))
        });
        let webhook = config
            .webhook
            .as_ref()
            .map(|url| Webhook::start(url, &WebhookOptions::default()).map_err(|error| wrong("--webhook", error)));
        Ok(Self { webhook: webhook.transpose()?.map(Arc::new), groups: groups.transpose()?.map(Arc::new) })
    }

    /// Plugs them in.
    pub(crate) fn plug(&self, mut service: ServiceBuilder) -> ServiceBuilder {
        let mut sinks: Vec<Arc<dyn EventSink>> = Vec::new();
        // Left out where nobody would read it, so that no event is made for it.
        if EventLog::is_enabled() {
            sinks.push(Arc::new(EventLog));
        }
        sinks.extend(self.webhook.clone().map(|webhook| webhook as Arc<dyn EventSink>));
        if !sinks.is_empty() {
            service = service.events(Arc::new(EventFanOut::from_iter(sinks)));
        }
        match &self.groups {
            Some(groups) => service.groups(groups.clone()),
            None => service,
        }
    }

    /// Sends the events that wait, for no longer than `within`.
    pub(crate) async fn close(&self, within: Duration) {
        if let Some(webhook) = &self.webhook {
            info!("sending the events that wait");
            webhook.close(within).await;
        }
    }
}
