//! The HTTP endpoints: `/healthz` and `/readyz` for the kubelet, `/metrics` for Prometheus.

mod access;
mod certificate;
mod heartbeat;
mod log_level;
mod metrics;
mod probes;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;

use std::time::Duration;

use kube::Client;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::access::Access;
use self::certificate::{Certificate, Files};
use self::heartbeat::Heartbeat;
use self::tls::TlsListener;
use crate::options::{BindAddress, Options};
use crate::readiness::Readiness;
use crate::{Error, Result};

/// The event loop counts as stuck when it has not run for so long.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// How often the files of a certificate are looked at.
const CERTIFICATE_PERIOD: Duration = Duration::from_secs(10);

/// Binds the addresses and serves them for as long as `tasks` is there. Without HTTPS, probes and
/// metrics on one address share a listener.
///
/// Binding is done when this returns, so that an address in use ends the start.
pub(crate) async fn start(
    options: &Options,
    readiness: &Readiness,
    client: &Client,
    registry: Registry,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let heartbeat = Heartbeat::new(STUCK_AFTER);
    let mut probes = probes::routes(readiness.clone(), heartbeat.clone());
    let probe_address = &options.health_probe_bind_address;
    let metrics_address = &options.metrics_bind_address;
    let shared = probe_address == metrics_address;
    if shared {
        probes = probes.merge(metrics::routes(registry, None));
    } else if let Some(listener) = bind(metrics_address, "metrics").await? {
        serve_metrics(options, listener, client, registry, tasks)?;
    }
    let what = if shared {
        "health probes and metrics"
    } else {
        "health probes"
    };
    if let Some(listener) = bind(probe_address, what).await? {
        tasks.spawn(heartbeat.beat());
        probes::serve_on_thread(listener, probes, tasks)?;
    }
    Ok(())
}

fn serve_metrics(
    options: &Options,
    listener: TcpListener,
    client: &Client,
    registry: Registry,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    if !options.metrics_secure {
        metrics::serve(listener, metrics::routes(registry, None), tasks);
        return Ok(());
    }
    let certificate = match options.metrics_certificate() {
        None => Certificate::self_signed()?,
        Some((certificate, key)) => {
            let files = Files { certificate, key };
            let (certificate, content) = Certificate::read(&files)?;
            let following = certificate.clone();
            tasks.spawn(following.follow(files, content, CERTIFICATE_PERIOD));
            certificate
        }
    };
    let access = Access::new(client.clone(), metrics::PATH);
    let routes = metrics::routes(registry, Some(access));
    metrics::serve(TlsListener::new(listener, certificate)?, routes, tasks);
    Ok(())
}

/// `None` when there is to be no server.
async fn bind(address: &BindAddress, what: &str) -> Result<Option<TcpListener>> {
    if *address == BindAddress::Off {
        return Ok(None);
    }
    let mut failure = None;
    for candidate in address.candidates() {
        match TcpListener::bind(&candidate).await {
            Ok(listener) => {
                if let Ok(bound) = listener.local_addr() {
                    tracing::info!(address = %bound, "serving {what}");
                }
                return Ok(Some(listener));
            }
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
