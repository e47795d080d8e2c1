//! What is remembered of the objects whose last reconcile did not succeed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::runtime::reflector::ObjectRef;

use super::backoff;
use super::failure::{Cause, Failure, WAIT};
use crate::cache::Kind;
use crate::random;

pub(crate) struct Failures<K: Kind>(Mutex<HashMap<ObjectRef<K>, Last>>);

struct Last {
    failure: Failure,
    /// How often in a row.
    count: u32,
    is_reported: bool,
}

/// What to do about a failure.
pub(super) struct Verdict {
    /// When to try again. `None`: when something changes.
    pub(super) delay: Option<Duration>,
    pub(super) count: u32,
    /// The object's owner has to be told, and was not told before.
    pub(super) report: bool,
    /// It is another one than the last time.
    pub(super) is_new: bool,
}

impl<K: Kind> Default for Failures<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Kind> Failures<K> {
    pub(super) fn add(&self, key: &ObjectRef<K>, failure: &Failure) -> Verdict {
        let mut all = self.lock();
        let before = all.remove(key);
        let is_new = before.as_ref().is_none_or(|last| last.failure != *failure);
        let was_reported = before.as_ref().is_some_and(|last| last.is_reported);
        let count = before.map_or(0, |last| last.count).saturating_add(1);
        let is_reported = failure.cause.is_reported(count);
        let last = Last {
            failure: failure.clone(),
            count,
            is_reported: is_reported || was_reported,
        };
        all.insert(key.clone(), last);
        let delay = match failure.cause {
            Cause::Permanent => None,
            Cause::Waiting => Some(WAIT.mul_f64(1.0 - random::fraction() / 5.0)),
            Cause::Server | Cause::Transient | Cause::Panic | Cause::Timeout => {
                let delay = backoff::delay(count, random::fraction());
                Some(delay.max(failure.retry_after.unwrap_or_default()))
            }
        };
        Verdict {
            delay,
            count,
            report: is_reported && (is_new || !was_reported),
            is_new,
        }
    }

    /// The object is well, or gone.
    pub(crate) fn forget(&self, key: &ObjectRef<K>) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectRef<K>, Last>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn key() -> ObjectRef<ConfigMap> {
        ObjectRef::new("x")
    }

    #[test]
    fn a_failure_that_repeats_is_reported_once_and_waits_longer_each_time() {
        let failures = Failures::default();
        let failure = Failure::of(&Error::other("odd"));
        let verdicts: Vec<_> = (0..4).map(|_| failures.add(&key(), &failure)).collect();
        let reports: Vec<_> = verdicts.iter().map(|verdict| verdict.report).collect();
        assert_eq!(reports, [false, true, false, false]);
        let delays: Vec<_> = verdicts.iter().map(|it| it.delay.unwrap()).collect();
        assert!(delays.is_sorted(), "{delays:?}");

        let other = failures.add(&key(), &Failure::of(&Error::other("odder")));
        assert!(other.report, "it is another one");
        assert_eq!(other.count, 5);
        failures.forget(&key());
        let again = failures.add(&key(), &failure);
        assert_eq!((again.count, again.report), (1, false));
    }

    #[test]
    fn waiting_is_no_failure_that_grows() {
        let failures = Failures::default();
        let failure = Failure::of(&Error::waiting("no Secret"));
        for _ in 0..20 {
            let delay = failures.add(&key(), &failure).delay.unwrap();
            assert!(delay > WAIT / 2 && delay <= WAIT, "{delay:?}");
        }
        let permanent = Failure::of(&Error::permanent("no such class"));
        assert_eq!(failures.add(&key(), &permanent).delay, None);
    }

    #[test]
    fn the_api_server_is_left_alone_for_as_long_as_it_asks() {
        let failures = Failures::default();
        let asked = Duration::from_secs(9);
        let failure = Failure {
            retry_after: Some(asked),
            ..Failure::of(&Error::other("busy"))
        };
        assert_eq!(failures.add(&key(), &failure).delay, Some(asked));
    }
}
