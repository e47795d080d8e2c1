//! Exports spans to a collector, if the environment names one.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use kube::Config;
use kube::client::ConfigExt;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry};

use crate::client::kubeconfig::install_crypto_provider;
use crate::{Error, Result};

/// Each of them turns the export on.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
/// How long a collector may take to answer.
const LONGEST_EXPORT: Duration = Duration::from_secs(10);
/// How long the last spans may take to be sent.
const LONGEST_END: Duration = Duration::from_secs(3);
/// What of the libraries below is no business of a trace; the requests of the exporter itself
/// would make further ones.
const NOISE: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "kube_client",
    "kube_runtime",
    "opentelemetry",
    "rustls",
    "tower",
];

/// The process's one.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What sends spans to the collector that the environment names, as those of the operator `name`
/// unless the environment has another. `None`: it names none.
pub(crate) fn layer(name: &str) -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
    let disabled = variable("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    if disabled || ENDPOINTS.iter().all(|it| variable(it).is_none()) {
        return None;
    }
    match provider(name) {
        Ok(provider) => {
            let tracer = provider.tracer("opgen-runtime");
            // There is one logger, so this comes once.
            let _ = PROVIDER.set(provider);
            let noise = NOISE.map(|target| (target, LevelFilter::OFF));
            let spans = Targets::new().with_default(LevelFilter::INFO);
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            Some(layer.with_filter(spans.with_targets(noise)).boxed())
        }
        Err(error) => {
            // There is no logger yet.
            eprintln!("no traces are exported: {error}");
            None
        }
    }
}

/// Puts the id of its trace into a span with a field `trace_id`, and so into the log lines below.
pub(crate) fn identify(span: &Span) {
    let context = span.context();
    let context = context.span().span_context().clone();
    if context.is_valid() {
        span.record("trace_id", field::display(context.trace_id()));
    }
}

/// Sends what has not been sent yet.
pub(crate) async fn end() {
    let Some(provider) = PROVIDER.get() else {
        return;
    };
    // It waits, for a task of this very event loop.
    let ended = tokio::task::spawn_blocking(|| provider.shutdown_with_timeout(LONGEST_END));
    if let Ok(Err(error)) = ended.await {
        tracing::warn!(%error, "some traces were not exported");
    }
}

fn provider(name: &str) -> Result<SdkTracerProvider> {
    install_crypto_provider();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(OnEventLoop::new()?)
        .build()
        .map_err(|error| Error::Other(error.into()))?;
    let mut resource = Resource::builder();
    let named = variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|it| it.contains("service.name="));
    if !named && variable("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(name.to_owned());
    }
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// hyper needs the operator's event loop, and the exporter has a thread without one.
struct OnEventLoop<C> {
    client: C,
    event_loop: Handle,
}

impl OnEventLoop<()> {
    /// With kube's TLS, which trusts whom the system trusts: nothing more is compiled.
    fn new() -> Result<OnEventLoop<impl HttpClient + Clone + 'static>> {
        // The connector has no use for the address.
        let config = Config::new("https://localhost".parse().expect("it is an address"));
        let connector = config.rustls_https_connector()?;
        Ok(OnEventLoop {
            client: HyperClient::new(connector, LONGEST_EXPORT, None),
            event_loop: Handle::current(),
        })
    }
}

#[async_trait]
impl<C: HttpClient + Clone + 'static> HttpClient for OnEventLoop<C> {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = async move { client.send_bytes(request).await };
        self.event_loop.spawn(sent).await?
    }
}

impl<C> fmt::Debug for OnEventLoop<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnEventLoop")
    }
}
