//! Owns the desk's certificates: the room's own small authority, the server certificate signed by it, or the clinic's
//! own files. Does not own when TLS is needed: `bind_rules` does.

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

/// The authority is trusted once by hand, so it lives long.
const CA_DAYS: u64 = 3_650;
/// Browsers refuse server certificates beyond 398 days; ours are far below.
const SERVER_DAYS: u64 = 180;
/// A server certificate is made anew this long before it runs out.
const RENEW_DAYS_BEFORE: u64 = 45;
/// A clock that is a little behind ours must not refuse a fresh certificate.
const BACKDATED_DAYS: u64 = 2;

const CA_FILE: &str = "ca.pem";
const CA_KEY_FILE: &str = "ca-key.pem";
const CA_DATES_FILE: &str = "ca.json";
const SERVER_FILE: &str = "server.pem";
const SERVER_KEY_FILE: &str = "server-key.pem";
const SERVER_DATES_FILE: &str = "server.json";

/// Which certificate the desk shows beyond loopback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// One from the room's own authority, made and renewed in the desk's folder.
    #[default]
    Auto,
    /// The clinic's own, both in PEM.
    Files {
        /// The certificate and its chain.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// A certificate that is ready to be shown.
#[derive(Debug)]
pub(super) struct Certificate {
    source: Tls,
    folder: PathBuf,
    ca_file: PathBuf,
    names: Vec<String>,
}

/// What a certificate was made for; kept beside it, since reading it back would take a parser of its own.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    until: NaiveDate,
    names: Vec<String>,
}

impl Certificate {
    /// Reads the certificate, or makes it.
    pub(super) fn ready(source: &Tls, folder: &Path, names: &[String]) -> Result<Self, DeskError> {
        let certificate = Self {
            source: source.clone(),
            folder: folder.to_owned(),
            ca_file: folder.join(CA_FILE),
            names: names.to_vec(),
        };
        if certificate.source == Tls::Auto {
            make_folder(folder)?;
            certificate.make_what_is_missing(today())?;
        }
        certificate.server_config()?;
        Ok(certificate)
    }

    /// The file of the room's own authority.
    pub(super) fn ca_file(&self) -> Option<&Path> {
        (self.source == Tls::Auto).then_some(self.ca_file.as_path())
    }

    /// The server's side of TLS, from the files as they are now.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, DeskError> {
        let (cert, key) = match &self.source {
            Tls::Auto => (self.folder.join(SERVER_FILE), self.folder.join(SERVER_KEY_FILE)),
            Tls::Files { cert, key } => (cert.clone(), key.clone()),
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

    /// A fresh configuration, if the certificate was near its end and is new now. The clinic's own files are read
    /// again each time, since the clinic renews them in place.
    pub(super) fn renewed(&self) -> Result<Option<Arc<ServerConfig>>, DeskError> {
        let new = match self.source {
            Tls::Auto => self.make_what_is_missing(today())?,
            Tls::Files { .. } => true,
        };
        if new { self.server_config().map(Some) } else { Ok(None) }
    }

    /// Makes the authority if there is none and the server certificate if it is missing, near its end or for other
    /// names. Whether anything was made.
    fn make_what_is_missing(&self, today: NaiveDate) -> Result<bool, DeskError> {
        let kept = self.kept(&[CA_FILE, CA_KEY_FILE], CA_DATES_FILE, today);
        let ca = match kept.filter(|ca| self.names.iter().all(|name| is_permitted(name, ca))) {
            Some(made) => made,
            None => self.make_ca(today)?,
        };
        let kept = self.kept(&[SERVER_FILE, SERVER_KEY_FILE], SERVER_DATES_FILE, today);
        if kept.is_some_and(|made| made.names == self.names) {
            return Ok(false);
        }
        self.make_server(today, &ca)?;
        Ok(true)
    }

    fn kept(&self, files: &[&str], dates: &str, today: NaiveDate) -> Option<Made> {
        if !files.iter().all(|file| self.folder.join(file).is_file()) {
            return None;
        }
        let made: Made = serde_json::from_slice(&fs::read(self.folder.join(dates)).ok()?).ok()?;
        let renew_from = made.until.checked_sub_days(Days::new(RENEW_DAYS_BEFORE))?;
        (today < renew_from).then_some(made)
    }

    fn make_ca(&self, today: NaiveDate) -> Result<Made, DeskError> {
        let path = self.folder.join(CA_FILE);
        let key = KeyPair::generate().map_err(|error| unusable(&path, &error))?;
        let made = Made { until: after(today, CA_DAYS), names: permitted_names(&self.names) };
        tracing::warn!(file = %path.display(), "a new authority for the desk; browsers of the clinic must trust this file");
        let ca = ca_params(today, &made).self_signed(&key).map_err(|error| unusable(&path, &error))?;
        // A server certificate of an older authority must never be taken for one of this.
        remove(&self.folder.join(SERVER_DATES_FILE))?;
        write_private(&self.folder.join(CA_KEY_FILE), key.serialize_pem().as_bytes())?;
        write_private(&path, ca.pem().as_bytes())?;
        self.write_dates(CA_DATES_FILE, &made)?;
        Ok(made)
    }

    fn make_server(&self, today: NaiveDate, ca: &Made) -> Result<(), DeskError> {
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
        // The dates go first and come back last, so that a half-written pair is never taken for a whole one.
        remove(&self.folder.join(SERVER_DATES_FILE))?;
        write_private(&self.folder.join(SERVER_KEY_FILE), key.serialize_pem().as_bytes())?;
        write_private(&path, format!("{}{ca_pem}", server.pem()).as_bytes())?;
        self.write_dates(SERVER_DATES_FILE, &Made { until, names: self.names.clone() })
    }

    fn write_dates(&self, file: &str, made: &Made) -> Result<(), DeskError> {
        let path = self.folder.join(file);
        let json = serde_json::to_vec(made).map_err(|error| unusable(&path, &error))?;
        write_private(&path, &json)
    }
}

/// The names and addresses under which a browser may reach a desk that listens there.
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

/// The address that this tablet has on its network. Nothing is sent: the socket only asks the system which way it
/// would go.
pub(super) fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

fn is_host_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !name.is_empty() && name.len() <= 253 && name.chars().all(allowed) && name.parse::<IpAddr>().is_err()
}

/// An authority that a clinic trusts must be able to vouch for nothing but its own network, should its key be stolen.
fn permitted_names(names: &[String]) -> Vec<String> {
    let mut permitted = ["localhost", "local", "lan", "internal", "home.arpa"].map(str::to_owned).to_vec();
    permitted.extend(names.iter().cloned());
    permitted.sort();
    permitted.dedup();
    permitted
}

/// Whether this authority may vouch for that name; if not, another must be made and trusted anew.
fn is_permitted(name: &str, ca: &Made) -> bool {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_loopback() || ip.is_link_local() => true,
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => true,
        Ok(_) => ca.names.iter().any(|known| known == name),
        Err(_) => ca.names.iter().any(|known| {
            name == known || name.strip_suffix(known.as_str()).is_some_and(|before| before.ends_with('.'))
        }),
    }
}

fn ca_params(today: NaiveDate, made: &Made) -> CertificateParams {
    let mut params = CertificateParams::default();
    set_dates(&mut params, today, made.until);
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
    permitted.extend(made.names.iter().map(|name| match name.parse() {
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

/// Writes a whole file that only this user can read, or leaves the old one, on disk with its name.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DeskError> {
    private::write_whole(path, bytes).map_err(|source| DeskError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(folder: &Path, names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Certificate::ready(&Tls::Auto, folder, &names).unwrap()
    }

    #[test]
    fn the_authority_stays_while_it_can_and_the_server_certificate_while_it_should() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let first = certificate(folder.path(), &["localhost", "192.168.1.20"]);
        let (ca, server) = (file(CA_FILE), file(SERVER_FILE));
        let later = |days| today().checked_add_days(Days::new(days)).unwrap();
        assert!(!first.make_what_is_missing(later(SERVER_DAYS - RENEW_DAYS_BEFORE - 1)).unwrap());
        assert!(first.make_what_is_missing(later(SERVER_DAYS - RENEW_DAYS_BEFORE)).unwrap());
        assert!(file(CA_FILE) == ca && file(SERVER_FILE) != server);
        certificate(folder.path(), &["localhost", "10.1.2.3", "room2.lan"]);
        assert!(file(CA_FILE) == ca, "another address of a private network needs no new trust");
        certificate(folder.path(), &["localhost", "room2.clinic.example"]);
        assert!(file(CA_FILE) != ca, "a name that it may not vouch for needs another authority");
    }

    #[test]
    fn files_of_the_clinic_are_named_when_they_cannot_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let source = Tls::Files { cert: cert.clone(), key };
        let missing = Certificate::ready(&source, folder.path(), &[]).unwrap_err().to_string();
        assert!(missing.contains("cert.pem"), "{missing}");
        fs::write(&cert, "not a certificate").unwrap();
        let wrong = Certificate::ready(&source, folder.path(), &[]).unwrap_err().to_string();
        assert!(wrong.contains("cert.pem") && wrong.contains("tls_cert"), "{wrong}");
    }
}
