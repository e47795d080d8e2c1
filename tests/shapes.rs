//! Every shape of Rust type, on a real API server: its CRD is taken without a warning, what the type writes is stored
//! and reads back equal, and what it does not read is refused. Or opgen says at which field, and why not.
//!
//! The types are in `tests/shapes/`. `BLESS=1` writes what opgen says of them anew.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fills its project and writes what it expects"
)]

#[path = "common/project.rs"]
mod project;

use std::{collections::BTreeMap, env, fs, path::Path, process::Command, time::Duration};

use http::{Method, Request, StatusCode};
use kube::{Client, client::Body};
use opgen::{
    crd::{Level, Schemas, normalise, refused},
    manifests::crdgen::Kind,
};
use opgen_runtime::envtest::{Environment, eventually};
use project::{Project, RUNTIME};
use serde_json::{Value, json};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shapes");
const GROUP: &str = "shapes.example.com";
const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn every_shape_ends_well() {
    let project = project();
    let silent = without_error(&objects(&project, &["refused"]));
    assert!(silent.is_empty(), "refused without a message: {silent:?}");
    crdgen_visits(&project, &["refused", "warned"]);
    let (ok, said) = manifests(&project);
    assert!(!ok, "{said}");
    is_as_expected("refused.stderr", &said);

    crdgen_visits(&project, &["accepted", "roots"]);
    let (ok, said) = manifests(&project);
    assert!(ok, "{said}");
    is_as_expected("accepted.stderr", &said);

    let environment = Environment::start().await.unwrap();
    let server = Server(environment.client());
    let mut failures = server.take_crds(&project).await;
    let (pairs, refused) = server.take_objects(&objects(&project, &[])).await;
    failures += &refused;
    let file = project.directory.join("pairs.json");
    fs::write(&file, pairs.to_string()).unwrap();
    failures += &objects(&project, &[file.to_str().unwrap()]);
    assert!(failures.is_empty(), "{failures}");
}

/// A project whose API has the types of the table.
fn project() -> Project {
    let project = Project::new("shapes", &["init", "--domain=example.com", RUNTIME]);
    project.create_api("--group=shapes --version=v1 --kind=Ordinary --reconciler=empty");
    for name in ["table.rs", "types.rs"] {
        project.put(&format!("api/src/{name}"), &source(name));
    }
    project.put("api/examples/objects.rs", &source("objects.rs"));
    project.append("api/src/lib.rs", "pub mod table;\npub mod types;\n");
    project.replace(
        "api/Cargo.toml",
        "\nschemars = \"1\"\n",
        "\njiff = { version = \"0.2\", features = [\"serde\"] }\nschemars = { version = \"1\", features = [\"jiff02\"] }\n",
    );
    project
}

fn source(name: &str) -> String {
    fs::read_to_string(Path::new(HERE).join(name)).unwrap()
}

/// Lets the project's own crdgen describe the kinds of the table.
fn crdgen_visits(project: &Project, lists: &[&str]) {
    let calls: String = lists
        .iter()
        .map(|list| format!("    shapes_api::table::{list}(&mut kinds);\n"))
        .collect();
    let visitor = "struct Kinds(Vec<serde_json::Value>);\n\n\
                   impl shapes_api::table::Visitor for Kinds {\n    \
                   fn visit<K: shapes_api::table::Shape>(&mut self) {\n        \
                   kube::crdgen::add::<K>(&mut self.0);\n    }\n}\n\n\
                   fn main() -> Result<(), Box<dyn std::error::Error>> {\n    let mut kinds = Kinds(Vec::new());\n";
    let end = "    kube::crdgen::write(&kinds.0)\n}\n";
    project.put("api/examples/crdgen.rs", &format!("{visitor}{calls}{end}"));
}

/// Whether `opgen manifests` went well, and what it said of the types.
fn manifests(project: &Project) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opgen"));
    let output = project.output(command.args(["--color=never", "manifests"]));
    let text = String::from_utf8(output.stderr).unwrap();
    let said = text.lines().filter(|line| {
        ["error", "help: ", "warning: "]
            .iter()
            .any(|word| line.starts_with(word))
    });
    (
        output.status.success(),
        said.map(|line| format!("{line}\n")).collect(),
    )
}

/// The kinds of which opgen makes a CRD without an error.
fn without_error(kinds: &str) -> Vec<String> {
    let kinds: Vec<Value> = serde_json::from_str(kinds).unwrap();
    assert!(!kinds.is_empty());
    let is_silent = |kind: &Kind| {
        let mut findings = refused(std::slice::from_ref(kind));
        if let Ok(crd) = &kind.crd {
            let schemas = Schemas::new(std::slice::from_ref(kind));
            findings.extend(normalise(crd, &schemas).findings);
        }
        !findings.iter().any(|finding| finding.level == Level::Error)
    };
    let kinds = kinds.into_iter().map(|kind| Kind {
        type_name: kind["type"].as_str().unwrap().to_owned(),
        schema: kind["schema"].clone(),
        crd: match &kind["crd"] {
            Value::Null => Err(kind["panic"].as_str().unwrap().to_owned()),
            crd => Ok(crd.clone()),
        },
    });
    kinds.filter(is_silent).map(|kind| kind.type_name).collect()
}

fn is_as_expected(name: &str, said: &str) {
    let file = Path::new(HERE).join(name);
    if env::var_os("BLESS").is_some() {
        fs::write(&file, said).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let difference = similar::TextDiff::from_lines(&*expected, said)
        .unified_diff()
        .to_string();
    assert!(difference.is_empty(), "tests/shapes/{name}:\n{difference}");
}

/// Runs the example that knows the types; what it prints.
fn objects(project: &Project, arguments: &[&str]) -> String {
    // With the features of the whole project, as opgen builds crdgen, so that nothing is compiled twice.
    let packages = ["--package", "shapes", "--package", "shapes-api"];
    project.cargo(&[&["build", "--quiet", "--example", "objects"], &packages[..]].concat());
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/target/scaffolds");
    let target = env::var("OPGEN_SCAFFOLD_TARGET").unwrap_or_else(|_| shared.to_owned());
    let mut command = Command::new(Path::new(&target).join("debug/examples/objects"));
    let output = project.output(command.args(arguments));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

struct Server(Client);

/// What the API server answers.
struct Answer {
    status: StatusCode,
    warnings: Vec<String>,
    body: Value,
}

impl Server {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let response = self.0.send(request).await.unwrap();
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings
            .map(|warning| warning.to_str().unwrap().to_owned())
            .collect();
        let status = response.status();
        let body = response.into_body().collect_bytes().await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Answer {
            status,
            warnings,
            body,
        }
    }

    /// Creates every CRD of the project; which were refused or warned of.
    async fn take_crds(&self, project: &Project) -> String {
        let mut failures = String::new();
        for entry in fs::read_dir(project.directory.join("config/crd/bases")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let crd: Value = serde_saphyr::from_str(&text).unwrap();
            if crd["kind"] != "CustomResourceDefinition" {
                continue;
            }
            let answer = self
                .ask(
                    Method::POST,
                    &format!("{CRDS}?fieldValidation=Strict"),
                    &crd,
                )
                .await;
            let kind = &crd["spec"]["names"]["kind"];
            if normalise(&crd, &Schemas::default()).crd != crd {
                failures += &format!("the CRD of {kind} changes when it is normalised again\n");
            }
            if answer.status != StatusCode::CREATED {
                failures += &format!("the CRD of {kind} is refused: {}\n", answer.body["message"]);
            }
            for warning in answer.warnings {
                failures += &format!("the CRD of {kind} is warned of: {warning}\n");
            }
        }
        failures
    }

    /// Creates every valid object and reads it back, and tries every invalid one. Pairs of what was given and
    /// what came back by kind, and what
    /// went otherwise.
    async fn take_objects(&self, objects: &str) -> (Value, String) {
        let kinds: Vec<Value> = serde_json::from_str(objects).unwrap();
        let mut pairs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut failures = String::new();
        for kind in &kinds {
            let name = kind["kind"].as_str().unwrap();
            let pairs = pairs.entry(name.to_owned()).or_default();
            let Some(path) = self.served(name, kind["plural"].as_str().unwrap()).await else {
                failures += &format!("{name} is not served\n");
                continue;
            };
            for (index, given) in kind["valid"].as_array().unwrap().iter().enumerate() {
                let object = object(name, &format!("valid-{index}"), given);
                let answer = self
                    .ask(
                        Method::POST,
                        &format!("{path}?fieldValidation=Strict"),
                        &object,
                    )
                    .await;
                if answer.status != StatusCode::CREATED {
                    failures += &format!("{name} {given} is refused: {}\n", answer.body["message"]);
                    continue;
                }
                let stored = self
                    .ask(Method::GET, &format!("{path}/valid-{index}"), &Value::Null)
                    .await;
                pairs.push(json!([given, fields(stored.body)]));
            }
            for (index, given) in kind["invalid"].as_array().unwrap().iter().enumerate() {
                let object = object(name, &format!("invalid-{index}"), given);
                let answer = self.ask(Method::POST, &path, &object).await;
                if answer.status != StatusCode::UNPROCESSABLE_ENTITY
                    && answer.status != StatusCode::BAD_REQUEST
                {
                    failures += &format!(
                        "{name} {given} is answered with {}: {}\n",
                        answer.status, answer.body
                    );
                }
            }
        }
        (json!(pairs), failures)
    }

    /// The path of a kind's objects, once they are served.
    async fn served(&self, kind: &str, plural: &str) -> Option<String> {
        let crd = self
            .ask(
                Method::GET,
                &format!("{CRDS}/{plural}.{GROUP}"),
                &Value::Null,
            )
            .await;
        let base = format!("/apis/{GROUP}/v1");
        let path = match crd.body["spec"]["scope"].as_str()? {
            "Cluster" => format!("{base}/{plural}"),
            _ => format!("{base}/namespaces/default/{plural}"),
        };
        eventually(
            &format!("{kind} is served"),
            Duration::from_secs(60),
            async || {
                let answer = self.ask(Method::GET, &path, &Value::Null).await;
                if answer.status.is_success() {
                    Ok(())
                } else {
                    Err(answer.body.to_string())
                }
            },
        )
        .await;
        Some(path)
    }
}

fn object(kind: &str, name: &str, fields: &Value) -> Value {
    let mut object = fields.clone();
    object["apiVersion"] = format!("{GROUP}/v1").into();
    object["kind"] = kind.into();
    object["metadata"] = json!({ "name": name });
    object
}

/// The fields of the root that are the type's own.
fn fields(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|name, _| !["apiVersion", "kind", "metadata"].contains(&name.as_str()));
    }
    object
}
