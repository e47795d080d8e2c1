//! Every metric of the runtime: its name, what it counts and its labels, in one place.

use prometheus_client::registry::{Metric as Registered, Registry};

/// One of the runtime's metrics, as a scrape shows it. [`METRICS`] has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name. That of a histogram comes with `_bucket`, `_sum` and `_count` behind it.
    pub name: &'static str,
    /// How its values are to be read.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in a phrase.
    pub help: &'static str,
}

/// How the values of a [`Metric`] are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows, until the process ends.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many values were not above each of some bounds, how many there were, and their sum.
    Histogram,
}

/// Every metric that the runtime serves, sorted by name. Those with the names of Go's
/// controller-runtime and client library mean what they mean there.
///
/// ```
/// let metrics = opgen_runtime::METRICS.iter();
/// let mut panics = metrics.filter(|metric| metric.name.ends_with("_panics_total"));
/// assert_eq!(panics.next().unwrap().labels, ["controller"]);
/// ```
pub const METRICS: &[Metric] = &[
    gauge(ACTIVE_WORKERS, &["controller"], "Reconciles that run now"),
    gauge(
        MAX_WORKERS,
        &["controller"],
        "Reconciles that may run at the same time",
    ),
    counter(ERRORS, &["controller"], "Reconciles that failed"),
    counter(PANICS, &["controller"], "Reconciles that panicked"),
    histogram(
        SECONDS,
        &["controller"],
        "Time that a reconcile took, in seconds",
    ),
    counter(
        RECONCILES,
        &["controller", "result"],
        "Reconciles by result: `success`, `requeue_after` or `error`",
    ),
    counter(
        TERMINAL_ERRORS,
        &["controller"],
        "Reconciles that failed for good: they wait for a change",
    ),
    gauge(LEADER, &["name"], "1 while this process holds the lease"),
    counter(
        MALFORMED,
        &["resource"],
        "Objects that came from the API server and did not fit their type",
    ),
    counter(
        CPU_SECONDS,
        &[],
        "CPU time that the process has used, in seconds",
    ),
    gauge(
        OPEN_FDS,
        &[],
        "Files and connections that the process has open",
    ),
    gauge(
        MEMORY,
        &[],
        "Memory of the process that is in RAM, in bytes",
    ),
    gauge(
        START_TIME,
        &[],
        "When the operator was started, in seconds since 1970",
    ),
    counter(
        REQUESTS,
        &["code", "host", "method"],
        "Requests to the API server by status code, or `<error>` without an answer; each retry counts",
    ),
];

pub(super) const ACTIVE_WORKERS: &str = "controller_runtime_active_workers";
pub(super) const MAX_WORKERS: &str = "controller_runtime_max_concurrent_reconciles";
pub(super) const ERRORS: &str = "controller_runtime_reconcile_errors_total";
pub(super) const PANICS: &str = "controller_runtime_reconcile_panics_total";
pub(super) const SECONDS: &str = "controller_runtime_reconcile_time_seconds";
pub(super) const RECONCILES: &str = "controller_runtime_reconcile_total";
pub(super) const TERMINAL_ERRORS: &str = "controller_runtime_terminal_reconcile_errors_total";
pub(super) const LEADER: &str = "leader_election_master_status";
pub(super) const MALFORMED: &str = "opgen_cache_malformed_objects_total";
pub(super) const CPU_SECONDS: &str = "process_cpu_seconds_total";
pub(super) const OPEN_FDS: &str = "process_open_fds";
pub(super) const MEMORY: &str = "process_resident_memory_bytes";
pub(super) const START_TIME: &str = "process_start_time_seconds";
pub(super) const REQUESTS: &str = "rest_client_requests_total";

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    new(name, MetricKind::Counter, labels, help)
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    new(name, MetricKind::Gauge, labels, help)
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    new(name, MetricKind::Histogram, labels, help)
}

const fn new(
    name: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        labels,
        help,
    }
}

/// The name by which the encoder knows a metric, to which it adds `_total` for a counter, and what
/// the metric says.
pub(super) fn described(name: &str) -> (&str, &'static str) {
    let listed = METRICS.iter().find(|metric| metric.name == name);
    let help = listed.expect("every metric is listed").help;
    (name.strip_suffix("_total").unwrap_or(name), help)
}

pub(super) fn register(registry: &mut Registry, name: &str, metric: impl Registered) {
    let (name, help) = described(name);
    registry.register(name, help, metric);
}

impl MetricKind {
    /// The word for it: `counter`, `gauge` or `histogram`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}
