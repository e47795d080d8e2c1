//! What the API server was asked, by whom and with what result: its audit log.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::Environment;
use crate::{Error, Result, recording};

/// The policy: every request, without bodies, once, when it is answered.
pub(super) fn policy() -> String {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [{ "level": "Metadata" }],
    });
    policy.to_string()
}

/// One answered request, in RBAC's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`. A
    /// server-side apply is a `patch`. Outside the API it is the HTTP method in lower case.
    pub verb: String,
    /// `system:serviceaccount:<namespace>:<name>` for an operator, `admin` for the test itself.
    pub user: String,
    /// The API group, empty for the core group.
    pub group: String,
    /// The resource, in the plural.
    pub resource: String,
    /// `status` and the like, else empty.
    pub subresource: String,
    /// Empty for a cluster-scoped object, or a list of all namespaces.
    pub namespace: String,
    /// Empty for a list or watch.
    pub name: String,
    /// The path of what is no resource, for example `/version`; then all of group to name is empty.
    pub url: String,
    /// The HTTP status of the answer.
    pub code: u16,
}

impl Environment {
    /// The API server's audit log, for instance for `opgen rbac verify --audit-log`.
    pub fn audit_log(&self) -> &Path {
        &self.control_plane.audit_log
    }

    /// Every request that has been answered so far, oldest first, the API server's own left out. A
    /// watch appears when it ends.
    ///
    /// # Errors
    ///
    /// When the audit log cannot be read.
    pub fn requests(&self) -> Result<Vec<Request>> {
        let path = self.audit_log();
        let log = std::fs::read_to_string(path)
            .map_err(|error| Error::other(format!("cannot read `{}`: {error}", path.display())))?;
        // The last line may be half written.
        let complete = log.rfind('\n').map_or("", |end| &log[..end]);
        let requests = complete.lines().filter_map(|line| parse(line).transpose());
        requests.collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: User,
    object_ref: Option<Object>,
    response_status: Option<Status>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Object {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    api_group: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

/// `None` for the API server's own.
fn parse(line: &str) -> Result<Option<Request>> {
    let event: Event = serde_json::from_str(line)?;
    if event.user.username == "system:apiserver" {
        return Ok(None);
    }
    let url = match event.object_ref {
        Some(_) => String::new(),
        None => recording::decode(event.uri.split('?').next().unwrap_or_default()).into_owned(),
    };
    let object = event.object_ref.unwrap_or_default();
    Ok(Some(Request {
        verb: event.verb,
        user: event.user.username,
        group: object.api_group,
        resource: object.resource,
        subresource: object.subresource,
        namespace: object.namespace,
        name: object.name,
        url,
        code: event.response_status.map_or(0, |status| status.code),
    }))
}
