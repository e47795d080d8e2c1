//! Holds generated Rust code formatted as `cargo fmt` would leave it, for names of every length and first letter.
//!
//! Lengths decide where a line is broken, and letters where an import is sorted.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::Parser as _;
use opgen::{builtin, cli::Cli, commands, resource::TAKEN_TYPES};

/// Longest name of a project, and of a kind.
const PROJECT: usize = 28;
const KIND: usize = 59;

// A command takes time for each kind that is there already, so that many small projects are faster than a large one.

#[test]
fn a_kind_of_any_length_is_formatted() {
    let projects = Projects::new();
    // What stands beside the kind on a line is as short, as usual and as long as it can be.
    for (name, group) in [
        ("a", "a"),
        ("myapp", "apps"),
        (&"p".repeat(PROJECT), &"g".repeat(40)),
    ] {
        for length in 1..=KIND {
            let project = projects.init(name);
            let kind = one_word(length);
            project.create(&[group, &kind]);
            project.create(&[
                &format!("e{group}"),
                &kind,
                "--reconciler",
                "empty",
                "--namespaced=false",
            ]);
            project.create(&[
                &format!("w{group}"),
                &many_words(length),
                "--reconciler",
                "empty",
            ]);
        }
    }
    projects.assert_formatted();
}

#[test]
fn a_project_of_any_length_and_letter_is_formatted() {
    let projects = Projects::new();
    let letters = ('a'..='z').map(|letter| format!("{letter}pp"));
    for name in (1..=PROJECT)
        .map(|length| "p".repeat(length))
        .chain(letters)
    {
        let project = projects.init(&name);
        project.create(&["apps", "MyApp"]);
        project.create(&["apps", &one_word(KIND), "--reconciler", "empty"]);
        project.create(&["core", "Pod", "--resource=false"]);
    }
    projects.assert_formatted();
}

#[test]
fn a_project_without_a_kind_is_formatted() {
    let projects = Projects::new();
    projects.init("myapp");
    projects.assert_formatted();
}

#[test]
fn a_group_of_any_length_and_letter_is_formatted() {
    let projects = Projects::new();
    for group in (1..=63).map(|length| "g".repeat(length)) {
        let project = projects.init("myapp");
        project.create(&[&group, "MyApp"]);
        project.create(&[&group, &one_word(40), "--reconciler", "empty"]);
    }
    for letter in 'a'..='z' {
        let project = projects.init("myapp");
        project.create(&[&format!("{letter}1"), "MyApp"]);
        project.create(&[&format!("{letter}10"), "MyApp", "--reconciler", "empty"]);
        project.create(&[&format!("{letter}.b-c"), "MyApp", "--reconciler", "empty"]);
    }
    projects.assert_formatted();
}

#[test]
fn a_kind_of_any_letter_is_formatted() {
    let projects = Projects::new();
    for letter in 'A'..='Z' {
        let project = projects.init("myapp");
        for kind in [
            letter.to_string(),
            format!("{letter}2"),
            format!("{letter}10"),
            format!("{letter}pp"),
        ] {
            // Short names are a kind's own within its group.
            let short = format!("x{}", kind.to_lowercase());
            let longer = format!("{short}yz");
            project.create(&[
                "deployment",
                &kind,
                "--short-name",
                &short,
                "--short-name",
                &longer,
            ]);
            project.create(&["empty", &kind, "--reconciler", "empty"]);
        }
    }
    projects.assert_formatted();
}

#[test]
fn a_kind_with_a_taken_name_is_formatted() {
    let projects = Projects::new();
    // Neighbours stay apart: one name may be the plural of the one before it.
    let count = TAKEN_TYPES.len().div_ceil(5);
    for first in 0..count {
        let kinds = TAKEN_TYPES.iter().skip(first).step_by(count);
        let project = projects.init("myapp");
        for kind in kinds {
            project.create(&["deployment", kind, "--controller=false"]);
            project.create(&["deployment", kind, "--resource=false"]);
            project.create(&["empty", kind, "--reconciler", "empty"]);
        }
    }
    projects.assert_formatted();
}

#[test]
fn a_controller_of_any_built_in_kind_is_formatted() {
    let projects = Projects::new();
    let kinds: Vec<_> = builtin::all()
        .filter(|known| known.version == "v1")
        .collect();
    for name in ["myapp", "zeta", &"p".repeat(PROJECT)] {
        for kinds in kinds.chunks(5) {
            let project = projects.init(name);
            kinds
                .iter()
                .for_each(|known| project.create(&[known.group, known.kind, "--resource=false"]));
        }
    }
    projects.assert_formatted();
}

#[test]
fn a_kind_with_many_versions_is_formatted() {
    let projects = Projects::new();
    let project = projects.init("myapp");
    for version in ["v1", "v2", "v10", "v1alpha1", "v1beta1", "v2alpha10"] {
        project.run(&[
            "create",
            "api",
            "--group",
            "apps",
            "--kind",
            "MyApp",
            "--version",
            version,
        ]);
    }
    projects.assert_formatted();
}

/// `Kkkkk`: one letter short of the next length, and no letter that a plural could double.
fn one_word(length: usize) -> String {
    format!("K{}", "k".repeat(length - 1))
}

/// `KkKkK`: as many words as there can be, so that the module is half as long again.
fn many_words(length: usize) -> String {
    "Kk".chars().cycle().take(length).collect()
}

/// A directory of projects.
struct Projects {
    root: tempfile::TempDir,
    made: Cell<usize>,
}

impl Projects {
    fn new() -> Self {
        let projects = Self {
            root: tempfile::tempdir().expect("a directory can be made"),
            made: Cell::new(0),
        };
        projects.write_runtime();
        projects
    }

    /// Something that passes for the runtime: a copy of it in every project would only cost time.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test writes into directories of its own"
    )]
    fn write_runtime(&self) {
        let directory = self.root.path().join("runtime");
        fs::create_dir_all(&directory).expect("a directory can be made");
        fs::write(
            directory.join("Cargo.toml"),
            "[package]\nname = \"opgen-runtime\"\n",
        )
        .expect("a file can be written");
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test writes into directories of its own"
    )]
    fn init(&self, name: &str) -> Project {
        self.made.update(|made| made + 1);
        let project = Project(self.root.path().join(self.made.get().to_string()));
        fs::create_dir_all(&project.0).expect("a directory can be made");
        project.run(&[
            "init",
            "--domain",
            "example.com",
            "--project-name",
            name,
            "--runtime",
            "../runtime",
        ]);
        project
    }

    /// One rustfmt looks at all of them. It follows `mod` lines from the roots of the packages.
    fn assert_formatted(&self) {
        let mut roots: Vec<_> = walkdir::WalkDir::new(self.root.path())
            .into_iter()
            .filter_map(|entry| Some(entry.ok()?.into_path()))
            .collect();
        let is_root = |path: &Path| {
            [
                "src/lib.rs",
                "src/main.rs",
                "examples/crdgen.rs",
                "tests/operator/main.rs",
            ]
            .iter()
            .any(|root| path.ends_with(root))
        };
        roots.retain(|path| is_root(path));
        roots.sort();
        assert!(roots.len() >= 5, "{roots:?}");
        let output = Command::new("rustfmt")
            .args(["--edition", "2024", "--check", "--color", "never"])
            .args(&roots)
            .output()
            .expect("rustfmt can be started");
        let text = String::from_utf8_lossy(&output.stdout)
            .replace(self.root.path().to_str().expect("UTF-8"), "");
        let differing = text.matches("Diff in ").count();
        let start: String = text
            .lines()
            .take(200)
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(
            output.status.success(),
            "{differing} places differ from what rustfmt would write:\n{start}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

struct Project(PathBuf);

impl Project {
    /// Creates a kind from its group, its name and further arguments.
    fn create(&self, arguments: &[&str]) {
        let (group, rest) = arguments.split_first().expect("a group");
        let (kind, rest) = rest.split_first().expect("a kind");
        let command = [
            "create",
            "api",
            "--version",
            "v1",
            "--group",
            group,
            "--kind",
            kind,
        ];
        self.run(&[&command, rest].concat());
    }

    fn run(&self, arguments: &[&str]) {
        let directory = self.0.to_str().expect("UTF-8");
        let cli = Cli::parse_from(
            ["opgen", "--quiet", "-C", directory]
                .iter()
                .chain(arguments),
        );
        commands::run(&cli, &commands::shell(&cli.global))
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    }
}
