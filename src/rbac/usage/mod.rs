//! What an operator asked of an API server: requests from a recording of its own or from an audit log.

mod audit_log;
mod recording;
mod resource_name;

use std::fmt;

pub use self::audit_log::{AuditLog, Audited};
pub use self::recording::{Header, PROTOCOL, Reconcile, Recording};
pub use self::resource_name::ResourceName;

/// What a permission is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A resource of the API.
    Resource {
        /// The API group; empty for the core group.
        group: String,
        /// The plural, with the subresource behind a slash.
        resource: String,
    },
    /// A path outside the API, such as `/metrics`.
    Url(String),
}

impl Target {
    /// A resource, with its subresource if there is one.
    #[must_use]
    pub fn resource(group: &str, plural: &str, subresource: &str) -> Self {
        let resource = match subresource {
            "" => plural.to_owned(),
            subresource => format!("{plural}/{subresource}"),
        };
        Self::Resource {
            group: group.to_owned(),
            resource,
        }
    }
}

/// `deployments.apps`, `deployments.apps/status`, `pods` or `/metrics`, as kubectl has it.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(path) => formatter.write_str(path),
            Self::Resource { group, resource } if group.is_empty() => formatter.write_str(resource),
            Self::Resource { group, resource } => match resource.split_once('/') {
                Some((plural, subresource)) => write!(formatter, "{plural}.{group}/{subresource}"),
                None => write!(formatter, "{resource}.{group}"),
            },
        }
    }
}

/// One answered request, in the words of RBAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What was asked first; an apply that creates is a `patch`.
    pub verb: String,
    /// What it was about.
    pub target: Target,
    /// Empty for an object outside of namespaces, and for a list of all of them.
    pub namespace: String,
    /// Empty where the request names no object.
    pub name: String,
    /// The HTTP status of the answer; `None` if none came.
    pub code: Option<u16>,
    /// Whether it was a server-side apply.
    pub apply: bool,
    /// The verb that RBAC refused.
    pub refused: Option<String>,
    /// Who the fields that it set belong to: a controller's name.
    pub manager: String,
}

impl Request {
    /// The verbs that the request needed, and whether each was allowed. None where the answer tells nothing of
    /// permissions: the server was too busy, did not know the caller, or gave no answer at all.
    #[must_use]
    pub fn needs(&self) -> Vec<(&str, bool)> {
        if let Some(refused) = self.refused.as_deref() {
            // The server looks at the other verbs of a request only after the first.
            let first = (refused != self.verb).then_some((self.verb.as_str(), true));
            return first.into_iter().chain([(refused, false)]).collect();
        }
        if self.code.is_none_or(|code| matches!(code, 401 | 429)) {
            return Vec::new();
        }
        let made = self.code == Some(201) && matches!(self.verb.as_str(), "patch" | "update");
        let create = made.then_some(("create", true));
        [(self.verb.as_str(), true)]
            .into_iter()
            .chain(create)
            .collect()
    }
}

#[cfg(test)]
mod tests;
