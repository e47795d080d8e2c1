//! What `/readyz` says: which watches are not filled yet or are refused, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::{chain, describe, describe_status};

/// How long a refusal counts. kube's pause before the next attempt is a minute at most, and a watch
/// that is then allowed says nothing until something changes.
const REFUSAL_LASTS: Duration = Duration::from_secs(90);

/// The watches of the process that are not filled. Clones share it.
#[derive(Clone)]
pub(crate) struct Readiness(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    /// By what is watched, and a number that tells two watches of one kind apart.
    waiting: BTreeMap<(String, usize), Cause>,
    /// Filled by a list, but with RBAC against the watch, or a kind that is not there any more: what
    /// changes since then is not seen.
    refused: BTreeMap<(String, usize), (Cause, Instant)>,
    added: usize,
    stopping: bool,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }
}

impl Readiness {
    /// Adds a watch that has to be filled before the operator is ready.
    pub(crate) fn add(&self, what: String) -> Watch {
        let mut number = 0;
        self.0.send_modify(|state| {
            number = state.added;
            state.added += 1;
            state.waiting.insert((what.clone(), number), Cause::Listing);
        });
        Watch {
            readiness: self.clone(),
            key: (what, number),
            trouble: None,
        }
    }

    /// Waits until every watch has been filled once.
    pub(crate) async fn all_filled(&self) {
        let mut changes = self.0.subscribe();
        // An error means that the sender is gone, and `self` holds it.
        let _ = changes.wait_for(|state| state.waiting.is_empty()).await;
    }

    /// From now on the operator counts as not ready: it takes no new work.
    pub(crate) fn stopping(&self) {
        self.0.send_modify(|state| state.stopping = true);
    }

    /// `Ok` when ready, else one line for each thing that is missing.
    pub(crate) fn report(&self) -> Result<(), String> {
        let state = self.0.borrow();
        if state.stopping {
            return Err("shutting down\n".to_owned());
        }
        let refused = state.refused.iter();
        let refused = refused.filter(|(_, (_, since))| since.elapsed() < REFUSAL_LASTS);
        let refused = refused.map(|(key, (cause, _))| (key, cause));
        let mut lines = String::new();
        for ((what, _), cause) in state.waiting.iter().chain(refused) {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{what}: {cause}");
        }
        if lines.is_empty() {
            return Ok(());
        }
        Err(lines)
    }
}

/// One watch as `/readyz` and the log see it.
pub(crate) struct Watch {
    readiness: Readiness,
    key: (String, usize),
    trouble: Option<Cause>,
}

impl Watch {
    /// The watch failed. Returns the cause; logs it once, however often it is retried.
    pub(crate) fn failed(&mut self, error: &watcher::Error, group: &str) -> &Cause {
        let cause = Cause::of(error, group);
        if self.trouble.as_ref() != Some(&cause) {
            tracing::warn!(resource = self.key.0, "cannot watch, trying again: {cause}");
        }
        self.readiness.0.send_modify(|state| {
            if let Some(waiting) = state.waiting.get_mut(&self.key) {
                waiting.clone_from(&cause);
            } else if matches!(cause, Cause::Forbidden { .. } | Cause::NotInstalled { .. }) {
                let refusal = (cause.clone(), Instant::now());
                state.refused.insert(self.key.clone(), refusal);
            }
        });
        self.trouble.insert(cause)
    }

    /// The watch brought something.
    pub(crate) fn works(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!(resource = self.key.0, "the watch works again");
            self.readiness.0.send_modify(|state| {
                state.refused.remove(&self.key);
            });
        }
    }

    /// The first list is complete and in the store.
    pub(crate) fn filled(&self) {
        self.readiness
            .0
            .send_if_modified(|state| state.waiting.remove(&self.key).is_some());
    }
}

/// Why a watch is not filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Nothing is wrong so far.
    Listing,
    /// The API server does not know the kind.
    NotInstalled {
        /// By its group it is a custom kind, so a CRD would bring it.
        custom: bool,
    },
    /// RBAC.
    Forbidden { verb: &'static str, message: String },
    /// Anything else, in words.
    Other(String),
}

impl Cause {
    /// The API server does not know the kind.
    pub(crate) fn is_not_installed(error: &watcher::Error) -> bool {
        matches!(Self::of(error, ""), Self::NotInstalled { .. })
    }

    fn of(error: &watcher::Error, group: &str) -> Self {
        let (verb, error) = match error {
            watcher::Error::InitialListFailed(error) => ("list", error),
            watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
                ("watch", error)
            }
            watcher::Error::WatchError(status) => return Self::Other(describe_status(status)),
            other => return Self::Other(chain(other)),
        };
        match error {
            kube::Error::Api(status) if status.code == 404 => Self::NotInstalled {
                // Kubernetes' own groups are `apps`, `batch` and so on, or end in `.k8s.io`.
                custom: group.contains('.') && !group.ends_with(".k8s.io"),
            },
            kube::Error::Api(status) if status.code == 403 => Self::Forbidden {
                verb,
                message: status.message.clone(),
            },
            error => Self::Other(describe(error)),
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listing => formatter.write_str("listing"),
            Self::NotInstalled { custom: true } => {
                formatter.write_str("the CRD is not installed (404)")
            }
            Self::NotInstalled { custom: false } => {
                formatter.write_str("the API server does not serve it (404)")
            }
            Self::Forbidden { verb, message } => {
                write!(formatter, "not allowed to {verb} (403): {message}")
            }
            Self::Other(text) => formatter.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_failed(code: u16, message: &str, reason: &str) -> watcher::Error {
        let status = kube::core::Status::failure(message, reason).with_code(code);
        watcher::Error::InitialListFailed(kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn every_missing_watch_has_its_line() {
        let readiness = Readiness::default();
        let mut apps = readiness.add("myapps.apps.example.com".to_owned());
        let mut deployments = readiness.add("deployments.apps".to_owned());
        let secrets = readiness.add("secrets".to_owned());
        apps.failed(
            &list_failed(404, "404 page not found", ""),
            "apps.example.com",
        );
        deployments.failed(&list_failed(403, "you may not", "Forbidden"), "apps");

        let expected = "deployments.apps: not allowed to list (403): you may not\n\
                        myapps.apps.example.com: the CRD is not installed (404)\n\
                        secrets: listing\n";
        assert_eq!(readiness.report().unwrap_err(), expected);

        for watch in [apps, deployments, secrets] {
            watch.filled();
        }
        assert_eq!(readiness.report(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_is_refused_after_its_list_is_missing_until_it_works() {
        let readiness = Readiness::default();
        let mut secrets = readiness.add("secrets".to_owned());
        secrets.filled();
        let status = kube::core::Status::failure("you may not", "Forbidden").with_code(403);
        let error = kube::Error::Api(Box::new(status));
        let refused = watcher::Error::WatchStartFailed(error);
        let expected = Err("secrets: not allowed to watch (403): you may not\n".to_owned());
        for _ in 0..3 {
            secrets.failed(&refused, "");
            tokio::time::advance(Duration::from_secs(45)).await;
            assert_eq!(readiness.report(), expected);
        }
        readiness.all_filled().await;
        secrets.works();
        assert_eq!(readiness.report(), Ok(()));

        secrets.failed(&refused, "");
        tokio::time::advance(REFUSAL_LASTS).await;
        assert_eq!(
            readiness.report(),
            Ok(()),
            "a later attempt was not refused"
        );
    }

    #[test]
    fn a_kind_that_is_removed_later_is_missing_until_it_is_back() {
        let readiness = Readiness::default();
        let mut apps = readiness.add("myapps.apps.example.com".to_owned());
        apps.filled();
        let gone = list_failed(404, "404 page not found", "");
        apps.failed(&gone, "apps.example.com");
        let expected = "myapps.apps.example.com: the CRD is not installed (404)\n";
        assert_eq!(readiness.report().unwrap_err(), expected);
        apps.works();
        assert_eq!(readiness.report(), Ok(()));
    }

    #[test]
    fn two_watches_of_one_kind_are_two() {
        let readiness = Readiness::default();
        let first = readiness.add("secrets".to_owned());
        let second = readiness.add("secrets".to_owned());
        first.filled();
        assert_eq!(readiness.report().unwrap_err(), "secrets: listing\n");
        second.filled();
        assert!(readiness.report().is_ok());
    }

    #[test]
    fn a_built_in_kind_has_no_crd() {
        let error = list_failed(404, "404 page not found", "");
        for (group, expected) in [
            ("batch", "the API server does not serve it (404)"),
            ("events.k8s.io", "the API server does not serve it (404)"),
            ("example.com", "the CRD is not installed (404)"),
        ] {
            assert_eq!(Cause::of(&error, group).to_string(), expected, "{group}");
        }
    }

    #[tokio::test]
    async fn shutting_down_is_not_ready() {
        let readiness = Readiness::default();
        readiness.all_filled().await;
        readiness.stopping();
        assert_eq!(readiness.report().unwrap_err(), "shutting down\n");
    }
}
