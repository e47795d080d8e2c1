//! The operator's client: which API server, as whom, and what stands around each request.
//!
//! From the outside in: kube's retries, the [fence](fence) of the leader election, the
//! count, the [recording](crate::recording), the connection. kube itself would have its retries innermost,
//! where nothing sees the single attempts.

mod counted;
pub(crate) mod fence;
pub(crate) mod kubeconfig;
mod shared;

use kube::client::ClientBuilder;
use kube::client::retry::RetryPolicy;
use kube::{Client, Config};
use tower::layer::layer_fn;
use tower::retry::RetryLayer;
use tower::util::option_layer;
use tower::{Layer, service_fn};

pub(crate) use self::fence::Fence;
pub(crate) use self::kubeconfig::config;
use self::shared::Shared;
use crate::Result;
use crate::metrics::Metrics;
use crate::recording::Recorder;

/// A client for that API server.
pub(crate) fn connect(
    mut config: Config,
    metrics: &Metrics,
    recorder: Option<&Recorder>,
    fence: Option<&Fence>,
) -> Result<Client> {
    config.default_retry = false;
    let counted = counted::layer(metrics.clone(), &config.cluster_url);
    let builder = ClientBuilder::try_from(config)?
        .with_layer(&layer_fn(Shared::new))
        .with_layer(&option_layer(recorder.map(Recorder::layer)))
        .with_layer(&counted)
        .with_layer(&option_layer(fence.cloned()))
        .with_layer(&RetryLayer::new(RetryPolicy::server_retry()));
    Ok(builder.build())
}

/// Puts the fence around a client that is there already.
pub(crate) fn fenced(client: Client, fence: &Fence) -> Client {
    let namespace = client.default_namespace().to_owned();
    let send = service_fn(move |request| {
        let client = client.clone();
        async move { client.send(request).await }
    });
    Client::new(fence.layer(send), namespace)
}
