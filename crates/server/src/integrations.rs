//! Other services that the server talks to: the webhook and OpenIM's groups.

use std::{fmt, sync::Arc};

use conversation_settings_openim::OpenImGroups;
use conversation_settings_service::{EventLog, ServiceBuilder};
use conversation_settings_tls::Authorities;
use conversation_settings_webhook::{Webhook, WebhookOptions};

use crate::{
    config::Config,
    error::StartError,
    secret::{GROUPS_VARIABLE, Secret},
};

/// The integrations that the options name.
pub(crate) struct Integrations {
    webhook: Option<Arc<Webhook>>,
    groups: Option<Arc<OpenImGroups>>,
}

impl Integrations {
    /// Connects to nothing yet: another service may start later than this one.
    pub(crate) fn from_config(config: &Config, authorities: &Authorities) -> Result<Self, StartError> {
        let (webhook, groups) = (webhook(config, authorities)?, groups(config, authorities)?);
        Ok(Self { webhook: webhook.map(Arc::new), groups: groups.map(Arc::new) })
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

/// The groups of `--groups`. The URL and the token need each other.
fn groups(config: &Config, authorities: &Authorities) -> Result<Option<OpenImGroups>, StartError> {
    let (url, token) = match (&config.groups, Secret::groups_token(config)?) {
        (Some(url), Some(token)) => (url, token),
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(StartError::Usage(format!(
                "--groups needs OpenIM's admin token, in {GROUPS_VARIABLE} or a --groups-token-file"
            )));
        }
        (None, Some(_)) => return Err(StartError::Usage("a token for groups was given without --groups".into())),
    };
    let groups = OpenImGroups::trusting(url.trim(), token.expose(), OpenImGroups::TIMEOUT, authorities);
    groups.map(Some).map_err(|error| invalid("--groups", &error))
}

/// The webhook of `--webhook-file` or `--webhook`.
fn webhook(config: &Config, authorities: &Authorities) -> Result<Option<Webhook>, StartError> {
    let keys = Secret::webhook_keys(config)?;
    let (option, url) = match (&config.webhook_file, &config.webhook) {
        (Some(file), _) => ("--webhook-file", Secret::from_file(file.as_path(), "--webhook-file")?),
        (None, Some(url)) => ("--webhook", url.clone()),
        (None, None) if keys.is_some() => {
            return Err(StartError::Usage("a webhook key was given without --webhook or --webhook-file".into()));
        }
        (None, None) if config.webhook_give_up.is_some() => {
            return Err(StartError::Usage("--webhook-give-up was given without --webhook or --webhook-file".into()));
        }
        (None, None) => return Ok(None),
    };
    let mut options = WebhookOptions::default().trust(authorities.clone());
    for key in keys.iter().flat_map(|keys| keys.expose().split_whitespace()) {
        options = options.sign_with(key.parse().map_err(|error| invalid("the webhook key", &error))?);
    }
    if let Some(after) = config.webhook_give_up {
        options = options.give_up_after(after.duration());
    }
    Webhook::new(url.expose().trim(), &options).map(Some).map_err(|error| invalid(option, &error))
}

fn invalid(option: &str, error: &dyn fmt::Display) -> StartError {
    StartError::Usage(format!("{option}: {error}"))
}
