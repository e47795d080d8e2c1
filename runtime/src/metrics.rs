//! The runtime's metrics, under controller-runtime's names so that its dashboards work.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The buckets of reconcile times, in seconds.
const BUCKETS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Clones share the numbers.
#[derive(Clone)]
pub(crate) struct Metrics {
    reconciles: Family<ResultLabels, Counter>,
    errors: Family<ControllerLabels, Counter>,
    panics: Family<ControllerLabels, Counter>,
    seconds: Family<ControllerLabels, Histogram, fn() -> Histogram>,
    workers: Family<ControllerLabels, Gauge>,
    malformed: Family<ResourceLabels, Counter>,
    leader: Family<LeaseLabels, Gauge>,
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
    /// Makes the metrics and registers them (the registry adds `_total` to counters).
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Family::default(),
            errors: Family::default(),
            panics: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            workers: Family::default(),
            malformed: Family::default(),
            leader: Family::default(),
        };
        registry.register(
            "controller_runtime_reconcile",
            "Reconciles by result",
            metrics.reconciles.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Reconciles that failed",
            metrics.errors.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_panics",
            "Reconciles that panicked",
            metrics.panics.clone(),
        );
        registry.register_with_unit(
            "controller_runtime_reconcile_time",
            "Time a reconcile took",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register(
            "controller_runtime_active_workers",
            "Reconciles running now",
            metrics.workers.clone(),
        );
        registry.register(
            "opgen_cache_malformed_objects",
            "Objects that came from the API server and did not fit their type",
            metrics.malformed.clone(),
        );
        registry.register(
            "leader_election_master_status",
            "1 while this process holds the lease",
            metrics.leader.clone(),
        );
        metrics
    }

    /// Shows a controller's numbers from the start, as zeros.
    pub(crate) fn announce(&self, controller: &'static str) {
        let labels = ControllerLabels { controller };
        for result in ["success", "requeue_after", "error"] {
            drop(
                self.reconciles
                    .get_or_create(&ResultLabels { controller, result }),
            );
        }
        drop(self.errors.get_or_create(&labels));
        drop(self.panics.get_or_create(&labels));
        drop(self.seconds.get_or_create(&labels));
        drop(self.workers.get_or_create(&labels));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_controller_runtime() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.announce("c");
        metrics.reconciled("c", Outcome::Panic, Duration::from_millis(3));
        metrics.leading("c-leader", true);
        drop(metrics.worker("c"));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"controller_runtime_reconcile_total{controller="c",result="success"} 0"#,
            r#"controller_runtime_reconcile_total{controller="c",result="error"} 1"#,
            r#"controller_runtime_reconcile_errors_total{controller="c"} 1"#,
            r#"controller_runtime_reconcile_panics_total{controller="c"} 1"#,
            r#"controller_runtime_reconcile_time_seconds_count{controller="c"} 1"#,
            r#"controller_runtime_active_workers{controller="c"} 0"#,
            r#"leader_election_master_status{name="c-leader"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
