//! TLS, where the address asks for it with `sslmode=require`.
//!
//! Unlike `psql` under that word, it is never TLS with just anybody: whoever is in the way of a connection can have a
//! certificate, too.

use std::sync::Arc;

use rustls::{ClientConfig, Error, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Trusts the authorities that the system knows, or those in the file that `SSL_CERT_FILE` names.
pub(crate) fn connector() -> Result<MakeRustlsConnect, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
