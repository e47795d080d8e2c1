//! The project's own crdgen: an example of its `api` package that prints every CRD. The types are compiled,
//! never parsed, so what serde and schemars do is the truth.
//!
//! Protocol 1. `crdgen FILE` writes one JSON document to FILE and exits with 0:
//! `{"protocol": 1, "kinds": [{"type": "…", "schema": {…}, "crd": {…}}]}`. `type` is the Rust type, `schema` what
//! schemars makes of it with its definitions under the names of Rust types, `crd` what kube makes of it. Where
//! kube panics, `panic` has the message in place of `crd`. Fields may be added; a change of meaning is protocol 2.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::Value;
use wait_timeout::ChildExt as _;

use crate::{
    problem::{Problem, Problems},
    project::Project,
    shell::Shell,
};

mod build;
mod cache;

pub use build::target_directory;

/// The version of the protocol that this opgen speaks.
pub const PROTOCOL: u64 = 1;
/// The file of a project that speaks it.
pub const FILE: &str = "api/examples/crdgen.rs";
/// How long crdgen may run: it computes and writes one file.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A kind of the project, as crdgen describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// The Rust type, e.g. `myapp_api::apps::v1::my_app::MyApp`.
    pub type_name: String,
    /// What schemars makes of it, with its definitions under the names of Rust types; `null` if crdgen did not say.
    pub schema: Value,
    /// The CRD as kube makes it, or what it panicked with.
    pub crd: Result<Value, String>,
}

/// Builds the project's crdgen, runs it and reads what it says. `locked` leaves `Cargo.lock` alone.
///
/// # Errors
/// Types that do not compile (cargo has said why), and a crdgen that fails, hangs or speaks another protocol.
pub fn run(
    root: &Utf8Path,
    project: &Project,
    locked: bool,
    shell: &Shell,
) -> anyhow::Result<Vec<Kind>> {
    if !root.join(FILE).is_file() {
        let problem = Problem::new(format!("`{FILE}` is missing"));
        return Err(Problems::from(problem.help("restore it from version control")).into());
    }
    let place = cache::Place::of(root);
    let text = match place.as_ref().and_then(cache::Place::answer) {
        Some(text) => text,
        None => {
            let program = build::build(root, project, locked, shell)?;
            let text = answer(root, &program, TIME_LIMIT)?;
            if let Some(place) = place {
                place.keep(&program, &text);
            }
            text
        }
    };
    parse(&text).map_err(|problem| Problems::from(problem).into())
}

/// Runs crdgen; what it writes.
fn answer(root: &Utf8Path, program: &Utf8Path, limit: Duration) -> anyhow::Result<String> {
    let directory = tempfile::tempdir().context("failed to create a temporary directory")?;
    let output = Utf8PathBuf::try_from(directory.path().join("crds.json"))?;
    let mut child = Command::new(program)
        .arg(&output)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("failed to start `{program}`"))?;
    let failed = |message: String| {
        Problems::from(Problem::new(message).help(
        "nothing was written; it runs the project's types, so look for a `JsonSchema` or `Default` of yours that \
         waits, panics or ends the process",
    ))
    };
    let Some(status) = child.wait_timeout(limit)? else {
        child.kill()?;
        child.wait()?;
        let limit = limit.as_secs_f32();
        bail!(failed(format!(
            "`{program}` did not end within {limit} seconds"
        )));
    };
    if !status.success() {
        bail!(failed(format!("`{program}` failed with {status}")));
    }
    let text = std::fs::read_to_string(&output);
    text.map_err(|_| failed(format!("`{program}` wrote no answer")).into())
}

fn parse(text: &str) -> Result<Vec<Kind>, Problem> {
    #[derive(Deserialize)]
    struct Document {
        protocol: u64,
        kinds: Option<Vec<Value>>,
    }
    let broken = |reason: String| {
        Problem::new(format!("`{FILE}` wrote what opgen does not read: {reason}"))
            .help("restore it from version control")
    };
    let document: Document =
        serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
    if document.protocol != PROTOCOL {
        let message = format!(
            "`{FILE}` speaks protocol {}, and this opgen {PROTOCOL}",
            document.protocol
        );
        return Err(Problem::new(message).help("use the opgen that `PROJECT` names"));
    }
    let kind = |kind: &Value| {
        let type_name = kind["type"]
            .as_str()
            .ok_or_else(|| broken("a kind without `type`".to_owned()))?
            .to_owned();
        let crd = match (&kind["crd"], kind["panic"].as_str()) {
            (crd @ Value::Object(_), _) => Ok(crd.clone()),
            (_, Some(panic)) => Err(panic.to_owned()),
            _ => return Err(broken(format!("`{type_name}` without `crd` and `panic`"))),
        };
        let schema = kind["schema"].clone();
        Ok(Kind {
            type_name,
            schema,
            crd,
        })
    };
    document
        .kinds
        .unwrap_or_default()
        .iter()
        .map(kind)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_crdgen_that_misbehaves_is_told() {
        let root = Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crdgen"));
        for (program, message) in [
            ("hangs", "did not end within 0.2 seconds"),
            ("fails", "failed with exit status: 3"),
            ("silent", "wrote no answer"),
        ] {
            let limit = Duration::from_millis(if program == "hangs" { 200 } else { 60_000 });
            let error = answer(root, &root.join(program), limit).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        let text = answer(root, &root.join("noisy"), TIME_LIMIT).unwrap();
        assert_eq!(text, "answer\n", "stdout is not the answer");
    }

    #[test]
    fn what_crdgen_writes_is_read_and_anything_else_is_refused() {
        let kinds =
            parse(r#"{"protocol":1,"kinds":[{"type":"A","crd":{}},{"type":"B","panic":"oh"}]}"#)
                .unwrap();
        assert_eq!(kinds[0].crd, Ok(serde_json::json!({})));
        assert_eq!(kinds[1].crd, Err("oh".to_owned()));
        for (text, message) in [
            ("", "does not read"),
            (r#"{"protocol":2}"#, "speaks protocol 2"),
            (r#"{"protocol":1,"kinds":[{}]}"#, "without `type`"),
            (r#"{"protocol":1,"kinds":[{"type":"A"}]}"#, "without `crd`"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.message.contains(message), "{problem:?}");
        }
    }
}
