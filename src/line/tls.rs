//! Owns whom a line trusts: the clinic's own authority where a file names it, the system's authorities otherwise.
//! Does not own connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why a line cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the authority cannot be used.
    #[error("{path}: {why}; ca_file must hold at least one certificate in PEM", path = path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system trusts nobody.
    #[error("this system has no certificate authorities; install ca-certificates, or set ca_file")]
    NoAuthorities,
    /// The TLS library refused.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// The certificates to trust.
///
/// # Errors
/// [`TlsError::CaFile`], [`TlsError::NoAuthorities`]
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

/// How a client speaks TLS.
///
/// # Errors
/// Every [`TlsError`].
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    // Of the system's authorities some may be of a kind that is not understood; the others count.
    let (added, _) = roots.add_parsable_certificates(authorities(ca_file)?);
    if added == 0 {
        return Err(TlsError::NoAuthorities);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
