//! What a reconcile, and the runtime itself, may fail with.

use crate::client::fence::NotLeading;
use crate::conflict;

/// The `Result` of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed, and so whether trying again can help.
///
/// The messages are for people: an answer of the API server reads `<message> (<reason>)`, without
/// the debug text of kube's `Status`.
///
/// ```
/// use opgen_runtime::{Error, Result};
///
/// fn image(class: &str, secret: Option<&str>) -> Result<String> {
///     let secret = secret.ok_or_else(|| Error::waiting("the Secret `registry` is not there yet"))?;
///     match class {
///         "small" => Ok(format!("app:small?{secret}")),
///         other => Err(Error::permanent(format!("there is no class `{other}`"))),
///     }
/// }
///
/// assert!(matches!(image("small", None), Err(Error::Waiting(_))));
/// assert_eq!(image("big", Some("s")).unwrap_err().to_string(), "there is no class `big`");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A request to the API server failed. Retried with backoff.
    //
    // Not a `source`: its own text contains the whole debug form of the API server's answer, which
    // would come back in every printed chain.
    #[error("{}", describe(.0))]
    Kube(kube::Error),

    /// Trying again does not help: the object itself is wrong. Not retried until it changes.
    #[error("{0}")]
    Permanent(String),

    /// What the object needs is not there yet, and nothing is wrong. Looked at again when something
    /// changes, and after half a minute.
    #[error("{0}")]
    Waiting(String),

    /// Anything else. Retried with backoff.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error that is not retried until the object changes.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent(message.into())
    }

    /// What the object needs is not there yet, for example `the Secret is not there`; no failure.
    pub fn waiting(message: impl Into<String>) -> Self {
        Self::Waiting(message.into())
    }

    /// Any error, or a message; retried with backoff.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// True when the API server said that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Kube(kube::Error::Api(status)) if status.is_not_found())
    }

    /// True when the API server said that somebody else changed the object first.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Kube(kube::Error::Api(status)) if status.is_conflict())
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Kube(error)
    }
}

impl From<anyhow::Error> for Error {
    /// Keeps an [`Error`] that was wrapped without context as it is, so that a permanent one stays
    /// permanent on its way through `anyhow`.
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) => Self::Other(error.into()),
        }
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for Error {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Other(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// A kube error in one line for people.
pub(crate) fn describe(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => describe_status(status),
        kube::Error::Service(error) if error.is::<NotLeading>() => error.to_string(),
        kube::Error::Service(error) => {
            format!("cannot reach the API server: {}", chain(error.as_ref()))
        }
        kube::Error::HyperError(error) => format!("cannot reach the API server: {}", chain(error)),
        kube::Error::SerdeError(error) => {
            format!("the API server's answer does not fit the type: {error}")
        }
        other => lowercase_first(&chain(other)),
    }
}

/// `<message> (<reason>)`, or who has set what in a conflict of server-side apply.
pub(crate) fn describe_status(status: &kube::core::Status) -> String {
    if let Some(conflict) = conflict::describe(status) {
        return conflict;
    }
    let message = if status.message.is_empty() {
        "the API server refused the request"
    } else {
        status.message.as_str()
    };
    if status.reason.is_empty() {
        format!("{message} ({})", status.code)
    } else {
        format!("{message} ({})", status.reason)
    }
}

/// The error and its causes, each said once: many libraries repeat the cause in their own message.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn lowercase_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api_error() -> kube::Error {
        let status =
            kube::core::Status::failure("deployments.apps \"x\" is forbidden", "Forbidden")
                .with_code(403);
        kube::Error::Api(Box::new(status))
    }

    #[test]
    fn an_api_error_reads_as_message_and_reason() {
        let error = Error::from(api_error());
        assert_eq!(
            error.to_string(),
            "deployments.apps \"x\" is forbidden (Forbidden)"
        );
    }

    #[test]
    fn a_status_is_never_printed_in_debug_form() {
        let error = anyhow::Error::from(Error::from(api_error())).context("applying");
        for text in [format!("{error:#}"), format!("{error:?}")] {
            assert!(!text.contains("Status {"), "{text}");
        }
    }

    #[test]
    fn a_permanent_error_stays_permanent_through_anyhow() {
        let error = Error::from(anyhow::Error::from(Error::permanent("no such class")));
        assert!(matches!(error, Error::Permanent(_)));
    }

    #[test]
    fn a_cause_is_said_once() {
        let refused = std::io::Error::other("connection refused");
        let error = anyhow::Error::from(refused).context("cannot reach the database");
        assert_eq!(
            chain(&Error::from(error)),
            "cannot reach the database: connection refused"
        );
    }
}
