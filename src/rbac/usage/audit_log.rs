//! An API server's audit log, of `audit.k8s.io/v1`: one JSON object a line.

use std::collections::BTreeSet;

use serde::{Deserialize, de::IgnoredAny};

use super::{Request, Target};
use crate::problem::Problem;

/// Reads an audit log line by line, in memory that does not grow with its length.
#[derive(Debug, Default)]
pub struct AuditLog {
    /// The watches that have begun and were counted then.
    open: BTreeSet<String>,
}

/// What one line of an audit log tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Who asked, e.g. `system:serviceaccount:myapp-system:myapp-controller-manager`.
    pub user: String,
    /// What was asked.
    pub request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "kind")]
    _kind: EventKind,
    #[serde(rename = "auditID", default)]
    id: String,
    #[serde(default)]
    stage: String,
    #[serde(default)]
    verb: String,
    #[serde(rename = "requestURI", default)]
    uri: String,
    #[serde(default)]
    user: User,
    /// Whose permissions counted, if not those of the one who asked.
    impersonated_user: Option<IgnoredAny>,
    object_ref: Option<Object>,
    response_status: Option<Status>,
    #[serde(default)]
    annotations: Annotations,
}

/// `Event`, and no other: a line of some other log is not skipped in silence.
#[derive(Deserialize)]
enum EventKind {
    Event,
}

#[derive(Default, Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
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
    #[serde(default)]
    message: String,
}

#[derive(Default, Deserialize)]
struct Annotations {
    #[serde(rename = "authorization.k8s.io/decision", default)]
    decision: String,
}

impl AuditLog {
    /// Reads one line; `None` for one that tells nothing new: a request is counted when it is answered, a watch as soon
    /// as it begins, where the log says so. What
    /// is asked in another's name tells nothing of the permissions of who asks, nor does the other ask it.
    ///
    /// # Errors
    /// A line that is no audit event; the place is the caller's to add.
    pub fn read(&mut self, line: &str) -> Result<Option<Audited>, Problem> {
        let event: Event = serde_json::from_str(line).map_err(|_| {
            Problem::new("no event of an audit log")
                .help("an audit log has one `audit.k8s.io/v1` Event in JSON a line")
        })?;
        let counts = match event.stage.as_str() {
            "ResponseStarted" => event.verb == "watch" && self.open.insert(event.id.clone()),
            "ResponseComplete" | "Panic" => !self.open.remove(&event.id),
            _ => false,
        };
        let in_own_name = event.impersonated_user.is_none();
        Ok((counts && in_own_name).then(|| event.into()))
    }
}

impl From<Event> for Audited {
    fn from(event: Event) -> Self {
        let status = event.response_status;
        let code = status.as_ref().map(|status| status.code);
        let refused = status.filter(|_| code == Some(403)).and_then(|status| {
            let said = refused_verb(&status.message).map(ToOwned::to_owned);
            said.or_else(|| (event.annotations.decision == "forbid").then(|| event.verb.clone()))
        });
        let query = event.uri.split_once('?').map_or("", |(_, query)| query);
        let target = match &event.object_ref {
            Some(object) => {
                Target::resource(&object.api_group, &object.resource, &object.subresource)
            }
            None => Target::Url(event.uri.split('?').next().unwrap_or_default().to_owned()),
        };
        let object = event.object_ref.unwrap_or_default();
        let manager = query
            .split('&')
            .find_map(|part| part.strip_prefix("fieldManager="));
        let request = Request {
            verb: event.verb,
            target,
            namespace: object.namespace,
            name: object.name,
            code,
            apply: false,
            refused,
            manager: manager
                .map(|text| text.replace("%2F", "/"))
                .unwrap_or_default(),
        };
        Self {
            user: event.user.username,
            request,
        }
    }
}

/// The verb of `… cannot VERB resource …` or `… cannot VERB path …`, as the RBAC authorizer's refusal has it
/// (k8s.io/apiserver, `endpoints/handlers/responsewriters/errors.go`).
fn refused_verb(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("forbidden: User \"")?;
    let (_, rest) = rest.split_once("\" cannot ")?;
    let (verb, rest) = rest.split_once(' ')?;
    (rest.starts_with("resource ") || rest.starts_with("path ")).then_some(verb)
}
