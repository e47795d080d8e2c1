//! `/metrics`, as Prometheus reads it.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use prometheus_client::registry::Registry;
use tokio::task::JoinSet;

use super::access::Access;

pub(super) const PATH: &str = "/metrics";

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What OpenMetrics adds to this format is comments to it.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Without `access`, everybody may read.
pub(super) fn routes(registry: Registry, access: Option<Access>) -> Router {
    let registry = Arc::new(registry);
    let scrape = move |headers: HeaderMap| async move {
        if let Some(access) = access
            && let Err(refusal) = access.check(&headers).await
        {
            return refusal.into_response();
        }
        encode(&registry, &headers)
    };
    Router::new().route(PATH, get(scrape))
}

fn encode(registry: &Registry, headers: &HeaderMap) -> Response {
    let mut text = String::new();
    if let Err(error) = prometheus_client::encoding::text::encode(&mut text, registry) {
        return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
    }
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    let format = if accepted.any(|value| value.contains("application/openmetrics-text")) {
        OPEN_METRICS
    } else {
        PROMETHEUS_TEXT
    };
    ([(header::CONTENT_TYPE, format)], text).into_response()
}

pub(super) fn serve<L>(listener: L, routes: Router, tasks: &mut JoinSet<()>)
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the server for metrics ended");
        }
    });
}
