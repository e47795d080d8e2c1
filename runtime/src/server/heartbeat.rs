//! Whether the operator's event loop still runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Kept by a task of the event loop, read by the thread of the probes.
#[derive(Clone)]
pub(super) struct Heartbeat {
    last: Arc<Mutex<Instant>>,
    limit: Duration,
}

impl Heartbeat {
    /// The event loop counts as stuck when it has not run for `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            last: Arc::new(Mutex::new(Instant::now())),
            limit,
        }
    }

    /// Beats for ever. To be run by the event loop that is watched.
    pub(super) async fn beat(self) {
        loop {
            *self.last() = Instant::now();
            tokio::time::sleep(self.limit / 10).await;
        }
    }

    /// How long the event loop has been stuck, if it is.
    pub(super) fn stuck(&self) -> Option<Duration> {
        let since = self.last().elapsed();
        (since > self.limit).then_some(since)
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
