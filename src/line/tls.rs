//! Owns the choice of certificate authorities that a client trusts (the clinic's if a file is configured, otherwise the
//! system's), and the TLS configuration that contains them. Does not own connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The reason why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file with the certificate authority cannot be used.
    #[error("{path}: {why}; ca_file must hold at least one certificate in PEM", path = path.display())]
    CaFile {
        /// The configured `ca_file`.
        path: PathBuf,
        /// The reason, in plain words for staff.
        why: String,
    },
    /// No certificate authority can be used: the system trusts none, or every certificate is malformed.
    #[error("this system has no certificate authorities; install ca-certificates, or set ca_file")]
    NoAuthorities,
    /// An error from the TLS library.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// Returns the certificates in `ca_file`, or those of the system's certificate authorities if `ca_file` is `None`.
///
/// # Errors
/// [`TlsError::CaFile`] if the file cannot be read or contains no certificate, [`TlsError::NoAuthorities`] if the
/// system has none.
pub fn authorities(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let Some(path) = ca_file else {
        let found = rustls_native_certs::load_native_certs().certs;
        return if found.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(found) };
    };
    let wrong = |why: String| TlsError::CaFile { path: path.to_owned(), why };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() { Err(wrong("no certificate".to_owned())) } else { Ok(certificates) }
}

/// Returns a TLS configuration that trusts the [`authorities`].
///
/// # Errors
/// Any [`TlsError`].
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    // Malformed certificates and certificates of unknown kinds are skipped.
    let (added, _) = roots.add_parsable_certificates(authorities(ca_file)?);
    if added == 0 {
        let unusable =
            |path: &Path| TlsError::CaFile { path: path.to_owned(), why: "no usable certificate".to_owned() };
        return Err(ca_file.map_or(TlsError::NoAuthorities, unusable));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
