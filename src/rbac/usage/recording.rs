//! The recording that `opgen-runtime` makes of an operator's requests. Its module `recording` defines the format.

use serde::Deserialize;

use super::{Request, Target};
use crate::problem::Problem;

/// The version of the format that this opgen reads.
pub const PROTOCOL: u64 = 1;

/// What the first line of each process says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub recording: u64,
    /// The operator's name.
    #[serde(default)]
    pub operator: String,
    /// The operator's own namespace.
    #[serde(default)]
    pub namespace: String,
    /// The namespaces that it watches; empty for all.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// The names of its controllers.
    #[serde(default)]
    pub controllers: Vec<String>,
}

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recording {
    /// A process has begun.
    Begin(Header),
    /// A request was answered.
    Request(Request),
    /// A reconcile has ended.
    Reconcile(Reconcile),
}

/// How a reconcile of one object ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reconcile {
    /// The controller's name.
    pub controller: String,
    /// `namespace/name`, or the name alone.
    pub object: String,
    /// `success`, `failure` or `panic`.
    pub outcome: String,
    /// Whether the object was about to go.
    #[serde(default)]
    pub deleting: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Begin(Header),
    Reconcile(Reconcile),
    Request(Call),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Call {
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    url: String,
    code: Option<u16>,
    apply: bool,
    refused: Option<String>,
    manager: String,
}

impl Recording {
    /// Reads one line.
    ///
    /// # Errors
    /// A line that is none of a recording, and a format that this opgen does not know; the place is the caller's to add.
    pub fn read(line: &str) -> Result<Self, Problem> {
        let strange = || {
            Problem::new("no line of a recording")
                .help("a recording is what an operator writes with `--rbac-recording FILE`")
        };
        match serde_json::from_str(line).map_err(|_| strange())? {
            Line::Begin(header) if header.recording != PROTOCOL => {
                let theirs = header.recording;
                let message =
                    format!("the recording has format {theirs}, and this opgen reads {PROTOCOL}");
                Err(Problem::new(message).help("record again with the runtime of this opgen"))
            }
            Line::Begin(header) => Ok(Self::Begin(header)),
            Line::Reconcile(reconcile) => Ok(Self::Reconcile(reconcile)),
            Line::Request(call) if call.verb.is_empty() => Err(strange()),
            Line::Request(call) if call.url.is_empty() && call.resource.is_empty() => {
                Err(strange())
            }
            Line::Request(call) => Ok(Self::Request(call.into())),
        }
    }
}

impl From<Call> for Request {
    fn from(call: Call) -> Self {
        let target = match call.url.as_str() {
            "" => Target::resource(&call.group, &call.resource, &call.subresource),
            _ => Target::Url(call.url),
        };
        Self {
            verb: call.verb,
            target,
            namespace: call.namespace,
            name: call.name,
            code: call.code,
            apply: call.apply,
            refused: call.refused,
            manager: call.manager,
        }
    }
}
