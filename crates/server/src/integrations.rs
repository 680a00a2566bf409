//! Other services that the server talks to: the webhook and OpenIM's groups.

use std::{fmt, sync::Arc, time::Duration};

use conversation_settings_openim::OpenImGroups;
use conversation_settings_service::{EventFanOut, EventLog, EventSink, ServiceBuilder};
use conversation_settings_webhook::{Webhook, WebhookOptions};
use tracing::info;

use crate::{config::Config, error::StartError, secret::Secret};

/// The integrations that the options name.
pub(crate) struct Integrations {
    webhook: Option<Arc<Webhook>>,
    groups: Option<Arc<OpenImGroups>>,
}

impl Integrations {
    /// Connects to nothing yet: another service may start later than this one.
    pub(crate) fn from_config(config: &Config) -> Result<Self, StartError> {
        let invalid = |option: &str, error: &dyn fmt::Display| StartError::Usage(format!("{option}: {error}"));
        let groups = config.groups.as_ref().map(|url| {
            let token = Secret::groups_token(config)?;
            OpenImGroups::new(url, token.expose(), OpenImGroups::TIMEOUT).map_err(|error| invalid("--groups", &error))
        });
        let webhook = config
            .webhook
            .as_ref()
            .map(|url| Webhook::start(url, &WebhookOptions::default()).map_err(|error| invalid("--webhook", &error)));
        Ok(Self { webhook: webhook.transpose()?.map(Arc::new), groups: groups.transpose()?.map(Arc::new) })
    }

    /// Adds the event sinks and the group directory to the service.
    pub(crate) fn install(&self, mut service: ServiceBuilder) -> ServiceBuilder {
        let mut sinks: Vec<Arc<dyn EventSink>> = Vec::new();
        // A service without a sink builds no events, which saves time on every write.
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

    /// Sends queued events for at most `timeout`.
    pub(crate) async fn close(&self, timeout: Duration) {
        if let Some(webhook) = &self.webhook {
            info!("sending queued events to the webhook");
            webhook.close(timeout).await;
        }
    }
}
