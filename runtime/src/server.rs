//! The HTTP endpoints: `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::options::{BindAddress, Options};
use crate::readiness::Readiness;
use crate::{Error, Result};

/// Binds the addresses and serves them on `tasks`. Both on one address share a listener.
///
/// Binding is done when this returns, so that an address in use ends the start.
pub(crate) async fn start(
    options: &Options,
    readiness: &Readiness,
    registry: Registry,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let probes = probes(readiness.clone());
    let metrics = metrics(Arc::new(registry));
    let probe_address = &options.health_probe_bind_address;
    let metrics_address = &options.metrics_bind_address;
    if probe_address == metrics_address {
        return serve(
            probe_address,
            "probes and metrics",
            probes.merge(metrics),
            tasks,
        )
        .await;
    }
    serve(probe_address, "health probes", probes, tasks).await?;
    serve(metrics_address, "metrics", metrics, tasks).await
}

fn probes(readiness: Readiness) -> Router {
    let ready = move || async move {
        match readiness.report() {
            Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
            Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, missing),
        }
    };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

fn metrics(registry: Arc<Registry>) -> Router {
    let encode = move || async move {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &registry) {
            Ok(()) => {
                let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                ([(header::CONTENT_TYPE, format)], text).into_response()
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    };
    Router::new().route("/metrics", get(encode))
}

async fn serve(
    address: &BindAddress,
    what: &'static str,
    routes: Router,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    if *address == BindAddress::Off {
        return Ok(());
    }
    let listener = bind(address, what).await?;
    if let Ok(bound) = listener.local_addr() {
        tracing::info!(address = %bound, "serving {what}");
    }
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the server for {what} ended");
        }
    });
    Ok(())
}

async fn bind(address: &BindAddress, what: &str) -> Result<TcpListener> {
    let mut failure = None;
    for candidate in address.candidates() {
        match TcpListener::bind(&candidate).await {
            Ok(listener) => return Ok(listener),
            // The first candidate is the one that was meant, unless it cannot be had here at all.
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                failure = Some(error);
                break;
            }
            Err(error) => failure = Some(error),
        }
    }
    let cause = failure.map_or_else(|| "no address".to_owned(), |error| error.to_string());
    Err(Error::other(format!(
        "cannot listen on `{address}` for {what}: {cause}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let address = BindAddress::Host("127.0.0.1".to_owned(), port);
        let error = bind(&address, "metrics").await.unwrap_err().to_string();
        let expected = format!("cannot listen on `127.0.0.1:{port}` for metrics: ");
        assert!(error.starts_with(&expected), "{error}");
    }

    fn get(port: u16, path: &str) -> String {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_address_serves_probes_and_metrics() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let address = BindAddress::Host("127.0.0.1".to_owned(), port);
        let options = Options {
            metrics_bind_address: address.clone(),
            health_probe_bind_address: address,
            ..Options::default()
        };
        let readiness = Readiness::default();
        let watch = readiness.add("secrets".to_owned());
        let mut tasks = JoinSet::new();
        let registry = Registry::default();
        start(&options, &readiness, registry, &mut tasks)
            .await
            .unwrap();
        let asked = tokio::task::spawn_blocking(move || {
            assert!(get(port, "/healthz").starts_with("HTTP/1.0 200"));
            let waiting = get(port, "/readyz");
            assert!(waiting.starts_with("HTTP/1.0 503"), "{waiting}");
            assert!(waiting.ends_with("secrets: listing\n"), "{waiting}");
            watch.filled();
            assert!(get(port, "/readyz").starts_with("HTTP/1.0 200"));
            assert!(get(port, "/metrics").contains("application/openmetrics-text"));
        });
        asked.await.unwrap();
    }
}
