//! Leader election: controllers run only while this replica holds the lease.

use std::sync::atomic::{AtomicBool, Ordering};

use k8s_controller::LeaderElection;
use kube::Client;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::{Error, Result, random};

/// This replica's part in the election, by client-go's protocol: the lease lasts 15 s, is renewed
/// every 2 s, and is given up when it could not be renewed for 10 s.
pub(crate) struct Election {
    lease: LeaderElection,
    name: String,
    metrics: Metrics,
}

impl Election {
    pub(crate) fn new(client: Client, namespace: &str, operator: &str, metrics: Metrics) -> Self {
        let name = format!("{operator}-leader");
        metrics.leading(&name, false);
        Self {
            lease: LeaderElection::new(client, namespace, &name, &identity(operator)),
            name,
            metrics,
        }
    }

    /// Waits for the lease, then runs `work` while holding it and releases it at the end of `work`.
    ///
    /// A shutdown ends the waiting at once; once `work` runs, `work` itself has to see to it.
    ///
    /// # Errors
    ///
    /// When the lease is lost, `work` is dropped. That of `work` otherwise.
    pub(crate) async fn lead(
        &self,
        work: impl Future<Output = Result<()>>,
        shutdown: &CancellationToken,
    ) -> Result<()> {
        let leading = AtomicBool::new(false);
        let led = self.lease.with_lease(async {
            leading.store(true, Ordering::Relaxed);
            self.metrics.leading(&self.name, true);
            work.await
        });
        let mut led = std::pin::pin!(led);
        let result = tokio::select! {
            result = &mut led => Some(result),
            () = shutdown.cancelled() => None,
        };
        let result = match result {
            Some(result) => result,
            None if leading.load(Ordering::Relaxed) => led.await,
            None => {
                // The request that takes the lease may have been under way.
                self.lease.release().await;
                return Ok(());
            }
        };
        self.metrics.leading(&self.name, false);
        result.unwrap_or_else(|| {
            Err(Error::other(format!(
                "lost the lease `{}`: another replica may be leading",
                self.name
            )))
        })
    }
}

/// Unlike that of any other replica, also when two run on one machine.
fn identity(operator: &str) -> String {
    let pod = ["POD_NAME", "HOSTNAME"]
        .into_iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|value| !value.is_empty());
    let pod = pod.as_deref().unwrap_or(operator);
    format!("{pod}_{:016x}", random::number())
}
