//! What stands around a controller's reconcile function: newest object, panics, backoff, metrics.

use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::cache::{Cache, Kind, key_of, name, version};
use crate::error::chain;
use crate::metrics::{Metrics, Outcome};
use crate::recording::Recorder;
use crate::{Error, Result, backoff, random, traces};

/// A controller's reconcile function with what surrounds each call.
pub(crate) struct Reconciler<K: Kind, C, F> {
    pub(crate) controller: &'static str,
    pub(crate) reconcile: F,
    pub(crate) context: Arc<C>,
    pub(crate) primary: Cache<K>,
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) failures: Failures<K>,
}

impl<K, C, F, Fut, E> Reconciler<K, C, F>
where
    K: Kind,
    C: Send + Sync + 'static,
    F: Fn(Arc<K>, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Action, E>> + Send + 'static,
    E: Into<Error>,
{
    /// One reconcile. Failures are dealt with here, so that kube never sees one: its error policy
    /// hears nothing of successes, and a panic would end its stream.
    pub(crate) async fn run(self: Arc<Self>, object: Arc<K>) -> Result<Action, Infallible> {
        let key = key_of(&*object);
        let span = tracing::info_span!(
            "reconcile",
            controller = self.controller,
            object = name(&key),
            trace_id = tracing::field::Empty
        );
        traces::identify(&span);
        async move {
            if self.shutdown.is_cancelled() {
                // kube still hands out what was queued when the shutdown began.
                return Ok(Action::await_change());
            }
            let object = self.newest(&key, object);
            let deleting = object.meta().deletion_timestamp.is_some();
            let worker = self.metrics.worker(self.controller);
            let begin = Instant::now();
            // Inside `async`, so that a panic before the first await is caught too.
            let result = async { (self.reconcile)(object, self.context.clone()).await };
            let result = AssertUnwindSafe(result).catch_unwind().await;
            let (outcome, action) = match result {
                Ok(Ok(action)) => self.succeeded(&key, action),
                Ok(Err(error)) => self.failed(&key, &error.into()),
                Err(panic) => self.panicked(&key, &*panic),
            };
            drop(worker);
            self.metrics
                .reconciled(self.controller, outcome, begin.elapsed());
            if let Some(recorder) = &self.recorder {
                recorder.reconciled(self.controller, name(&key), outcome, deleting);
            }
            Ok(action)
        }
        .instrument(span)
        .await
    }

    /// kube's store may be behind our own last write.
    fn newest(&self, key: &ObjectRef<K>, object: Arc<K>) -> Arc<K> {
        self.primary
            .get(key)
            .filter(|known| version(&**known) > version(&*object))
            .unwrap_or(object)
    }

    fn succeeded(&self, key: &ObjectRef<K>, action: Action) -> (Outcome, Action) {
        self.failures.forget(key);
        tracing::debug!("reconciled");
        if action == Action::await_change() {
            (Outcome::Success, action)
        } else {
            (Outcome::RequeueAfter, action)
        }
    }

    fn failed(&self, key: &ObjectRef<K>, error: &Error) -> (Outcome, Action) {
        let error_text = chain(error);
        if error.is_permanent() {
            self.failures.forget(key);
            self.metrics.gave_up(self.controller);
            tracing::warn!(error = error_text, "reconcile failed, waiting for a change");
            return (Outcome::Error, Action::await_change());
        }
        let (failures, delay) = self.failures.add(key);
        tracing::warn!(
            error = error_text,
            failures,
            retry_in = ?delay,
            "reconcile failed, trying again"
        );
        (Outcome::Error, Action::requeue(delay))
    }

    fn panicked(&self, key: &ObjectRef<K>, panic: &(dyn Any + Send)) -> (Outcome, Action) {
        let (failures, delay) = self.failures.add(key);
        tracing::error!(
            panic = panic_text(panic),
            failures,
            retry_in = ?delay,
            "reconcile panicked, trying again"
        );
        (Outcome::Panic, Action::requeue(delay))
    }
}

/// How often in a row each object has failed.
pub(crate) struct Failures<K: Kind>(Mutex<HashMap<ObjectRef<K>, u32>>);

impl<K: Kind> Default for Failures<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Kind> Failures<K> {
    /// Counts one more. Returns the count and how long to wait.
    fn add(&self, key: &ObjectRef<K>) -> (u32, Duration) {
        let mut counts = self.lock();
        let count = counts.entry(key.clone()).or_default();
        *count = count.saturating_add(1);
        (*count, backoff::delay(*count, random::fraction()))
    }

    /// The object is well, or gone.
    pub(crate) fn forget(&self, key: &ObjectRef<K>) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectRef<K>, u32>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without a message"
    }
}
