//! The HTTP client that `conversation-settings-webhook` and `conversation-settings-openim` call other services with.
//!
//! A client sends JSON to one configured URL and nowhere else: it uses no proxy and follows no redirect. It checks
//! `https` against the authorities that the operating system trusts, and those in [`Authorities`].

use std::{iter, sync::Arc, time::Duration};

pub use conversation_settings_tls::Authorities;
use reqwest::{
    Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

#[cfg(feature = "testing")]
pub mod testing;

pub use reqwest::{StatusCode, header};

/// Sends JSON to one URL.
///
/// Its `Debug` output omits the URL, which may contain a password.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    url: Url,
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL is not valid, or its scheme is neither `http` nor `https`. The message omits the URL, which may contain
    /// a password.
    #[error("the URL must start with http:// or https://")]
    Url,
    /// TLS cannot be set up, for example because the operating system has no certificates.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// No complete response arrived. The message omits the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RequestError(String);

/// A response whose body has not been read.
#[derive(Debug)]
pub struct Response(reqwest::Response);

impl HttpClient {
    /// A client for `url`, whose requests take at most `timeout` each, body included.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the URL is not one of HTTP or TLS cannot be set up.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, ClientError> {
        Self::trusting(url, timeout, &Authorities::default())
    }

    /// As [`new`](Self::new), with authorities beyond the system's.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn trusting(url: &str, timeout: Duration, authorities: &Authorities) -> Result<Self, ClientError> {
        let url = Url::parse(url).map_err(|_| ClientError::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ClientError::Url);
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(&url, authorities)?)
            .user_agent(concat!("conversation-settings/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(setup)?;
        Ok(Self { client, url })
    }

    /// The same client, with `path` appended to its URL's path.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        let path = format!("{}{path}", self.url.path().trim_end_matches('/'));
        self.url.set_path(&path);
        self
    }

    /// Posts `json` with `headers`.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if no response arrives in time.
    pub async fn post(&self, headers: HeaderMap, json: Vec<u8>) -> Result<Response, RequestError> {
        let request = self.client.post(self.url.clone()).headers(headers);
        let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(json);
        Ok(Response(request.send().await?))
    }
}

impl Response {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The body. Reading stops one chunk past `limit` bytes, so a longer result is truncated.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if the body does not arrive in time.
    pub async fn read(mut self, limit: usize) -> Result<Vec<u8>, RequestError> {
        let mut body = Vec::new();
        while body.len() <= limit
            && let Some(chunk) = self.0.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

impl From<reqwest::Error> for RequestError {
    /// Keeps the causes too: they say more than the error itself.
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let causes = iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        Self(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}

fn tls(url: &Url, authorities: &Authorities) -> Result<ClientConfig, ClientError> {
    if url.scheme() == "https" {
        return authorities.client_config().map_err(setup);
    }
    // Plain HTTP works on a machine without certificates.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(setup)?;
    Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn setup(error: impl std::error::Error + Send + Sync + 'static) -> ClientError {
    ClientError::Setup(Box::new(error))
}
