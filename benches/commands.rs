//! Measures opgen's commands, whole processes, in turn with controller-gen where it is there: `make bench`.
//!
//! `CONTROLLER_GEN` names the program; without it, opgen is measured alone. `COLD=1` measures a first build as well.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench makes projects, prints figures and may panic"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const INIT: &[&str] = &["-q", "init", "--domain=example.com"];
const CREATE_API: &[&str] = &[
    "-q",
    "create",
    "api",
    "--group=apps",
    "--version=v1",
    "--kind=MyApp",
];
const TYPES: &str = "api/src/apps/v1/my_app.rs";

fn main() {
    println!(
        "{:<34} {:>9} {:>9} {:>9}   of N runs: median, least, most, in milliseconds",
        "", "median", "min", "max"
    );
    scaffolding();
    manifests();
    if env::var_os("COLD").is_some() {
        cold();
    }
}

fn scaffolding() {
    let (mut init, mut api) = (Vec::new(), Vec::new());
    for run in 0..21 {
        let project = directory(&format!("scaffold-{run}"));
        init.push(time(opgen(&project, INIT)));
        api.push(time(opgen(&project, CREATE_API)));
    }
    report("opgen init", &init[1..]);
    report("opgen create api", &api[1..]);
}

/// `opgen manifests` in turn with controller-gen on the same API: the tutorial's, and one with a pod template.
fn manifests() {
    let project = project("manifests");
    compare("", &project, "./api/...,./internal/...");
    let project = project_with_pods("pods");
    compare(", pod template", &project, "./podapi/...,./internal/...");
}

fn project(name: &str) -> PathBuf {
    let project = directory(name);
    run(opgen(&project, INIT));
    run(opgen(&project, CREATE_API));
    project
}

fn project_with_pods(name: &str) -> PathBuf {
    let project = project(name);
    let types = fs::read_to_string(project.join(TYPES)).unwrap();
    let (before, after) = types.split_once("    /// The image of").unwrap();
    let (_, after) = after.split_once("pub image: String,").unwrap();
    let template = "    /// What each pod is made from.\n    \
                    pub template: k8s_openapi::api::core::v1::PodTemplateSpec,";
    fs::write(project.join(TYPES), format!("{before}{template}{after}")).unwrap();
    project
}

fn compare(what: &str, project: &Path, packages: &str) {
    let go = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/controller-gen");
    let controller_gen = env::var_os("CONTROLLER_GEN").map(PathBuf::from);
    run(opgen(project, &["-q", "manifests"]));
    let (mut edited, mut unchanged, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..11 {
        let types = fs::read_to_string(project.join(TYPES)).unwrap();
        let types = types.replacen("/// How many pods run", "/// How many pods run,", 1);
        fs::write(project.join(TYPES), types).unwrap();
        edited.push(time(opgen(project, &["-q", "manifests"])));
        unchanged.push(time(opgen(project, &["-q", "manifests"])));
        if let Some(program) = &controller_gen {
            let output = directory(&format!("controller-gen-{turn}"));
            let mut command = Command::new(program);
            command.args(["rbac:roleName=manager-role", "crd"]);
            command.args(
                packages
                    .split(',')
                    .map(|package| format!("paths={package}")),
            );
            command
                .arg(format!("output:dir={}", output.display()))
                .current_dir(&go);
            theirs.push(time(command));
        }
    }
    report(&format!("opgen manifests, edited{what}"), &edited[1..]);
    report(
        &format!("opgen manifests, unchanged{what}"),
        &unchanged[1..],
    );
    if !theirs.is_empty() {
        report(&format!("controller-gen rbac crd{what}"), &theirs[1..]);
        for (when, ours) in [("edited", &edited), ("unchanged", &unchanged)] {
            let ratio = median(&ours[1..]) / median(&theirs[1..]);
            println!("ratio, {when}{what}: {ratio:.3}");
        }
    }
}

/// The first `manifests` of a project, and the first build behind it, which compiles no dependency again.
fn cold() {
    let project = directory("cold");
    let target = project.join("target");
    run(opgen(&project, INIT));
    run(opgen(&project, CREATE_API));
    let mut first = opgen(&project, &["-q", "manifests"]);
    first.env("CARGO_TARGET_DIR", &target);
    report("the first opgen manifests", &[time(first)]);
    let mut build = Command::new("cargo");
    build
        .args(["build", "--locked"])
        .current_dir(&project)
        .env("CARGO_TARGET_DIR", &target);
    let begin = Instant::now();
    let output = build.output().unwrap();
    report("the first cargo build behind it", &[begin.elapsed()]);
    let text = String::from_utf8_lossy(&output.stderr);
    println!(
        "crates compiled by that build: {}",
        text.lines()
            .filter(|line| line.contains("Compiling"))
            .count()
    );
    fs::remove_dir_all(target).unwrap();
}

fn opgen(project: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opgen"));
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scaffolds");
    let target = env::var_os("OPGEN_SCAFFOLD_TARGET").unwrap_or_else(|| shared.into());
    command
        .args(arguments)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target);
    command
}

fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("benches")
        .join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn run(mut command: Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn time(command: Command) -> Duration {
    let begin = Instant::now();
    run(command);
    begin.elapsed()
}

fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn report(name: &str, times: &[Duration]) {
    let milliseconds = |time: Option<&Duration>| time.unwrap().as_secs_f64() * 1000.0;
    let (least, most) = (
        milliseconds(times.iter().min()),
        milliseconds(times.iter().max()),
    );
    println!(
        "{name:<34} {:>9.1} {least:>9.1} {most:>9.1}   of {}",
        median(times),
        times.len()
    );
}
