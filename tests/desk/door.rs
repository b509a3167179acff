//! Owns the tests of who may use the desk. They cover host names, requests from other sites, passwords, slow clients
//! and certificates.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use stillroom::desk::{self, DeskPassword, bind_rules};
use stillroom::room::Event;
use stillroom::room::notes::PatientText;
use stillroom::secret::Secret;

use crate::browser::Browser;
use crate::{open, open_following, options};

const PASSWORD: &str = "low tide at seven";
/// Time limit for each wait, long enough for a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(15);

/// Stores the desk's password as `stillroom desk set-password` does, and returns it as the program reads it.
fn set_password(state: &Path) -> DeskPassword {
    let secret = Secret::desk_password(state);
    secret.set(PASSWORD).unwrap();
    secret.hash().unwrap().into()
}

#[tokio::test]
async fn another_site_or_host_name_is_rejected_and_every_response_has_security_headers() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(options(folder.path()));
    let browser = Browser::at(desk.address);
    let page = browser.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for file in [
        "desk.js",
        "board.js",
        "call.js",
        "controls.js",
        "link.js",
        "pictures.js",
        "sound.js",
        "words.js",
        "desk.css",
        "icon.svg",
    ] {
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
async fn a_password_opens_the_desk_and_wrong_ones_are_throttled() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password = set_password(folder.path());
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
    assert!(cookie.starts_with("stillroom-desk-"), "{cookie}");
    browser.cookie = cookie.split(';').next().map(str::to_owned);
    let other = tempfile::tempdir().unwrap();
    let mut on_the_same_host = options(other.path());
    on_the_same_host.password = set_password(other.path());
    let on_the_same_host = open(on_the_same_host);
    let theirs = Browser::at(on_the_same_host.address).post("/login", &right).await;
    assert_ne!(
        theirs.cookies().split('=').next(),
        cookie.split('=').next(),
        "a browser sends the cookies of a host to every port of it"
    );
    on_the_same_host.close().await;
    assert_eq!(browser.get("/").await.status, 200);
    desk.close().await;

    // A reset restarts the program. The restart must not sign the desk's users out.
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

#[tokio::test]
async fn a_browser_that_is_not_signed_in_gets_every_file_of_the_sign_in_page_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password = set_password(folder.path());
    let desk = open(with_password);
    let browser = Browser::at(desk.address);
    // Requests the sign-in page, then every path that the page names, then every path that those answers name, and so
    // on.
    let (mut paths, mut next) = (vec!["/login".to_owned()], 0);
    while let Some(path) = paths.get(next).cloned() {
        next += 1;
        let answer = browser.get(&path).await;
        // The desk in this test has no typefaces, so it answers requests for them with 404.
        assert_eq!(answer.status, if path.starts_with("/font") { 404 } else { 200 }, "{path}");
        let is_path = |part: &&str| {
            part.starts_with('/')
                && part.contains('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "/.-".contains(c))
        };
        for part in answer.body.split('"').filter(is_path) {
            if !paths.iter().any(|known| known == part) {
                paths.push(part.to_owned());
            }
        }
    }
    assert!(paths.iter().any(|path| path == "/parts.js"), "{paths:?}");
    for path in ["/desk.js", "/board.js", "/call.js", "/places/beach-dusk.jpg", "/events", "/api/signed_in", "/nothing"]
    {
        assert_eq!(browser.get(path).await.status, 401, "{path}");
    }
    desk.close().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_browser_signs_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password = set_password(folder.path());
    let desk = open(with_password);
    desk.room.happen(Event::VisitBegins).unwrap();
    desk.room.happen(Event::ForClinicianWritten { text: PatientText::new("the needle frightened me") }).unwrap();
    let mut browser = Browser::at(desk.address);
    browser.cookie = Some(browser.post("/login", &json!({ "password": PASSWORD })).await.cookies());
    let mut other = Browser::at(desk.address);
    other.cookie = Some(other.post("/login", &json!({ "password": PASSWORD })).await.cookies());
    let (mut stream, mut goes_on) = (browser.stream().await, other.stream().await);
    for stream in [&mut stream, &mut goes_on] {
        stream.wait_for("room", |room| room["shared"].is_null()).await;
    }
    assert_eq!(browser.post("/logout", &json!({})).await.status, 204);
    desk.room.happen(Event::ForClinicianShared { on: true }).unwrap();
    goes_on.wait_for("room", |room| room["shared"] == "the needle frightened me").await;
    // Messages that were sent before the sign-out may still arrive. Then the stream must end.
    let rest = async {
        while let Some((kind, message)) = stream.next_within(LIMIT).await {
            assert!(kind == "beat" || message["shared"].is_null(), "{kind} after the sign-out");
        }
    };
    tokio::time::timeout(LIMIT, rest).await.expect("the stream goes on");
    assert!(stream.has_ended().await, "the stream is silent, but open");
    assert_eq!(browser.get("/events").await.status, 401);
    desk.close().await;
}

#[tokio::test]
async fn a_new_password_signs_everybody_out_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password = set_password(folder.path());
    let state = folder.path().to_owned();
    let desk = open_following(with_password, move || Secret::desk_password(&state).hash().ok().flatten());
    let mut browser = Browser::at(desk.address);
    browser.cookie = Some(browser.post("/login", &json!({ "password": PASSWORD })).await.cookies());
    let mut stream = browser.stream().await;
    stream.wait_for("room", |_| true).await;
    Secret::desk_password(folder.path()).set("high tide at one").unwrap();
    assert!(stream.has_ended().await, "the stream goes on under a password that holds no more");
    assert_eq!(browser.get("/events").await.status, 401);
    assert_eq!(browser.post("/login", &json!({ "password": PASSWORD })).await.status, 403);
    assert_eq!(browser.post("/login", &json!({ "password": "high tide at one" })).await.status, 204);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_keeps_out_neither_a_known_browser_nor_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password = set_password(folder.path());
    let desk = open(with_password.clone());
    let right = json!({ "password": PASSWORD });
    let at = |address: SocketAddr, last: u8| Browser { from: Some([127, 0, 0, last].into()), ..Browser::at(address) };
    let mut known = at(desk.address, 200);
    known.cookie = Some(known.post("/login", &right).await.cookies());
    assert!(known.cookie.as_ref().unwrap().contains("stillroom-browser-"));
    known.post("/logout", &json!({})).await;
    let guesses = (0..120_u8).map(|number| {
        let browser = at(desk.address, 2 + number % 60);
        tokio::spawn(async move { browser.post("/login", &json!({ "password": "high tide at six" })).await.status })
    });
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        let status = guess.await.unwrap();
        assert!([403, 429].contains(&status), "{status}");
        looked_at += u32::from(status == 403);
    }
    // All strangers share a budget: 20 wrong passwords in a burst, and then one more every three seconds.
    assert!((1..60).contains(&looked_at), "{looked_at} of 120 were looked at");
    assert_eq!(known.post("/login", &right).await.status, 204, "somebody has signed in on this browser before");
    assert_eq!(Browser::at(desk.address).post("/login", &right).await.status, 204, "this machine itself");
    let waits = at(desk.address, 2).post("/login", &right).await;
    assert!(waits.status == 429 && waits.body.contains("wait_seconds"), "{waits:?}");
    desk.close().await;

    let desk = open(with_password);
    let waits = at(desk.address, 2).post("/login", &right).await;
    assert_eq!(waits.status, 429, "a restart is no way around the wait");
    known.address = desk.address;
    assert_eq!(known.post("/login", &right).await.status, 204);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_disconnected() {
    let folder = tempfile::tempdir().unwrap();
    let mut with_password = options(folder.path());
    with_password.password = set_password(folder.path());
    let plain = open(with_password.clone());
    with_password.listen = "0.0.0.0:0".parse().unwrap();
    let tls = open(with_password);
    let tls_at: SocketAddr = ([127, 0, 0, 1], tls.address.port()).into();
    let says = |address: SocketAddr, first: &'static str, each: &'static str| {
        tokio::task::spawn_blocking(move || {
            let mut way = TcpStream::connect(address).unwrap();
            way.write_all(first.as_bytes()).unwrap();
            way.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            let began = Instant::now();
            loop {
                // If `each` is not empty, it is sent every half second, so a limit on silence alone would never end the
                // connection.
                let _ = way.write_all(each.as_bytes());
                let mut answer = [0; 64];
                match way.read(&mut answer) {
                    Ok(0) => return String::new(),
                    Ok(read) => return String::from_utf8_lossy(&answer[..read]).into_owned(),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return String::new(),
                }
                assert!(began.elapsed() < 2 * LIMIT, "{first:?} is still waited for");
            }
        })
    };
    let silent = says(plain.address, "", "");
    let head = says(plain.address, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "x");
    let body = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Stillroom: 1\r\n\
                Content-Length: 4000\r\n\r\n{";
    let body = says(plain.address, body, " ");
    let greeting = says(tls_at, "", "");
    // These bytes are the beginning of a TLS handshake record. The rest never comes.
    let half = says(tls_at, "\u{16}\u{3}\u{1}", "");
    for (what, ends) in [("silence", silent), ("a head", head), ("no greeting", greeting), ("half a greeting", half)] {
        let answer = ends.await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    let answer = body.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(Browser::at(plain.address).get("/login").await.status, 200);
    let long = "x".repeat(40_000);
    assert_eq!(Browser::at(plain.address).ask("GET", "/login", &[("x-long", &long)], "").await.status, 431);
    plain.close().await;
    tls.close().await;
}

#[tokio::test]
async fn an_unreadable_password_lets_nobody_in_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut damaged = options(folder.path());
    damaged.password = DeskPassword::Unreadable;
    let desk = open(damaged);
    let browser = Browser::at(desk.address);
    let away = browser.get("/").await;
    assert_eq!((away.status, away.header("location")), (303, Some("/login")));
    assert_eq!(browser.get("/events").await.status, 401);
    assert_eq!(browser.post("/api/call/here", &json!({ "call": "" })).await.status, 401);
    for password in ["", PASSWORD] {
        let answer = browser.post("/login", &json!({ "password": password })).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (503, None), "{password:?}");
        assert!(answer.error().contains("stillroom desk set-password"), "{password:?}");
    }
    desk.close().await;
}

#[test]
fn a_desk_beyond_loopback_needs_a_password_and_a_port_of_its_own() {
    let everywhere: SocketAddr = "0.0.0.0:8737".parse().unwrap();
    let error = bind_rules(everywhere, &DeskPassword::NotSet).unwrap_err().to_string();
    assert!(error.contains("stillroom desk set-password") && error.contains("listen = \"127.0.0.1:8737\""), "{error}");
    assert!(bind_rules("127.0.0.1:8737".parse().unwrap(), &DeskPassword::NotSet).is_ok());
    assert!(bind_rules("[::1]:8737".parse().unwrap(), &DeskPassword::NotSet).is_ok());
    assert!(bind_rules(everywhere, &DeskPassword::Unreadable).is_ok(), "nobody can sign in, from anywhere");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut same = options(folder.path());
    same.listen = taken.local_addr().unwrap();
    let error = desk::bind(same).unwrap_err().to_string();
    assert!(error.contains("another program already does") && error.contains("[desk] in kiosk.toml"), "{error}");
}

#[tokio::test]
async fn beyond_loopback_the_desk_shows_a_certificate_of_its_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let mut wide = options(folder.path());
    wide.listen = "0.0.0.0:0".parse().unwrap();
    wide.password = set_password(folder.path());
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
