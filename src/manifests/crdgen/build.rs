//! Builds crdgen with cargo.

use std::{
    io::BufRead as _,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::FILE;
use crate::{
    problem::{Problem, Problems},
    project::Project,
    shell::Shell,
};

/// Builds crdgen with the features of the whole project, so that nothing is compiled again for `make build`.
pub(super) fn build(
    root: &Utf8Path,
    project: &Project,
    locked: bool,
    shell: &Shell,
) -> anyhow::Result<Utf8PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(&cargo);
    command.args([
        "build",
        "--example",
        "crdgen",
        "--message-format",
        "json-render-diagnostics",
    ]);
    command.args([
        "--package",
        project.name.as_str(),
        "--package",
        &format!("{}-api", project.name),
    ]);
    command.arg("--manifest-path").arg(root.join("Cargo.toml"));
    if locked {
        command.arg("--locked");
    }
    if shell.is_quiet() {
        command.arg("--quiet");
    }
    if has_build_target(root) {
        // crdgen runs here, whatever the operator is built for.
        command.args(["--target", "host-tuple"]);
    }
    command
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let failed = || format!("failed to run `{cargo}`");
    let mut child = command.spawn().with_context(failed)?;
    let stdout = child.stdout.take().context("cargo's output is piped")?;
    let mut program = None;
    let mut has_compiled = false;
    for line in std::io::BufReader::new(stdout).lines() {
        let line = line.with_context(failed)?;
        has_compiled |= is_end(&line);
        program = executable(&line).or(program);
    }
    if !child.wait().with_context(failed)?.success() {
        let what = match has_compiled {
            true => "the project's types do not compile",
            // A manifest, the lock, or a package that cannot be had.
            false => "cargo cannot build the project's types",
        };
        let problem = Problem::new(format!("{what}; no file was touched"));
        return Err(Problems::from(problem.help("mend what cargo reports above")).into());
    }
    program.with_context(|| format!("`{cargo} build` named no executable for `{FILE}`"))
}

/// The program that a line of cargo's messages announces, if it is crdgen.
fn executable(line: &str) -> Option<Utf8PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        target: Option<Target>,
        executable: Option<Utf8PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let message: Message = serde_json::from_str(line).ok()?;
    message
        .executable
        .filter(|_| message.target.is_some_and(|target| target.name == "crdgen"))
}

/// Whether a line of cargo's messages is the last one, which comes only after something was compiled or failed to.
fn is_end(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
    }
    serde_json::from_str(line).is_ok_and(|message: Message| message.reason == "build-finished")
}

/// True when cargo's configuration names a target, whose programs may not run here.
fn has_build_target(root: &Utf8Path) -> bool {
    std::env::var_os("CARGO_BUILD_TARGET").is_some() || configuration(root, "target").is_some()
}

/// Cargo's target directory; nothing where only cargo knows it.
pub fn target_directory(root: &Utf8Path) -> Option<Utf8PathBuf> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match set("CARGO_TARGET_DIR").or_else(|| set("CARGO_BUILD_TARGET_DIR")) {
        Some(directory) => Some(root.join(directory)),
        None => match configuration(root, "target-dir") {
            // Relative to the directory that has `.cargo`.
            Some((file, directory)) => Some(file.parent()?.parent()?.join(directory)),
            None => Some(root.join("target")),
        },
    }
}

/// The string that cargo's configuration has under `build`, from the file that is nearest to the project.
pub(super) fn configuration(root: &Utf8Path, key: &str) -> Option<(Utf8PathBuf, String)> {
    configuration_files(root).into_iter().find_map(|file| {
        let text = std::fs::read_to_string(&file).ok()?;
        let document: toml_edit::DocumentMut = text.parse().ok()?;
        let value = document.get("build")?.get(key)?;
        // A list of targets is none of one name, and still a setting.
        Some((file, value.as_str().unwrap_or_default().to_owned()))
    })
}

/// Every place where cargo looks for its configuration, the nearest first (The Cargo Book, "Configuration").
pub(super) fn configuration_files(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let home = std::env::var("CARGO_HOME").ok();
    let home = home.or_else(|| Some(format!("{}/.cargo", std::env::var("HOME").ok()?)));
    let places = root.ancestors().map(|directory| directory.join(".cargo"));
    let places = places.chain(home.map(Utf8PathBuf::from));
    let files = places.flat_map(|place| [place.join("config.toml"), place.join("config")]);
    files.collect()
}
