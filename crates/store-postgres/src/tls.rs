//! TLS, if the address has `sslmode=require`.
//!
//! Unlike `psql` with that option, it always verifies the server's certificate: anyone between client and server can
//! present one.

use std::sync::Arc;

use rustls::{ClientConfig, Error, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Trusts the system's authorities, or those in the file that `SSL_CERT_FILE` names.
pub(crate) fn connector() -> Result<MakeRustlsConnect, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
