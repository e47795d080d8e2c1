//! Puts the count of requests into kube's client: what went over the wire, and what came back.

use std::task::{Context, Poll};

use axum::http::{Request, Response, Uri};
use futures::FutureExt;
use futures::future::BoxFuture;
use kube::client::Body;
use tower::layer::layer_fn;
use tower::{BoxError, Layer, Service};

use crate::metrics::Metrics;

/// Counts what passes it, as sent to the server at `url`. To be put below the retries, so that
/// each attempt counts.
pub(super) fn layer<S>(
    metrics: Metrics,
    url: &Uri,
) -> impl Layer<S, Service = Counted<S>> + Clone + use<S> {
    // A request has no host yet where the layers of a client are.
    let host = url.authority().map_or("", |authority| authority.as_str());
    let host = host.to_owned();
    layer_fn(move |inner| Counted {
        inner,
        metrics: metrics.clone(),
        host: host.clone(),
    })
}

/// A service whose requests are counted.
#[derive(Clone)]
pub(super) struct Counted<S> {
    inner: S,
    metrics: Metrics,
    host: String,
}

impl<S, Answer> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<Answer>, Error: Into<BoxError>>,
    S::Future: Send + 'static,
{
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (metrics, host) = (self.metrics.clone(), self.host.clone());
        let method = request.method().clone();
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await.map_err(Into::into);
            let code = answer.as_ref().ok().map(|it| it.status().as_u16());
            metrics.requested(code, method.as_str(), &host);
            answer
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use prometheus_client::registry::Registry;
    use tower::{ServiceExt, service_fn};

    #[tokio::test]
    async fn answers_and_failures_are_counted() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let server = service_fn(async |request: Request<Body>| match request.uri().path() {
            "/missing" => {
                let mut answer = Response::new(());
                *answer.status_mut() = StatusCode::NOT_FOUND;
                Ok(answer)
            }
            "/there" => Ok(Response::new(())),
            _ => Err(BoxError::from("no connection")),
        });
        let url = Uri::from_static("https://10.0.0.1:443/base");
        let client = layer(metrics, &url).layer(server);
        for path in ["/there", "/missing", "/there", "/broken"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = client.clone().oneshot(request).await;
            assert_eq!(answer.is_err(), path == "/broken");
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for (code, count) in [("200", 2), ("404", 1), ("<error>", 1)] {
            let labels = format!(r#"{{code="{code}",method="GET",host="10.0.0.1:443"}} {count}"#);
            assert!(
                text.contains(&format!("rest_client_requests_total{labels}\n")),
                "{text}"
            );
        }
    }
}
