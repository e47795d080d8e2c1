//! Puts the recorder into kube's client, where it sees what goes over the wire.

use std::task::{Context, Poll};

use axum::http::{Request, Response, StatusCode};
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use kube::client::{Body, DynBody};
use tower::{BoxError, Layer, Service};

use super::Recorder;
use super::attempt::Attempt;

type Answer = Response<Box<DynBody>>;

impl Recorder {
    /// Records what goes through it. It stands below the retries: each attempt counts.
    pub(crate) fn layer(&self) -> RecordingLayer {
        RecordingLayer(self.clone())
    }
}

#[derive(Clone)]
pub(crate) struct RecordingLayer(Recorder);

impl<S> Layer<S> for RecordingLayer {
    type Service = Recording<S>;

    fn layer(&self, inner: S) -> Recording<S> {
        Recording {
            inner,
            recorder: self.0.clone(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Recording<S> {
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
