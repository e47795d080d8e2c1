//! Leader election: controllers run only while this replica holds the lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use k8s_controller::LeaderElection;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, Client};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::client::Fence;
use crate::error::{describe, describe_status};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::{Error, Result, random};

/// This replica's part in the election, by client-go's protocol: nobody's clock is compared with
/// another one's, and a lease counts as expired when it was not seen to change for its duration.
pub(crate) struct Election {
    lease: LeaderElection,
    leases: Api<Lease>,
    retry_period: Duration,
    fence: Fence,
    metrics: Metrics,
}

impl Election {
    /// `client` must have the fence around it.
    pub(crate) fn new(
        client: Client,
        operator: &str,
        options: &Options,
        fence: Fence,
        metrics: Metrics,
    ) -> Self {
        let (namespace, name) = (fence.namespace(), fence.name());
        metrics.leading(name, false);
        let lease = LeaderElection::new(client.clone(), namespace, name, &identity(operator))
            .with_lease_duration(options.leader_elect_lease_duration)
            .with_renew_deadline(options.leader_elect_renew_deadline)
            .with_retry_period(options.leader_elect_retry_period);
        Self {
            lease,
            leases: Api::namespaced(client, namespace),
            retry_period: options.leader_elect_retry_period,
            fence,
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
        let mut work = std::pin::pin!(work);
        let leading = AtomicBool::new(false);
        let waits = || !leading.load(Ordering::Relaxed);
        let released = Arc::new(Notify::new());
        let watched = CancellationToken::new();
        // Ends with this function, or when this replica leads.
        let mut watches = JoinSet::new();
        let watch = watches.spawn(watch_for_release(
            self.leases.clone(),
            self.fence.name().to_owned(),
            self.retry_period,
            released.clone(),
            watched.clone(),
        ));
        // First the watch, or it would miss a release that comes in between.
        let _ = tokio::time::timeout(self.retry_period, watched.cancelled()).await;
        let result = loop {
            let led = self.lease.with_lease(async {
                leading.store(true, Ordering::Relaxed);
                watch.abort();
                self.fence.open();
                self.metrics.leading(self.fence.name(), true);
                let result = work.as_mut().await;
                self.fence.close();
                result
            });
            let mut led = std::pin::pin!(led);
            tokio::select! {
                biased;
                result = &mut led => break result,
                () = shutdown.cancelled() => {}
                // Asks for the lease anew, which it does at once, and not when its next turn comes.
                () = released.notified(), if waits() => if waits() { continue },
            }
            if waits() {
                // The request that takes the lease may have been under way.
                self.lease.release().await;
                return Ok(());
            }
            break led.await;
        };
        self.metrics.leading(self.fence.name(), false);
        result.unwrap_or_else(|| {
            Err(Error::other(format!(
                "lost the lease `{}`: another replica may be leading",
                self.fence.name()
            )))
        })
    }
}

/// Tells when the lease becomes free, and by `watched` that it looks. The next leader would otherwise begin up to one and a half
/// retry periods after the last one has ended, which in a rolling update is all the time without.
async fn watch_for_release(
    leases: Api<Lease>,
    lease: String,
    pause: Duration,
    released: Arc<Notify>,
    watched: CancellationToken,
) {
    let parameters = WatchParams::default().fields(&format!("metadata.name={lease}"));
    let mut holder = None;
    let mut is_refused = false;
    loop {
        let events = leases.watch(&parameters, "0").await;
        watched.cancel();
        match events {
            Ok(events) => {
                let mut events = std::pin::pin!(events);
                // A watch that breaks is begun anew, like one that ends.
                while let Ok(Some(event)) = events.try_next().await {
                    let Some(now) = holder_in(event) else {
                        continue;
                    };
                    if now.is_none() && holder.is_some() {
                        released.notify_one();
                    } else if let Some(name) = now.as_deref().filter(|_| now != holder) {
                        tracing::info!(lease, holder = name, "waiting for the lease");
                    }
                    holder = now;
                }
            }
            Err(kube::Error::Api(status)) if status.is_forbidden() && !is_refused => {
                is_refused = true;
                tracing::warn!(
                    lease,
                    "cannot watch the lease, so that taking it over takes longer: {}",
                    describe_status(&status)
                );
            }
            Err(error) => tracing::debug!(lease, "{}", describe(&error)),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Who holds the lease now, if the event says so.
fn holder_in(event: WatchEvent<Lease>) -> Option<Option<String>> {
    match event {
        WatchEvent::Added(lease) | WatchEvent::Modified(lease) => {
            let holder = lease.spec.and_then(|spec| spec.holder_identity);
            Some(holder.filter(|holder| !holder.is_empty()))
        }
        WatchEvent::Deleted(_) => Some(None),
        WatchEvent::Bookmark(_) | WatchEvent::Error(_) => None,
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
