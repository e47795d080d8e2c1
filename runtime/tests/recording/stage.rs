//! A client that records, and what is compared.

use std::path::{Path, PathBuf};

use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use opgen_runtime::envtest::{Environment, Request, eventually};
use opgen_runtime::{Manager, Options};
use serde_json::{Value, json};

use crate::common::{NAMESPACE, PATIENCE, options};

const RECORDING: &str = "recording";
const USER: &str = "system:serviceaccount:operators:operator";

/// An operator's client that records, with the permissions of `rules`.
pub struct Stage {
    pub environment: Environment,
    pub client: Client,
    directory: tempfile::TempDir,
}

impl Stage {
    pub async fn new(rules: Value) -> Self {
        let environment = Environment::start().await.unwrap();
        let kubeconfig = environment.service_account("operators", "operator").await;
        allow(&environment, &rules).await;
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            kubeconfig: Some(kubeconfig.unwrap().into_os_string()),
            rbac_recording: Some(directory.path().join(RECORDING).into_os_string()),
            ..options(&["default", "other"])
        };
        let manager = Manager::new("tester", options).await.unwrap();
        Self {
            client: manager.client().clone(),
            environment,
            directory,
        }
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    pub fn file(&self) -> PathBuf {
        self.directory.path().join(RECORDING)
    }

    pub fn recording(&self) -> Vec<Value> {
        read(&self.file())
    }

    /// Waits until the audit log holds exactly what is recorded.
    pub async fn compare(&self) {
        compare(&self.environment, &self.file(), |_| true).await;
    }
}

/// Gives the operator a cluster role of its own.
pub async fn allow(environment: &Environment, rules: &Value) {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": { "name": "operator" }, "rules": rules,
    });
    let path = environment.directory().join("role.json");
    std::fs::write(&path, role.to_string()).unwrap();
    let create = ["create", "-f", path.to_str().unwrap()];
    environment.kubectl(&create).await.unwrap();
    let bind = [
        "create",
        "clusterrolebinding",
        "operator",
        "--clusterrole=operator",
        "--serviceaccount=operators:operator",
    ];
    environment.kubectl(&bind).await.unwrap();
}

/// The lines of a recording.
pub fn read(path: &Path) -> Vec<Value> {
    // An operator that has just been started has not made it yet.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

pub fn requests(lines: &[Value]) -> impl Iterator<Item = &Value> {
    lines.iter().filter(|line| line.get("verb").is_some())
}

/// Waits until the recording and the audit log have the same requests: as often, and with the same
/// answers. Only those rows count that `counts`.
pub async fn compare(environment: &Environment, path: &Path, counts: impl Fn(&str) -> bool) {
    eventually("what was recorded was audited", PATIENCE, async || {
        let mut recorded = recorded(path);
        let mut audited = audited(environment);
        recorded.retain(|row| counts(row));
        audited.retain(|row| counts(row));
        if recorded == audited {
            assert!(!recorded.is_empty());
            return Ok(());
        }
        Err(format!(
            "only recorded: {:#?}, only audited: {:#?}",
            without(&recorded, &audited),
            without(&audited, &recorded)
        ))
    })
    .await;
}

fn recorded(path: &Path) -> Vec<String> {
    let lines = read(path);
    sorted(requests(&lines).map(|line| {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        row(Request {
            verb: text("verb"),
            user: USER.to_owned(),
            group: text("group"),
            resource: text("resource"),
            subresource: text("subresource"),
            namespace: text("namespace"),
            name: text("name"),
            url: text("url"),
            code: line["code"].as_u64().unwrap().try_into().unwrap(),
        })
    }))
}

fn audited(environment: &Environment) -> Vec<String> {
    let requests = environment.requests().unwrap().into_iter();
    sorted(requests.filter(|request| request.user == USER).map(row))
}

fn row(mut request: Request) -> String {
    if request.verb == "create" && request.subresource.is_empty() {
        // The audit log takes it from the object in the body, of which RBAC knows nothing.
        request.name.clear();
    }
    let Request {
        verb,
        group,
        resource,
        subresource,
        namespace,
        name,
        url,
        code,
        ..
    } = request;
    format!("{verb} {group}|{resource}|{subresource}|{namespace}|{name}|{url} {code}")
}

fn sorted(rows: impl Iterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

/// The rows of `these` of which `those` has fewer.
fn without(these: &[String], those: &[String]) -> Vec<String> {
    let mut left = these.to_vec();
    for row in those {
        if let Some(at) = left.iter().position(|it| it == row) {
            left.remove(at);
        }
    }
    left
}
