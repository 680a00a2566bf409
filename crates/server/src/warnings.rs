//! What a start that works should still change.

use std::net::SocketAddr;

use conversation_settings_core::Limits;
use conversation_settings_http::Api;
use tracing::warn;

use crate::{
    config::Config,
    secret::{Origin, SigningSecret},
};

/// Shorter secrets can be guessed.
const MIN_SECRET_BYTES: usize = 16;

/// A warning for each limit that has a value of the operator's and that another limit replaces.
fn limits_without_effect(config: &Config) -> impl Iterator<Item = &'static str> {
    let (text, body, memory) = (config.max_text_bytes.get(), config.max_body_bytes.get(), config.max_body_memory.get());
    let time = config.body_timeout.duration();
    let default_text = Limits::default().max_text_bytes;
    [
        (
            time > config.request_timeout.duration() && time != Api::DEFAULT_BODY_TIMEOUT,
            "--body-timeout is longer than --request-timeout, which ends a call first",
        ),
        (
            text > body && text != default_text,
            "--max-text-bytes is more than --max-body-bytes: no body can have such a text",
        ),
        (
            memory < body && memory != Api::DEFAULT_MAX_BODY_MEMORY,
            "--max-body-memory is less than --max-body-bytes, so it is raised to that",
        ),
    ]
    .into_iter()
    .filter_map(|(is_wrong, warning)| is_wrong.then_some(warning))
}

/// Whether a text has around it what other programs strip: quotes of an environment file, or line ends.
fn is_wrapped(text: &str) -> bool {
    let is_quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    text.trim() != text || is_quoted('"') || is_quoted('\'')
}

/// Logs a warning for each risk.
pub(crate) fn log(config: &Config, secret: &SigningSecret, addresses: impl IntoIterator<Item = SocketAddr>) {
    for warning in &config.replaced_variables {
        warn!("{warning}");
    }
    for address in addresses.into_iter().filter(|address| !address.ip().to_canonical().is_loopback()) {
        warn!(
            %address,
            "this server speaks no TLS and listens beyond this machine: let a proxy on this machine speak https, or keep \
             the network private"
        );
    }
    let secrets = [("current", Some(&secret.secret)), ("previous", secret.previous.as_ref())];
    for (which, secret) in secrets {
        let Some(bytes) = secret.map(|secret| secret.expose().len()).filter(|&bytes| bytes < MIN_SECRET_BYTES) else {
            continue;
        };
        warn!(secret = which, bytes, "a secret shorter than {MIN_SECRET_BYTES} bytes can be guessed: use a random one");
    }
    for (which, secret) in secrets {
        if secret.is_some_and(|secret| is_wrapped(secret.expose())) {
            warn!(
                secret = which,
                "a secret begins and ends with a quote or has white space around it, and both count: remove them if they \
                 are not meant"
            );
        }
    }
    for limit in limits_without_effect(config) {
        warn!("{limit}");
    }
    // Who shares a secret with OpenIM may have other admins there, and anyone may register the default one.
    if !config.has_admins && !matches!(secret.origin, Origin::OwnFile(_)) {
        warn!(
            admin = Config::DEFAULT_ADMIN,
            "a secret was given without --admin, so the default admin applies: name the admins who share this secret"
        );
    }
}
