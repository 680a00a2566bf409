//! Other services that the server talks to: the webhook and OpenIM's groups.

use std::{fmt, sync::Arc};

use conversation_settings_openim::OpenImGroups;
use conversation_settings_service::{EventLog, ServiceBuilder};
use conversation_settings_webhook::{Webhook, WebhookOptions};

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
            .map(|url| Webhook::new(url, &WebhookOptions::default()).map_err(|error| invalid("--webhook", &error)));
        Ok(Self { webhook: webhook.transpose()?.map(Arc::new), groups: groups.transpose()?.map(Arc::new) })
    }

    /// Adds the event sinks and the group directory to the service.
    pub(crate) fn install(&self, mut service: ServiceBuilder) -> ServiceBuilder {
        // A service without a sink builds no events, which saves time on every write.
        if EventLog::is_enabled() {
            service = service.events(Arc::new(EventLog));
        }
        if let Some(webhook) = &self.webhook {
            service = service.events(webhook.clone());
        }
        match &self.groups {
            Some(groups) => service.groups(groups.clone()),
            None => service,
        }
    }
}
