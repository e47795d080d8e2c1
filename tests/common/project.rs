//! A user's repository with one project in it, whose builds share a target directory with those of other tests.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes and fills projects"
)]
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

/// The runtime of this checkout, so that it is compiled once for all projects.
pub const RUNTIME: &str = concat!("--runtime=", env!("CARGO_MANIFEST_DIR"), "/runtime");

/// A user's repository with one project in it.
pub struct Project {
    pub directory: PathBuf,
    name: String,
}

/// Cargo's own lock would make the tests wait for each other anyway, and they would count that as time of theirs.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Project {
    pub fn new(name: &str, init: &[&str]) -> Self {
        let repositories = Path::new(env!("CARGO_TARGET_TMPDIR")).join("operators");
        let directory = repositories.join(name);
        if directory.exists() {
            fs::remove_dir_all(&directory).unwrap();
        }
        fs::create_dir_all(&directory).unwrap();
        // Clippy takes the nearest `clippy.toml` of the directories above a project, which would be opgen's own.
        fs::write(repositories.join("clippy.toml"), "").unwrap();
        let project = Self {
            directory,
            name: name.to_owned(),
        };
        project.opgen(init);
        project
    }

    pub fn create_api(&self, arguments: &str) {
        let arguments: Vec<_> = ["create", "api"]
            .into_iter()
            .chain(arguments.split(' '))
            .collect();
        self.opgen(&arguments);
    }

    pub fn opgen(&self, arguments: &[&str]) {
        self.run(Command::new(env!("CARGO_BIN_EXE_opgen")).args(arguments));
    }

    pub fn cargo(&self, arguments: &[&str]) {
        self.run(Command::new("cargo").args(arguments));
    }

    pub fn put(&self, path: &str, text: &str) {
        fs::write(self.directory.join(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.directory.join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn append(&self, path: &str, text: &str) {
        self.put(path, &(self.read(path) + text));
    }

    /// Replaces a text that stands in a file exactly once.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {path}");
        self.put(path, &text.replace(old, new));
    }

    pub fn formatted(&self) {
        self.cargo(&[
            "fmt",
            "--check",
            "--package",
            &self.name,
            "--package",
            &format!("{}-api", self.name),
        ]);
    }

    /// Runs targets of the project's own Makefile.
    pub fn make(&self, arguments: &[&str]) {
        let opgen = env!("CARGO_BIN_EXE_opgen");
        self.run(Command::new("make").args(arguments).env("OPGEN", opgen));
    }

    /// The project's own checks and tests pass, its manifests can be written again, and nothing is left behind.
    pub fn is_clean(&self) {
        self.commit();
        self.make(&["lint", "manifests", "build", "test"]);
        self.is_committed();
    }

    pub fn commit(&self) {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "--all"]);
        self.git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "commit",
            "--quiet",
            "-m",
            "opgen",
        ]);
    }

    /// No tracked file was changed, and none left behind.
    pub fn is_committed(&self) {
        let status = self.git(&["status", "--porcelain"]);
        assert!(
            status.is_empty(),
            "files were changed or left behind:\n{status}"
        );
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.run(Command::new("git").args(arguments))
    }

    /// Runs a command in the project, which must succeed; its stdout.
    fn run(&self, command: &mut Command) -> String {
        let output = self.output(command);
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let directory = self.directory.display();
        assert!(
            output.status.success(),
            "{command:?} in {directory}:\n{stdout}{stderr}"
        );
        stdout.into_owned()
    }

    /// Runs a command in the project, with the target directory that all projects share unless it has another.
    pub fn output(&self, command: &mut Command) -> Output {
        let _turn = ONE_AT_A_TIME.lock();
        let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/target/scaffolds");
        let target = env::var_os("OPGEN_SCAFFOLD_TARGET").unwrap_or_else(|| shared.into());
        // What cargo tells the tests of opgen is not for the builds of a project.
        for (key, _) in env::vars_os() {
            let name = key.to_string_lossy();
            let of_opgen = ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];
            if name.starts_with("CARGO_PKG_") || of_opgen.contains(&name.as_ref()) {
                command.env_remove(&key);
            }
        }
        if command.get_envs().all(|(key, _)| key != "CARGO_TARGET_DIR") {
            command.env("CARGO_TARGET_DIR", target);
        }
        let output = command.current_dir(&self.directory).output();
        output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }
}
