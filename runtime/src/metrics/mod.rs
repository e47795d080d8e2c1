//! The runtime's metrics, under controller-runtime's names so that its dashboards work.

mod names;
mod process;
#[cfg(test)]
mod tests;

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::names::register;
pub use self::names::{METRICS, Metric, MetricKind};
use self::process::Process;

/// The buckets of reconcile times, in seconds.
const BUCKETS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Clones share the numbers.
#[derive(Clone)]
pub(crate) struct Metrics {
    reconciles: Family<ResultLabels, Counter>,
    errors: Family<ControllerLabels, Counter>,
    terminal: Family<ControllerLabels, Counter>,
    panics: Family<ControllerLabels, Counter>,
    seconds: Family<ControllerLabels, Histogram, fn() -> Histogram>,
    workers: Family<ControllerLabels, Gauge>,
    most_workers: Family<ControllerLabels, Gauge>,
    malformed: Family<ResourceLabels, Counter>,
    leader: Family<LeaseLabels, Gauge>,
    requests: Family<RequestLabels, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ControllerLabels {
    controller: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabels {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResourceLabels {
    resource: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LeaseLabels {
    name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    code: String,
    method: String,
    host: String,
}

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done until something changes.
    Success,
    /// Done, and asked for again after a time.
    RequeueAfter,
    /// Failed.
    Error,
    /// Panicked, which counts as failed too.
    Panic,
}

impl Metrics {
    /// Makes the metrics and registers them, as [`METRICS`] describes them.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Family::default(),
            errors: Family::default(),
            terminal: Family::default(),
            panics: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            workers: Family::default(),
            most_workers: Family::default(),
            malformed: Family::default(),
            leader: Family::default(),
            requests: Family::default(),
        };
        register(registry, names::RECONCILES, metrics.reconciles.clone());
        register(registry, names::ERRORS, metrics.errors.clone());
        register(registry, names::TERMINAL_ERRORS, metrics.terminal.clone());
        register(registry, names::PANICS, metrics.panics.clone());
        register(registry, names::SECONDS, metrics.seconds.clone());
        register(registry, names::ACTIVE_WORKERS, metrics.workers.clone());
        register(registry, names::MAX_WORKERS, metrics.most_workers.clone());
        register(registry, names::MALFORMED, metrics.malformed.clone());
        register(registry, names::LEADER, metrics.leader.clone());
        register(registry, names::REQUESTS, metrics.requests.clone());
        registry.register_collector(Box::new(Process::new()));
        metrics
    }

    /// Shows a controller's numbers from the start, as zeros, and how many reconciles it may run at
    /// the same time.
    pub(crate) fn announce(&self, controller: &'static str, concurrency: u16) {
        let labels = ControllerLabels { controller };
        for result in ["success", "requeue_after", "error"] {
            drop(
                self.reconciles
                    .get_or_create(&ResultLabels { controller, result }),
            );
        }
        drop(self.errors.get_or_create(&labels));
        drop(self.terminal.get_or_create(&labels));
        drop(self.panics.get_or_create(&labels));
        drop(self.seconds.get_or_create(&labels));
        drop(self.workers.get_or_create(&labels));
        self.most_workers
            .get_or_create(&labels)
            .set(concurrency.into());
    }

    /// Counts a running reconcile for as long as the result lives.
    pub(crate) fn worker(&self, controller: &'static str) -> Worker {
        let gauge = self
            .workers
            .get_or_create(&ControllerLabels { controller })
            .clone();
        gauge.inc();
        Worker(gauge)
    }

    pub(crate) fn reconciled(&self, controller: &'static str, outcome: Outcome, took: Duration) {
        let labels = ControllerLabels { controller };
        let result = match outcome {
            Outcome::Success => "success",
            Outcome::RequeueAfter => "requeue_after",
            Outcome::Error | Outcome::Panic => "error",
        };
        self.reconciles
            .get_or_create(&ResultLabels { controller, result })
            .inc();
        self.seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
        if result == "error" {
            self.errors.get_or_create(&labels).inc();
        }
        if outcome == Outcome::Panic {
            self.panics.get_or_create(&labels).inc();
        }
    }

    /// A reconcile failed, and is not tried again until something changes. It counts as an error,
    /// too: [`Metrics::reconciled`] says that.
    pub(crate) fn gave_up(&self, controller: &'static str) {
        let labels = ControllerLabels { controller };
        self.terminal.get_or_create(&labels).inc();
    }

    /// The API server has answered a request, or `None`: there was no answer.
    pub(crate) fn requested(&self, code: Option<u16>, method: &str, host: &str) {
        let labels = RequestLabels {
            // client-go's word for it.
            code: code.map_or_else(|| "<error>".to_owned(), |code| code.to_string()),
            method: method.to_owned(),
            host: host.to_owned(),
        };
        self.requests.get_or_create(&labels).inc();
    }

    pub(crate) fn malformed(&self, resource: &str) {
        let labels = ResourceLabels {
            resource: resource.to_owned(),
        };
        self.malformed.get_or_create(&labels).inc();
    }

    pub(crate) fn leading(&self, lease: &str, leading: bool) {
        let labels = LeaseLabels {
            name: lease.to_owned(),
        };
        self.leader.get_or_create(&labels).set(leading.into());
    }
}

/// A running reconcile.
pub(crate) struct Worker(Gauge);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.dec();
    }
}
