//! HTTPS without a cluster: which certificate a client is shown.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::certificate::{Certificate, Files};
use super::metrics;
use super::tls::TlsListener;

const PATIENCE: Duration = Duration::from_secs(60);

fn made() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// Puts a certificate where cert-manager and the kubelet put it: in a directory of its own, to
/// which a link then points.
fn mount(directory: &Path, version: &str, certificate: &str, key: &str) {
    let content = directory.join(version);
    std::fs::create_dir(&content).unwrap();
    std::fs::write(content.join("tls.crt"), certificate).unwrap();
    std::fs::write(content.join("tls.key"), key).unwrap();
    symlink(version, directory.join("..next")).unwrap();
    std::fs::rename(directory.join("..next"), directory.join("..data")).unwrap();
}

fn files(directory: &Path) -> Files {
    Files {
        certificate: directory.join("..data/tls.crt"),
        key: directory.join("..data/tls.key"),
    }
}

async fn serve(certificate: Certificate, tasks: &mut JoinSet<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = Router::new().route("/", get(|| async { "served" }));
    let listener = TlsListener::new(listener, certificate).unwrap();
    metrics::serve(listener, routes, tasks);
    port
}

/// Asks as a client that trusts nothing but `trusted`.
async fn ask(
    port: u16,
    trusted: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let mut stream = connected.await.map_err(|error| error.to_string())?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    Ok(answer)
}

async fn shows(port: u16, expected: &CertificateDer<'static>) -> Result<(), String> {
    let answer = ask(port, expected, rustls::DEFAULT_VERSIONS);
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    let answer = answer.map_err(|error| error.to_string())??;
    assert!(answer.ends_with("served"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_certificate_is_served_and_its_successor_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second, other) = (made(), made(), made());
    let mount =
        |version: &str, certificate: &CertifiedKey<KeyPair>, key: &CertifiedKey<KeyPair>| {
            let (certificate, key) = (certificate.cert.pem(), key.signing_key.serialize_pem());
            mount(directory.path(), version, &certificate, &key);
        };
    mount("1", &first, &first);
    let files = files(directory.path());
    let (certificate, content) = Certificate::read(&files).unwrap();
    let mut tasks = JoinSet::new();
    let port = serve(certificate.clone(), &mut tasks).await;
    let period = Duration::from_millis(1);
    tasks.spawn(certificate.follow(files.clone(), content, period));
    shows(port, first.cert.der()).await.unwrap();
    let refused = shows(port, other.cert.der()).await.unwrap_err();
    assert!(refused.contains("invalid peer certificate"), "{refused}");

    // What cannot be used changes nothing, and what comes after it is used.
    mount("2", &other, &second);
    assert!(Certificate::read(&files).is_err());
    shows(port, first.cert.der()).await.unwrap();
    std::fs::remove_file(directory.path().join("..data")).unwrap();
    shows(port, first.cert.der()).await.unwrap();

    mount("3", &second, &second);
    let begin = std::time::Instant::now();
    while let Err(error) = shows(port, second.cert.der()).await {
        assert!(begin.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn both_versions_of_tls_that_are_safe_are_spoken_to_the_certificate_made_in_memory() {
    let mut tasks = JoinSet::new();
    let certificate = Certificate::self_signed().unwrap();
    let shown = certificate.shown();
    let port = serve(certificate, &mut tasks).await;
    for version in [&version::TLS12, &version::TLS13] {
        let answer = ask(port, &shown, &[version]).await.unwrap();
        assert!(answer.ends_with("served"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_holds_up_nobody() {
    let mut tasks = JoinSet::new();
    let certificate = Certificate::self_signed().unwrap();
    let shown = certificate.shown();
    let port = serve(certificate, &mut tasks).await;
    let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    shows(port, &shown).await.unwrap();
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (made(), made());
    let key = first.signing_key.serialize_pem();
    for (version, certificate, key, expected) in [
        (
            "1",
            "nothing",
            key.as_str(),
            "..data/tls.crt`: no items found",
        ),
        (
            "2",
            &first.cert.pem(),
            "nothing",
            "..data/tls.key`: no items found",
        ),
        (
            "3",
            &second.cert.pem(),
            &key,
            "..data/tls.key`: keys may not be consistent",
        ),
    ] {
        mount(directory.path(), version, certificate, key);
        let error = Certificate::read(&files(directory.path()));
        let error = error.err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
