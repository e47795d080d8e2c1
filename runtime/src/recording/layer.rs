//! Puts the recorder into kube's client, where it sees what goes over the wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::http::{Request, Response, StatusCode};
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder, DynBody};
use kube::{Client, Config};
use tower::layer::layer_fn;
use tower::retry::RetryLayer;
use tower::{BoxError, Service};

use super::Recorder;
use super::attempt::Attempt;
use crate::Result;

type Answer = Response<Box<DynBody>>;

impl Recorder {
    /// kube's usual client, whose requests are recorded.
    ///
    /// kube's retries are on top, as kube itself would have them below: each attempt counts.
    pub(crate) fn client(&self, mut config: Config) -> Result<Client> {
        config.default_retry = false;
        let recording = layer_fn(|inner| Recording {
            inner: Arc::new(Mutex::new(inner)),
            recorder: self.clone(),
        });
        let builder = ClientBuilder::try_from(config)?
            .with_layer(&recording)
            .with_layer(&RetryLayer::new(RetryPolicy::server_retry()));
        Ok(builder.build())
    }
}

/// A retry clones what is below it, and kube's own stack is no clone. Sharing it does: it is ready at any time, since
/// hyper opens as many connections as there are requests. tower's buffer would pass each request to a task of its own.
struct Recording<S> {
    inner: Arc<Mutex<S>>,
    recorder: Recorder,
}

impl<S> Clone for Recording<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            recorder: self.recorder.clone(),
        }
    }
}

impl<S> Recording<S> {
    fn inner(&self) -> MutexGuard<'_, S> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        self.inner().poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut attempt = Attempt::new(self.recorder.clone(), &request);
        let answer = self.inner().call(request);
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
