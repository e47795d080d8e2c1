//! Runs a project's tests, with every operator that they start recorded.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    commands::envtest, manifests::crdgen, problem::Problem, scaffold::blob_id, shell::Shell,
};

/// Where a project's tests were recorded last: cargo's target directory keeps it.
pub(super) fn recording(root: &Utf8Path) -> Option<Utf8PathBuf> {
    let name = format!("recording-{}.jsonl", blob_id(root.as_str()));
    Some(crdgen::target_directory(root)?.join("opgen").join(name))
}

/// What the tests led to.
pub(super) struct Tested {
    /// What the operators did.
    pub(super) recording: Utf8PathBuf,
    /// Whether every test passed.
    pub(super) passed: bool,
}

/// Runs every test, those on a real kube-apiserver included.
///
/// # Errors
/// Tests that cannot be run: that fail is no error.
pub(super) fn run(root: &Utf8Path, shell: &Shell) -> anyhow::Result<Tested> {
    let recording = recording(root).context("cargo's target directory is not known")?;
    fresh(&recording)?;
    let assets = envtest::assets(shell)?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    shell.status("test", "the project, with its operator recorded");
    // Cargo's report is talk; data is what opgen prints.
    let status = Command::new(&cargo)
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .args(shell.is_quiet().then_some("--quiet"))
        .args(["--", "--include-ignored"])
        .current_dir(root)
        .env("KUBEBUILDER_ASSETS", assets)
        .env("RBAC_RECORDING", &recording)
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("failed to run `{cargo}`"))?;
    if !recording.exists() {
        let problem = match status.success() {
            true => Problem::new("the tests started no operator that can be recorded")
                .help("start it in a test: `opgen_runtime::envtest::Environment::operator`"),
            false => Problem::new("the tests failed before an operator was started")
                .help("mend what cargo reports above"),
        };
        return Err(crate::problem::Problems::from(problem).into());
    }
    Ok(Tested {
        recording,
        passed: status.success(),
    })
}

/// Operators append to a recording.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo's target directory is no part of the project"
)]
fn fresh(recording: &Utf8Path) -> anyhow::Result<()> {
    let directory = recording.parent().unwrap_or(recording);
    fs::create_dir_all(directory).with_context(|| format!("failed to make `{directory}`"))?;
    match fs::remove_file(recording) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove `{recording}`"))
        }
        _ => Ok(()),
    }
}
