//! The servers without a cluster.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use kube::{Client, Config};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::heartbeat::Heartbeat;
use super::{bind, probes, start};
use crate::client::kubeconfig::install_crypto_provider;
use crate::options::{BindAddress, Options};
use crate::readiness::Readiness;

const PATIENCE: Duration = Duration::from_secs(60);

fn get(port: u16, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Of an API server that is not there.
fn client() -> Client {
    install_crypto_provider();
    let config = Config::new("http://127.0.0.1:1".parse().unwrap());
    Client::try_from(config).unwrap()
}

async fn free_address() -> (BindAddress, u16) {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    (BindAddress::Host("127.0.0.1".to_owned(), port), port)
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let address = BindAddress::Host("127.0.0.1".to_owned(), port);
    let error = bind(&address, "metrics").await.unwrap_err().to_string();
    let expected = format!("cannot listen on `127.0.0.1:{port}` for metrics: ");
    assert!(error.starts_with(&expected), "{error}");
}

#[tokio::test]
async fn one_address_serves_probes_and_metrics() {
    let (address, port) = free_address().await;
    let options = Options {
        metrics_bind_address: address.clone(),
        metrics_secure: false,
        health_probe_bind_address: address,
        ..Options::default()
    };
    let readiness = Readiness::default();
    let watch = readiness.add("secrets".to_owned());
    let mut tasks = JoinSet::new();
    let registry = Registry::default();
    start(&options, &readiness, &client(), registry, &mut tasks)
        .await
        .unwrap();
    // The event loop of this test stands still while it asks: the thread of the probes answers.
    assert!(get(port, "/healthz", "").starts_with("HTTP/1.0 200"));
    let waiting = get(port, "/readyz", "");
    assert!(waiting.starts_with("HTTP/1.0 503"), "{waiting}");
    assert!(waiting.ends_with("secrets: listing\n"), "{waiting}");
    watch.filled();
    assert!(get(port, "/readyz", "").starts_with("HTTP/1.0 200"));
    let plain = get(port, "/metrics", "Accept: */*\r\n");
    assert!(plain.contains("text/plain; version=0.0.4"), "{plain}");
    let prometheus = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let open_metrics = get(port, "/metrics", prometheus);
    let expected = "application/openmetrics-text; version=1.0.0";
    assert!(open_metrics.contains(expected), "{open_metrics}");
}

#[tokio::test]
async fn an_event_loop_that_stands_still_is_unhealthy_until_it_runs() {
    let heartbeat = Heartbeat::new(Duration::from_millis(200));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = probes::routes(Readiness::default(), heartbeat.clone());
    let mut tasks = JoinSet::new();
    probes::serve_on_thread(listener, routes, &mut tasks).unwrap();
    tasks.spawn(heartbeat.beat());

    let begin = std::time::Instant::now();
    let health = || {
        assert!(begin.elapsed() < PATIENCE, "waited in vain");
        get(port, "/healthz", "")
    };
    // Without an await, nothing else runs on the event loop of this test.
    let stuck = loop {
        let answer = health();
        if answer.starts_with("HTTP/1.0 500") {
            break answer;
        }
    };
    let expected = "the event loop has not run for ";
    assert!(stuck.contains(expected), "{stuck}");
    while !health().starts_with("HTTP/1.0 200") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_server_for_probes_ends_with_its_task() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = probes::routes(Readiness::default(), Heartbeat::new(PATIENCE));
    let mut tasks = JoinSet::new();
    probes::serve_on_thread(listener, routes, &mut tasks).unwrap();
    assert!(get(address.port(), "/readyz", "").starts_with("HTTP/1.0 200"));
    tasks.shutdown().await;
    let begin = std::time::Instant::now();
    while TcpListener::bind(address).await.is_err() {
        assert!(begin.elapsed() < PATIENCE, "the port stays taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
