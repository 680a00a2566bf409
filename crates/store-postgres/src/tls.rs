//! TLS, if the address has `sslmode=require`.
//!
//! Unlike `psql` with that option, it always verifies the server's certificate: anyone between client and server can
//! present one.

use conversation_settings_tls::Authorities;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Trusts the system's authorities, or those in the file that `SSL_CERT_FILE` names, and the added ones.
pub(crate) fn connector(authorities: &Authorities) -> Result<MakeRustlsConnect, impl std::error::Error + use<>> {
    authorities.client_config().map(MakeRustlsConnect::new)
}
