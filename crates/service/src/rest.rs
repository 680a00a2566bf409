//! Ports that are reached over HTTP.
//!
//! A request goes to the configured URL and nowhere else: by no proxy, and following no redirection. `https` is checked
//! against the certificates that the operating system trusts.

use std::{iter, sync::Arc, time::Duration};

use reqwest::{Client, Response, Url, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

mod groups;
mod webhook;

pub use groups::OpenImGroups;
pub use webhook::{Webhook, WebhookOptions};

/// Why a port cannot be reached over HTTP as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestError {
    /// The URL is none, or not one of HTTP. What it says is not repeated, since it may hold a password.
    #[error("the URL must be one of http:// or https://")]
    Url,
    /// The token holds what no header can.
    #[error("the token must be of printable ASCII characters")]
    Token,
    /// Requests cannot be made, as where the certificates that the operating system trusts cannot be read.
    #[error("no request can be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RestError {
    fn client(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Client(Box::new(error))
    }
}

fn parse(url: &str) -> Result<Url, RestError> {
    let url = Url::parse(url).map_err(|_| RestError::Url)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(RestError::Url) }
}

/// A client for `url`, whose requests take no longer than `timeout`.
fn client(url: &Url, timeout: Duration) -> Result<Client, RestError> {
    Client::builder()
        .tls_backend_preconfigured(tls(url)?)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(RestError::client)
}

fn tls(url: &Url) -> Result<ClientConfig, RestError> {
    // The provider is named: two crates of the host's may have compiled two of them in, and none be the default.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(RestError::client)?;
    Ok(if url.scheme() == "https" {
        config.with_platform_verifier().map_err(RestError::client)?.with_no_client_auth()
    } else {
        // A machine may have no certificates, and needs none.
        config.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    })
}

/// An error and what it comes from, which says more, without the URL.
fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The body of an answer, read up to the first piece beyond `limit` bytes: longer than that is an answer that was not
/// read to its end.
async fn read(mut answer: Response, limit: usize) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() <= limit
        && let Some(piece) = answer.chunk().await?
    {
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
