//! Why a reconcile did not succeed, and what follows from it.

use std::any::Any;
use std::time::Duration;

use crate::Error;
use crate::error::chain;

/// How often an object is looked at that waits for something which the caches may not show.
pub(super) const WAIT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    /// For people.
    pub(super) message: String,
    /// The API server wants to be left alone for so long.
    pub(super) retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// What the object needs is not there yet.
    Waiting,
    /// The object itself is wrong.
    Permanent,
    /// The API server cannot be reached or is too busy: nothing that this object is to blame for.
    Server,
    /// Anything else that may be over by the next attempt.
    Transient,
    Panic,
    Timeout,
}

impl Cause {
    /// The reason in a condition and in an Event.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Permanent => "PermanentError",
            Self::Server | Self::Transient => "ReconcileError",
            Self::Panic => "ReconcilePanic",
            Self::Timeout => "ReconcileTimeout",
        }
    }

    /// Whether the object's owner is told, after so many failures in a row.
    ///
    /// What is over by the second attempt is none of his business, and what concerns the API server
    /// would be told of every object at once.
    pub(super) fn is_reported(self, failures: u32) -> bool {
        match self {
            Self::Server => false,
            Self::Transient => failures >= 2,
            Self::Waiting | Self::Permanent | Self::Panic | Self::Timeout => true,
        }
    }
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        let cause = match error {
            Error::Waiting(_) => Cause::Waiting,
            Error::Permanent(_) => Cause::Permanent,
            Error::Kube(error) if is_about_the_server(error) => Cause::Server,
            Error::Kube(_) | Error::Other(_) => Cause::Transient,
        };
        Self {
            cause,
            message: chain(error),
            retry_after: retry_after(error),
        }
    }

    pub(super) fn panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self {
            cause: Cause::Panic,
            message: text.unwrap_or("a panic without a message").to_owned(),
            retry_after: None,
        }
    }

    pub(super) fn timeout(limit: Duration) -> Self {
        Self {
            cause: Cause::Timeout,
            message: format!("the reconcile took longer than {limit:?} and was ended"),
            retry_after: None,
        }
    }
}

fn is_about_the_server(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        kube::Error::Service(_) | kube::Error::HyperError(_) => true,
        _ => false,
    }
}

/// Kubernetes has the seconds in the answer's body as well as in the header `Retry-After`.
fn retry_after(error: &Error) -> Option<Duration> {
    let Error::Kube(kube::Error::Api(status)) = error else {
        return None;
    };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;
    use kube::core::response::StatusDetails;

    fn api(code: u16) -> Error {
        let status = Status::failure("no", "Because").with_code(code);
        Error::from(kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn only_what_the_object_is_to_blame_for_is_reported() {
        let refused = || kube::Error::Service("connection refused".into());
        for (error, first, second) in [
            (Error::waiting("no Secret"), true, true),
            (Error::permanent("no such class"), true, true),
            (Error::other("odd"), false, true),
            (api(403), false, true),
            (api(409), false, true),
            (api(429), false, false),
            (api(503), false, false),
            (Error::from(refused()), false, false),
        ] {
            let cause = Failure::of(&error).cause;
            assert_eq!(cause.is_reported(1), first, "{error}");
            assert_eq!(cause.is_reported(2), second, "{error}");
        }
    }

    #[test]
    fn the_api_server_says_when_to_come_back() {
        let details = serde_json::json!({ "retryAfterSeconds": 7 });
        let details: StatusDetails = serde_json::from_value(details).unwrap();
        let mut status = Status::failure("busy", "TooManyRequests").with_code(429);
        status.details = Some(details);
        let error = Error::from(kube::Error::Api(Box::new(status)));
        assert_eq!(
            Failure::of(&error).retry_after,
            Some(Duration::from_secs(7))
        );
        assert_eq!(Failure::of(&api(429)).retry_after, None);
    }
}
