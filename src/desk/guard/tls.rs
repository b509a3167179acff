//! Owns the desk's certificates, which come from the built-in certificate authority or from the clinic's own files.
//! Does not own the rule that says when TLS is needed ([`super::bind_rules`]).

use std::fmt::Display;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{Datelike, Days, NaiveDate, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use super::DeskError;
use crate::paths::private;
use crate::vocabulary::access::CertificateSource;

/// Lifetime of the built-in certificate authority, in days. It is long, because staff install the authority's
/// certificate in every browser by hand.
const CA_DAYS: u64 = 3_650;
/// Lifetime of a server certificate, in days. Browsers refuse more than 398 days (CA/Browser Forum, ballot SC31).
const SERVER_DAYS: u64 = 180;
/// Number of days before expiry at which a certificate is renewed.
const RENEW_DAYS_BEFORE: u64 = 45;
/// Number of days that `notBefore` lies in the past, so that a browser whose clock is slow accepts a new certificate.
const BACKDATED_DAYS: u64 = 2;

const CA_FILE: &str = "ca.pem";
const CA_KEY_FILE: &str = "ca-key.pem";
const CA_FACTS_FILE: &str = "ca.json";
const SERVER_FILE: &str = "server.pem";
const SERVER_KEY_FILE: &str = "server-key.pem";
const SERVER_FACTS_FILE: &str = "server.json";

/// The desk's certificate, whose files were readable and usable when the desk was opened.
#[derive(Debug)]
pub(super) struct Certificate {
    source: CertificateSource,
    folder: PathBuf,
    ca_file: PathBuf,
    names: Vec<String>,
}

/// The expiry and the names of an issued certificate. They are stored in a file beside it, because reading them from
/// the certificate would need an X.509 parser.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CertificateFacts {
    until: NaiveDate,
    names: Vec<String>,
}

impl Certificate {
    /// Issues the certificate if necessary, and reads it.
    pub(super) fn ready(source: &CertificateSource, folder: &Path, names: &[String]) -> Result<Self, DeskError> {
        let certificate = Self {
            source: source.clone(),
            folder: folder.to_owned(),
            ca_file: folder.join(CA_FILE),
            names: names.to_vec(),
        };
        if certificate.source == CertificateSource::Auto {
            make_folder(folder)?;
            certificate.issue_missing(today())?;
        }
        certificate.server_config()?;
        Ok(certificate)
    }

    /// Returns the certificate file of the built-in authority; `None` if the clinic's own files are used.
    pub(super) fn ca_file(&self) -> Option<&Path> {
        (self.source == CertificateSource::Auto).then_some(self.ca_file.as_path())
    }

    /// Returns the TLS configuration, read from the files as they are now.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, DeskError> {
        let (cert, key) = match &self.source {
            CertificateSource::Auto => (self.folder.join(SERVER_FILE), self.folder.join(SERVER_KEY_FILE)),
            CertificateSource::Files { cert, key } => (cert.clone(), key.clone()),
        };
        let chain = CertificateDer::pem_slice_iter(&read(&cert)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable(&cert, &error))?;
        if chain.is_empty() {
            return Err(unusable(&cert, &"it holds no certificate in PEM"));
        }
        let private = PrivateKeyDer::from_pem_slice(&read(&key)?).map_err(|error| unusable(&key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
            .map_err(|error| unusable(&cert, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Returns a new configuration if the certificate had to be renewed; `None` if not. The clinic's own files are
    /// always read again, because the clinic renews them in place.
    pub(super) fn renewed(&self) -> Result<Option<Arc<ServerConfig>>, DeskError> {
        let new = match self.source {
            CertificateSource::Auto => self.issue_missing(today())?,
            CertificateSource::Files { .. } => true,
        };
        if new { self.server_config().map(Some) } else { Ok(None) }
    }

    /// Issues the authority if it is missing, expires soon, or is not permitted to certify all names. Issues the server
    /// certificate if it is missing, expires soon or has different names. Returns whether a server certificate was
    /// issued.
    fn issue_missing(&self, today: NaiveDate) -> Result<bool, DeskError> {
        let stored = self.stored(&[CA_FILE, CA_KEY_FILE], CA_FACTS_FILE, today);
        let ca = match stored.filter(|ca| self.names.iter().all(|name| is_permitted(name, ca))) {
            Some(ca) => ca,
            None => self.issue_ca(today)?,
        };
        let stored = self.stored(&[SERVER_FILE, SERVER_KEY_FILE], SERVER_FACTS_FILE, today);
        if stored.is_some_and(|server| server.names == self.names) {
            return Ok(false);
        }
        self.issue_server(today, &ca)?;
        Ok(true)
    }

    fn stored(&self, files: &[&str], facts: &str, today: NaiveDate) -> Option<CertificateFacts> {
        if !files.iter().all(|file| self.folder.join(file).is_file()) {
            return None;
        }
        let facts: CertificateFacts = serde_json::from_slice(&fs::read(self.folder.join(facts)).ok()?).ok()?;
        let renew_from = facts.until.checked_sub_days(Days::new(RENEW_DAYS_BEFORE))?;
        (today < renew_from).then_some(facts)
    }

    fn issue_ca(&self, today: NaiveDate) -> Result<CertificateFacts, DeskError> {
        let path = self.folder.join(CA_FILE);
        let key = KeyPair::generate().map_err(|error| unusable(&path, &error))?;
        let facts = CertificateFacts { until: after(today, CA_DAYS), names: permitted_names(&self.names) };
        tracing::warn!(file = %path.display(), "a new certificate authority for the desk; the clinic's browsers must trust this file");
        let ca = ca_params(today, &facts).self_signed(&key).map_err(|error| unusable(&path, &error))?;
        // A server certificate of the old authority must never be taken for a certificate of the new authority.
        remove(&self.folder.join(SERVER_FACTS_FILE))?;
        write_private(&self.folder.join(CA_KEY_FILE), key.serialize_pem().as_bytes())?;
        write_private(&path, ca.pem().as_bytes())?;
        self.write_facts(CA_FACTS_FILE, &facts)?;
        Ok(facts)
    }

    fn issue_server(&self, today: NaiveDate, ca: &CertificateFacts) -> Result<(), DeskError> {
        let path = self.folder.join(SERVER_FILE);
        let ca_key_path = self.folder.join(CA_KEY_FILE);
        let ca_key = String::from_utf8(read(&ca_key_path)?).map_err(|error| unusable(&ca_key_path, &error))?;
        let ca_key = KeyPair::from_pem(&ca_key).map_err(|error| unusable(&ca_key_path, &error))?;
        let ca_pem = String::from_utf8(read(&self.folder.join(CA_FILE))?).map_err(|error| unusable(&path, &error))?;
        let issuer = Issuer::new(ca_params(today, ca), ca_key);
        let key = KeyPair::generate().map_err(|error| unusable(&path, &error))?;
        let mut params = CertificateParams::new(self.names.clone()).map_err(|error| unusable(&path, &error))?;
        let until = after(today, SERVER_DAYS);
        set_dates(&mut params, today, until);
        params.distinguished_name = named("Stillroom desk");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server = params.signed_by(&key, &issuer).map_err(|error| unusable(&path, &error))?;
        // The facts are removed first and written last, because a pair that is only half written must never count as
        // complete.
        remove(&self.folder.join(SERVER_FACTS_FILE))?;
        write_private(&self.folder.join(SERVER_KEY_FILE), key.serialize_pem().as_bytes())?;
        write_private(&path, format!("{}{ca_pem}", server.pem()).as_bytes())?;
        self.write_facts(SERVER_FACTS_FILE, &CertificateFacts { until, names: self.names.clone() })
    }

    fn write_facts(&self, file: &str, facts: &CertificateFacts) -> Result<(), DeskError> {
        let path = self.folder.join(file);
        let json = serde_json::to_vec(facts).map_err(|error| unusable(&path, &error))?;
        write_private(&path, &json)
    }
}

/// Returns the names and addresses under which a browser may reach a desk that listens on `listen`.
pub(super) fn names_of(listen: SocketAddr, host_names: &[String]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()];
    let address = if listen.ip().is_unspecified() { own_address() } else { Some(listen.ip()) };
    names.extend(address.map(|ip| ip.to_string()));
    let own = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let own = own.trim().to_lowercase();
    if is_host_name(&own) {
        names.push(format!("{own}.local"));
        names.push(own);
    }
    names.extend(host_names.iter().map(|name| name.trim().to_lowercase()).filter(|name| is_host_name(name)));
    names.sort();
    names.dedup();
    names
}

/// Returns this machine's address on its network; `None` without a network. Sends nothing, because connecting a UDP
/// socket only looks up the route.
pub(super) fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

fn is_host_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !name.is_empty() && name.len() <= 253 && name.chars().all(allowed) && name.parse::<IpAddr>().is_err()
}

/// Returns the domains and addresses that the authority may certify (X.509 name constraints), in addition to private
/// addresses. If the authority's key is stolen, the thief can certify nothing beyond the clinic's own network.
fn permitted_names(names: &[String]) -> Vec<String> {
    let mut permitted = ["localhost", "local", "lan", "internal", "home.arpa"].map(str::to_owned).to_vec();
    permitted.extend(names.iter().cloned());
    permitted.sort();
    permitted.dedup();
    permitted
}

/// Returns whether this authority may certify that name. If it may not, a new authority has to be issued, and installed
/// in the browsers.
fn is_permitted(name: &str, ca: &CertificateFacts) -> bool {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_loopback() || ip.is_link_local() => true,
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => true,
        Ok(_) => ca.names.iter().any(|known| known == name),
        Err(_) => ca.names.iter().any(|known| {
            name == known || name.strip_suffix(known.as_str()).is_some_and(|before| before.ends_with('.'))
        }),
    }
}

fn ca_params(today: NaiveDate, facts: &CertificateFacts) -> CertificateParams {
    let mut params = CertificateParams::default();
    set_dates(&mut params, today, facts.until);
    params.distinguished_name = named("Stillroom room authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut permitted: Vec<GeneralSubtree> = [
        CidrSubnet::from_v4_prefix([10, 0, 0, 0], 8),
        CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8),
        CidrSubnet::from_v4_prefix([169, 254, 0, 0], 16),
        CidrSubnet::from_v4_prefix([172, 16, 0, 0], 12),
        CidrSubnet::from_v4_prefix([192, 168, 0, 0], 16),
        CidrSubnet::from_v6_prefix([0xfc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 7),
        CidrSubnet::from_v6_prefix([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 10),
    ]
    .map(GeneralSubtree::IpAddress)
    .to_vec();
    permitted.extend(facts.names.iter().map(|name| match name.parse() {
        Ok(ip @ IpAddr::V4(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 32)),
        Ok(ip) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 128)),
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    }));
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn set_dates(params: &mut CertificateParams, today: NaiveDate, until: NaiveDate) {
    let from = today.checked_sub_days(Days::new(BACKDATED_DAYS)).unwrap_or(today);
    let midnight = |day: NaiveDate| rcgen::date_time_ymd(day.year(), day.month() as u8, day.day() as u8);
    params.not_before = midnight(from);
    params.not_after = midnight(until);
}

fn after(today: NaiveDate, days: u64) -> NaiveDate {
    today.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

fn today() -> NaiveDate {
    Utc::now().date_naive()
}

fn unusable(path: &Path, why: &dyn Display) -> DeskError {
    DeskError::Certificate { what: path.display().to_string(), why: why.to_string() }
}

fn read(path: &Path) -> Result<Vec<u8>, DeskError> {
    fs::read(path).map_err(|source| DeskError::File { path: path.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), DeskError> {
    private::remove(path).map(drop).map_err(|source| DeskError::File { path: path.to_owned(), source })
}

fn make_folder(folder: &Path) -> Result<(), DeskError> {
    private::make_dir(folder).map_err(|source| DeskError::File { path: folder.to_owned(), source })
}

/// Replaces a file atomically. Only this user can read it.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DeskError> {
    private::write_atomic(path, bytes).map_err(|source| DeskError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(folder: &Path, names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Certificate::ready(&CertificateSource::Auto, folder, &names).unwrap()
    }

    #[test]
    fn the_authority_is_kept_while_its_names_allow_and_the_server_certificate_until_it_is_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let first = certificate(folder.path(), &["localhost", "192.168.1.20"]);
        let (ca, server) = (file(CA_FILE), file(SERVER_FILE));
        let later = |days| today().checked_add_days(Days::new(days)).unwrap();
        assert!(!first.issue_missing(later(SERVER_DAYS - RENEW_DAYS_BEFORE - 1)).unwrap());
        assert!(first.issue_missing(later(SERVER_DAYS - RENEW_DAYS_BEFORE)).unwrap());
        assert!(file(CA_FILE) == ca && file(SERVER_FILE) != server);
        certificate(folder.path(), &["localhost", "10.1.2.3", "room2.lan"]);
        assert!(file(CA_FILE) == ca, "another private address needs no new authority");
        certificate(folder.path(), &["localhost", "room2.clinic.example"]);
        assert!(file(CA_FILE) != ca, "a name outside its constraints needs a new authority");
    }

    #[test]
    fn an_unusable_file_of_the_clinic_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let source = CertificateSource::Files { cert: cert.clone(), key };
        let missing = Certificate::ready(&source, folder.path(), &[]).unwrap_err().to_string();
        assert!(missing.contains("cert.pem"), "{missing}");
        fs::write(&cert, "not a certificate").unwrap();
        let wrong = Certificate::ready(&source, folder.path(), &[]).unwrap_err().to_string();
        assert!(wrong.contains("cert.pem") && wrong.contains("tls_cert"), "{wrong}");
    }
}
