//! Lets kube's stack be cloned, as a retry needs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tower::Service;

/// A service that its clones share. It is ready at any time, since hyper opens as many connections
/// as there are requests; tower's buffer would pass each request to a task of its own.
pub(super) struct Shared<S>(Arc<Mutex<S>>);

impl<S> Shared<S> {
    pub(super) fn new(service: S) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Service<Request>, Request> Service<Request> for Shared<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.lock().poll_ready(context)
    }

    fn call(&mut self, request: Request) -> S::Future {
        self.lock().call(request)
    }
}
