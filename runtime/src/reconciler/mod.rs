//! What stands around a controller's reconcile function: the newest object, a time-out, what
//! follows from a failure, metrics.

mod backoff;
mod failure;
mod failures;
mod report;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::failure::{Cause, Failure};
pub(crate) use self::failures::Failures;
pub(crate) use self::report::{Conditions, Report};

use crate::cache::{Cache, Kind, key_of, name, version};
use crate::metrics::{Metrics, Outcome};
use crate::recording::Recorder;
use crate::{Error, Result, traces};

/// A controller's reconcile function with what surrounds each call.
pub(crate) struct Reconciler<K: Kind, C, F> {
    pub(crate) controller: &'static str,
    pub(crate) reconcile: F,
    pub(crate) context: Arc<C>,
    pub(crate) primary: Cache<K>,
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) report: Report<K>,
    pub(crate) timeout: Duration,
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
            let result = AssertUnwindSafe(result).catch_unwind();
            let result = match tokio::time::timeout(self.timeout, result).await {
                Ok(Ok(Ok(action))) => Ok(action),
                Ok(Ok(Err(error))) => Err(Failure::of(&error.into())),
                Ok(Err(panic)) => Err(Failure::panic(&*panic)),
                Err(_) => Err(Failure::timeout(self.timeout)),
            };
            let (outcome, action) = match result {
                Ok(action) => {
                    self.report.succeeded(&key).await;
                    self.succeeded(&key, action)
                }
                Err(failure) => self.failed(&key, &failure).await,
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

    async fn failed(&self, key: &ObjectRef<K>, failure: &Failure) -> (Outcome, Action) {
        let verdict = self.failures.add(key, failure);
        let outcome = match failure.cause {
            Cause::Waiting => Outcome::RequeueAfter,
            Cause::Panic => Outcome::Panic,
            Cause::Permanent | Cause::Server | Cause::Transient | Cause::Timeout => Outcome::Error,
        };
        let (message, failures) = (&failure.message, verdict.count);
        match (failure.cause, verdict.delay) {
            (Cause::Waiting, _) if verdict.is_new => tracing::info!(reason = message, "waiting"),
            (Cause::Waiting, _) => tracing::debug!(reason = message, "still waiting"),
            (Cause::Panic, delay) => tracing::error!(
                panic = message,
                failures,
                retry_in = ?delay.unwrap_or_default(),
                "reconcile panicked, trying again"
            ),
            (_, Some(delay)) => tracing::warn!(
                error = message,
                failures,
                retry_in = ?delay,
                "reconcile failed, trying again"
            ),
            (_, None) => {
                self.metrics.gave_up(self.controller);
                tracing::warn!(error = message, "reconcile failed, waiting for a change");
            }
        }
        if verdict.report {
            self.report.failed(key, failure).await;
        }
        let action = verdict
            .delay
            .map_or_else(Action::await_change, Action::requeue);
        (outcome, action)
    }
}
