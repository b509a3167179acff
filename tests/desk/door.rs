//! Who may look and who may not: hosts, other sites, passwords, certificates.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use stillroom::desk::{self, DeskError, bind_rules};
use stillroom::pin::Secret;

use crate::browser::Browser;
use crate::{open, options};

const PASSWORD: &str = "low tide at seven";

/// The hash of the desk's password as `stillroom desk set-password` leaves it and the program reads it.
fn set_password(state: &Path) -> String {
    let secret = Secret::desk_password(state);
    secret.set(PASSWORD).unwrap();
    secret.hash().unwrap()
}

#[tokio::test]
async fn another_site_or_name_is_turned_away_and_every_answer_is_guarded() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let page = browser.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for file in
        ["desk.js", "board.js", "call.js", "controls.js", "link.js", "sound.js", "words.js", "desk.css", "icon.svg"]
    {
        let answer = browser.get(&format!("/{file}")).await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(!answer.body.is_empty() && !answer.body.contains("://fonts"), "{file}");
    }
    assert_eq!(browser.ask("GET", "/", &[("host", "evil.example")], "").await.status, 421);
    assert_eq!(browser.ask("GET", "/", &[("host", "localhost:8737")], "").await.status, 200);
    assert_eq!(browser.ask("GET", "/", &[("host", "[::1]:8737")], "").await.status, 200);
    assert_eq!(browser.ask("GET", "/events", &[("sec-fetch-site", "cross-site")], "").await.status, 403);
    let origin = format!("http://{}", desk.address);
    let json_kind = ("content-type", "application/json");
    let own = ("x-stillroom", "1");
    let body = json!({ "name": "long-120" }).to_string();
    for headers in [
        vec![json_kind],
        vec![own],
        vec![own, ("content-type", "text/plain")],
        vec![own, json_kind, ("origin", "http://evil.example")],
        vec![own, json_kind, ("origin", "null")],
        vec![own, json_kind, ("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(browser.ask("POST", "/api/profile", &headers, &body).await.status, 403, "{headers:?}");
    }
    let good = [own, json_kind, ("origin", origin.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(browser.ask("POST", "/api/profile", &good, &body).await.status, 204);
    let long = json!({ "name": "x".repeat(8_000) }).to_string();
    assert_eq!(browser.ask("POST", "/api/profile", &good, &long).await.status, 413);
    assert_eq!(browser.get("/etc/passwd").await.status, 404);
    desk.close().await;
}

#[tokio::test]
async fn a_password_opens_the_desk_and_wrong_ones_wait() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password_hash = Some(set_password(folder.path()));
    let desk = open(with_password.clone());
    let mut browser = Browser::at(desk.address);
    let away = browser.get("/").await;
    assert_eq!((away.status, away.header("location")), (303, Some("/login")));
    assert_eq!(browser.get("/events").await.status, 401);
    assert_eq!(browser.post("/api/call/here", &json!({ "call": "" })).await.status, 401);
    assert_eq!(browser.get("/login").await.status, 200);
    let right = json!({ "password": PASSWORD });
    let answer = browser.post("/login", &right).await;
    assert_eq!(answer.status, 204);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict; Path=/") && !cookie.contains("Secure"));
    browser.cookie = cookie.split(';').next().map(str::to_owned);
    assert_eq!(browser.get("/").await.status, 200);
    desk.close().await;

    // A reset of the room starts the program anew; the desk must not be signed out by it.
    let desk = open(with_password);
    browser.address = desk.address;
    assert_eq!(browser.get("/").await.status, 200);
    assert_eq!(browser.post("/logout", &json!({})).await.status, 204);
    assert_eq!(browser.get("/").await.status, 303);
    for expected in [403, 403, 403, 429] {
        let answer = browser.post("/login", &json!({ "password": "high tide" })).await;
        assert_eq!(answer.status, expected);
    }
    let waits = browser.post("/login", &right).await;
    assert_eq!((waits.status, waits.header("retry-after").is_some()), (429, true));
    desk.close().await;
}

#[test]
fn a_desk_beyond_loopback_needs_a_password_and_a_port_of_its_own() {
    let everywhere: SocketAddr = "0.0.0.0:8737".parse().unwrap();
    let error = bind_rules(everywhere, None).unwrap_err().to_string();
    assert!(error.contains("stillroom desk set-password") && error.contains("listen = \"127.0.0.1:8737\""), "{error}");
    assert!(bind_rules("127.0.0.1:8737".parse().unwrap(), None).is_ok());
    assert!(bind_rules("[::1]:8737".parse().unwrap(), None).is_ok());
    assert!(matches!(bind_rules(everywhere, Some("rubbish")), Err(DeskError::BadPasswordHash)));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut same = options(folder.path());
    same.listen = taken.local_addr().unwrap();
    let error = desk::bind(same).unwrap_err().to_string();
    assert!(error.contains("another program already does") && error.contains("[desk] in kiosk.toml"), "{error}");
}

#[tokio::test]
async fn beyond_loopback_the_room_shows_a_certificate_of_its_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let mut wide = options(folder.path());
    wide.listen = "0.0.0.0:0".parse().unwrap();
    wide.password_hash = Some(set_password(folder.path()));
    let bound = desk::bind(wide.clone()).unwrap();
    let ca_file = bound.ca_file().unwrap().to_owned();
    assert!(bound.url().starts_with("https://"));
    drop(bound);
    for file in ["ca.pem", "ca-key.pem", "ca.json", "server.pem", "server-key.pem", "server.json"] {
        let mode = fs::metadata(wide.folder.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let before = fs::read(wide.folder.join("server.pem")).unwrap();
    let desk = open(wide.clone());
    assert_eq!(fs::read(wide.folder.join("server.pem")).unwrap(), before, "a restart keeps the certificate");
    let port = desk.address.port();
    for name in ["localhost", "127.0.0.1"] {
        let ca_file = ca_file.clone();
        let page = tokio::task::spawn_blocking(move || get_over_tls(port, name, ca_file)).await.unwrap().unwrap();
        assert!(page.starts_with("HTTP/1.1 303"), "{page}");
    }
    let ca = ca_file.clone();
    let wrong = tokio::task::spawn_blocking(move || get_over_tls(port, "another.example", ca)).await.unwrap();
    assert!(wrong.is_err());
    desk.close().await;

    wide.host_names = vec!["room2.clinic.example".into()];
    let bound = desk::bind(wide.clone());
    assert!(bound.is_ok());
    assert_ne!(fs::read(wide.folder.join("server.pem")).unwrap(), before, "another name needs another certificate");
}

fn get_over_tls(port: u16, name: &'static str, ca_file: PathBuf) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", port))?);
    write!(stream, "GET / HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n")?;
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page);
    if page.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(page) }
}
