//! Runs what the manager has collected, until it ends or is told to.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::election::Election;
use crate::readiness::Readiness;
use crate::signals::Signals;
use crate::{Error, Result};

/// How long running reconciles may take to finish when the operator ends. Kubernetes kills a pod
/// 30 s after SIGTERM, and the lease has to be released before.
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(25);
/// How long Events that still wait may take to be sent after that.
const LONGEST_FLUSH: Duration = Duration::from_secs(1);

/// Waits until a watch or a server ends, which none of them does by itself: without it the operator
/// would go on with what it knew last.
pub(super) async fn first_to_end(background: &mut JoinSet<()>) -> Error {
    match background.join_next().await {
        Some(Err(error)) => Error::other(format!("a watch or a server failed: {error}")),
        Some(Ok(())) => Error::other("a watch or a server ended by itself"),
        // There is none.
        None => std::future::pending().await,
    }
}

/// What [`Manager::start`](super::Manager::start) runs besides its servers and watches.
pub(super) struct Work {
    pub(super) controllers: Vec<BoxFuture<'static, ()>>,
    /// They end when everybody who publishes Events has ended.
    pub(super) publishers: Vec<BoxFuture<'static, ()>>,
    pub(super) election: Option<Election>,
    pub(super) readiness: Readiness,
    pub(super) shutdown: CancellationToken,
}

impl Work {
    /// Runs until it ends or is told to, and then gives what runs a last time to finish.
    pub(super) async fn supervised(self, mut signals: Signals) -> Result<()> {
        let (readiness, shutdown) = (self.readiness.clone(), self.shutdown.clone());
        let mut work = std::pin::pin!(self.run());
        tokio::select! {
            result = &mut work => return result,
            signal = signals.next() => tracing::info!(signal, "shutting down"),
            () = shutdown.cancelled() => tracing::info!("shutting down"),
        }
        readiness.stopping();
        shutdown.cancel();
        tokio::select! {
            result = &mut work => result,
            signal = signals.next() => Err(Error::other(format!(
                "ended by a second {signal}, without waiting for running reconciles"
            ))),
            () = tokio::time::sleep(LONGEST_SHUTDOWN) => Err(Error::other(format!(
                "running reconciles did not finish within {LONGEST_SHUTDOWN:?}"
            ))),
        }
    }

    /// Waits for the caches, then for the lease, and runs the controllers until the shutdown.
    async fn run(self) -> Result<()> {
        let begin = Instant::now();
        tokio::select! {
            () = self.readiness.all_filled() => {}
            () = self.shutdown.cancelled() => return Ok(()),
        }
        tracing::info!(
            seconds = begin.elapsed().as_secs_f64(),
            "every cache is filled"
        );
        let work = work(self.controllers, self.publishers, &self.shutdown);
        match &self.election {
            Some(election) => election.lead(work, &self.shutdown).await,
            None => work.await,
        }
    }
}

/// The controllers, and then the Events that they leave behind: without the lease, nothing could be
/// sent any more.
async fn work(
    controllers: Vec<BoxFuture<'static, ()>>,
    publishers: Vec<BoxFuture<'static, ()>>,
    shutdown: &CancellationToken,
) -> Result<()> {
    let mut publishing: JoinSet<()> = publishers.into_iter().collect();
    let result = run(controllers, shutdown).await;
    let flushed = async { while publishing.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LONGEST_FLUSH, flushed).await;
    result
}

/// Runs every controller on a task of its own. Dropped, it ends them all.
async fn run(controllers: Vec<BoxFuture<'static, ()>>, shutdown: &CancellationToken) -> Result<()> {
    if controllers.is_empty() {
        shutdown.cancelled().await;
        return Ok(());
    }
    tracing::info!(controllers = controllers.len(), "running the controllers");
    let mut running = JoinSet::new();
    for controller in controllers {
        running.spawn(controller);
    }
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            return Err(Error::other(format!("a controller ended: {error}")));
        }
        if !shutdown.is_cancelled() {
            return Err(Error::other("a controller ended by itself"));
        }
    }
    Ok(())
}
