//! Which certificate authorities the clients of conversation settings trust: those of databases, of the webhook and of
//! OpenIM's groups.
//!
//! Every client trusts the operating system's authorities, or those in the file that the variable `SSL_CERT_FILE` names.
//! [`Authorities`] adds others to them:
//!
//! ```no_run
//! use conversation_settings_tls::Authorities;
//!
//! let mut authorities = Authorities::default();
//! authorities.add_file("/etc/ssl/database-ca.pem")?;
//! # Ok::<(), conversation_settings_tls::AuthorityError>(())
//! ```

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

/// The system's authorities, and those that were added. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    added: Arc<Vec<CertificateDer<'static>>>,
}

/// Why a file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file has no certificate.
    #[error("{} has no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A certificate is damaged.
    #[error("certificate {number} in {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which of the certificates in the file, counted from 1.
        number: usize,
    },
}

impl Authorities {
    /// Adds the certificates in the file at `path`, in PEM form. Other contents of the file are ignored.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`]; then none is added.
    pub fn add_file(&mut self, path: impl AsRef<Path>) -> Result<(), AuthorityError> {
        let path = path.as_ref();
        let text = fs::read(path).map_err(|source| AuthorityError::File { path: path.to_owned(), source })?;
        let mut found = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let damaged = || AuthorityError::Damaged { path: path.to_owned(), number: found.len() + 1 };
            let certificate = certificate.map_err(|_| damaged())?;
            RootCertStore::empty().add(certificate.clone()).map_err(|_| damaged())?;
            found.push(certificate);
        }
        if found.is_empty() {
            return Err(AuthorityError::Empty { path: path.to_owned() });
        }
        Arc::make_mut(&mut self.added).append(&mut found);
        Ok(())
    }

    /// A TLS client that accepts a server with a certificate for its name from one of these authorities.
    ///
    /// # Errors
    ///
    /// [`rustls::Error`] if there is no authority at all.
    pub fn client_config(&self) -> Result<ClientConfig, rustls::Error> {
        // Named, because a program that links several providers has no default.
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.added.iter().cloned(), provider.clone())?;
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        // It does check certificates. rustls calls every verifier but its own dangerous.
        Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    }

    /// All authorities in PEM form, for a library that reads them from a file.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // A certificate of the system that cannot be read is not trusted, as in `client_config`.
        let system = rustls_native_certs::load_native_certs().certs;
        let mut pem = String::new();
        for certificate in system.iter().chain(self.added.iter()) {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            let mut text = STANDARD.encode(certificate);
            while !text.is_empty() {
                let rest = text.split_off(text.len().min(64));
                pem.extend([text.as_str(), "\n"]);
                text = rest;
            }
            pem.push_str("-----END CERTIFICATE-----\n");
        }
        pem
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").field("added", &self.added.len()).finish()
    }
}
