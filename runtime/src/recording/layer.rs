//! Puts the recorder into kube's client, where it sees what goes over the wire.

use std::task::{Context, Poll};

use axum::http::{Request, Response, StatusCode};
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder, DynBody};
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::layer::layer_fn;
use tower::retry::RetryLayer;
use tower::{BoxError, Service};

use super::Recorder;
use super::attempt::Attempt;
use crate::Result;

type Answer = Response<Box<DynBody>>;

/// As many as kube's own buffer in front of the client.
const BUFFER: usize = 1024;

impl Recorder {
    /// kube's usual client, whose requests are recorded.
    ///
    /// kube's retries are on top, as kube itself would have them below: each attempt counts.
    pub(crate) fn client(&self, mut config: Config) -> Result<Client> {
        config.default_retry = false;
        let recording = layer_fn(|inner| Recording {
            inner,
            recorder: self.clone(),
        });
        let builder = ClientBuilder::try_from(config)?
            // A retry needs a clone of what is below it.
            .with_layer(&BufferLayer::new(BUFFER))
            .with_layer(&recording)
            .with_layer(&RetryLayer::new(RetryPolicy::server_retry()));
        Ok(builder.build())
    }
}

#[derive(Clone)]
struct Recording<S> {
    inner: S,
    recorder: Recorder,
}

impl<S> Service<Request<Body>> for Recording<S>
where
    S: Service<Request<Body>, Response = Answer, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Answer, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut attempt = Attempt::new(self.recorder.clone(), &request);
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await?;
            attempt.answered(answer.status().as_u16());
            if answer.status() != StatusCode::FORBIDDEN {
                return Ok(answer);
            }
            let (head, body) = answer.into_parts();
            let body = body.collect().await?.to_bytes();
            attempt.refused(&body);
            let body = Full::new(body).map_err(|never| -> BoxError { match never {} });
            Ok(Response::from_parts(head, Box::new(body) as Box<DynBody>))
        }
        .boxed()
    }
}
