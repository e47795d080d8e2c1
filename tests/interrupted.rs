//! Stops a command at each of its writes: what is left holds together, and the same command again completes it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::bail;
use camino::Utf8Path;
use opgen::scaffold::{
    Existing, File, Owner, Scaffold,
    apply::{self, Directory, Target},
    disk::{Disk, OnDisk},
    plan::Plan,
    record::{self, Record},
};
use tree::{Node, Tree};

#[path = "common/binary.rs"]
mod binary;
#[path = "common/tree.rs"]
mod tree;

const INIT: &str = "init --domain example.com --runtime ../runtime";
const KIND: &str = "create api --group apps --version v1 --kind MyApp";

#[test]
fn a_kind_that_was_interrupted_at_any_write_is_completed_by_the_same_command() {
    interrupt_everywhere(&[INIT], KIND);
}

#[test]
fn a_kind_beside_others_that_was_interrupted_is_completed() {
    interrupt_everywhere(
        &[INIT, KIND],
        "create api --group apps --version v1 --kind Backup --reconciler empty",
    );
    interrupt_everywhere(
        &[INIT, KIND],
        "create api --group cache --version v1 --kind MyApp --reconciler empty",
    );
}

#[test]
fn a_further_version_that_was_interrupted_is_completed() {
    interrupt_everywhere(
        &[INIT, KIND],
        "create api --group apps --version v2 --kind MyApp",
    );
}

#[test]
fn a_controller_that_was_interrupted_is_completed() {
    interrupt_everywhere(
        &[INIT],
        "create api --group core --version v1 --kind Pod --resource=false",
    );
    let types = format!("{KIND} --controller=false");
    interrupt_everywhere(&[INIT, &types], &format!("{KIND} --resource=false"));
}

#[test]
fn a_project_that_was_interrupted_is_completed() {
    interrupt_everywhere(&[], INIT);
}

#[test]
#[ignore = "builds operators: make test"]
fn a_project_compiles_after_each_write_of_a_command() {
    let commands = [
        "-C interrupted init --domain example.com --runtime RUNTIME",
        "-C interrupted create api --group apps --version v1 --kind MyApp",
        "-C interrupted create api --group apps --version v2 --kind MyApp",
    ];
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/runtime");
    let run = |sandbox: &Path, command: &str| {
        let outcome = binary::run(
            sandbox,
            &binary::words(&command.replace("RUNTIME", runtime)),
        );
        assert_eq!(outcome.code, 0, "`{command}`: {}", outcome.stderr);
    };
    // One directory: cargo takes packages of one name in several for the same in a shared target directory.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupted");
    let project = place.join("interrupted");
    let trees: Vec<Tree> = (1..=commands.len())
        .map(|count| {
            clear(&place);
            commands[..count]
                .iter()
                .for_each(|command| run(&place, command));
            tree::read(&project)
        })
        .collect();
    for pair in trees.windows(2) {
        clear(&place);
        tree::write(&project, &pair[0]);
        let directory = Utf8Path::from_path(&project).expect("UTF-8");
        let mut target = Directory(directory);
        for step in plan(&pair[0], &pair[1]).changes() {
            let one = Plan {
                steps: vec![step.clone()],
                ..Plan::default()
            };
            apply::apply(&one, &mut target, &mut |_| ()).expect("the disk takes it");
            check(&project, &format!("after `{}`", step.path));
        }
    }
}

/// Empties a directory of this test's own.
#[expect(clippy::disallowed_methods, reason = "it is no project of a user's")]
fn clear(directory: &Path) {
    if directory.exists() {
        std::fs::remove_dir_all(directory).expect("a directory can be removed");
    }
    std::fs::create_dir_all(directory).expect("a directory can be made");
}

fn check(project: &Path, when: &str) {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/target/scaffolds");
    let target = std::env::var_os("OPGEN_SCAFFOLD_TARGET").unwrap_or_else(|| shared.into());
    let output = std::process::Command::new("cargo")
        .args([
            "check",
            "--workspace",
            "--all-targets",
            "--locked",
            "--quiet",
        ])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{when}: {said}");
}

fn interrupt_everywhere(before: &[&str], command: &str) {
    let start = Sandbox::new(&Tree::new());
    before.iter().for_each(|command| start.run(command));
    let old = start.project();
    let finished = Sandbox::new(&old);
    finished.run(command);
    let new = finished.project();
    let plan = plan(&old, &new);
    let writes = plan.changes().count();
    assert!(writes > 5, "`{command}` writes {writes} files only");
    let mut failures = String::new();
    for last in 0..writes {
        let sandbox = Sandbox::new(&old);
        let directory = sandbox.directory();
        let directory = Utf8Path::from_path(&directory).expect("UTF-8");
        let mut target = FailsAfter {
            writes: last,
            directory: Directory(directory),
        };
        apply::apply(&plan, &mut target, &mut |_| ()).expect_err("the target fails");
        let left = sandbox.project();
        let place = format!("`{command}` after {last} of {writes} writes");
        // Before the first project is whole, there is nothing that could compile.
        if !old.is_empty() {
            assert_modules_hold_together(&left, &place);
        }
        let project = |tree: &Tree| tree.get("PROJECT").cloned();
        assert!(
            project(&left) == project(&old) || project(&left) == project(&new),
            "{place}: PROJECT is neither old nor new"
        );
        let again = sandbox.outcome(command);
        let difference = tree::difference(&new, &sandbox.project());
        if again.code != 0 || !difference.is_empty() {
            failures += &format!(
                "{place}, and the same command again:\n{}{difference}",
                again.stderr
            );
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// The plan that leads from one tree to the other. Its order is opgen's own: that of [`Plan::compute`].
fn plan(old: &Tree, new: &Tree) -> Plan {
    let text = |tree: &Tree, path: &str| match tree.get(path) {
        Some(Node::File(text)) => Some(String::from_utf8(text.clone()).expect("UTF-8")),
        _ => None,
    };
    let record = |tree: &Tree| {
        Record::parse(&text(tree, record::FILE).unwrap_or_default()).expect("opgen wrote it")
    };
    let after = record(new);
    let owners: Vec<_> = [Owner::User, Owner::Shared, Owner::Opgen]
        .into_iter()
        .map(|owner| {
            (
                owner,
                after
                    .paths(owner, "")
                    .map(Utf8Path::to_owned)
                    .collect::<BTreeSet<_>>(),
            )
        })
        .collect();
    let mut scaffold = Scaffold::default();
    let mut disk = Disk::default();
    for path in new.keys().filter(|path| old.get(*path) != new.get(*path)) {
        let owner = owners
            .iter()
            .find(|(_, paths)| paths.contains(Utf8Path::new(path)))
            .map_or(Owner::Opgen, |(owner, _)| *owner);
        let file = File {
            owner,
            existing: Existing::Replace,
            text: text(new, path).expect("opgen writes files"),
        };
        scaffold.files.insert(path.into(), file);
        disk.0.insert(
            path.into(),
            text(old, path).map_or(OnDisk::Missing, OnDisk::Text),
        );
    }
    Plan::compute(&scaffold, &disk, &record(old), false)
}

/// A disk that is full after some writes.
struct FailsAfter<'a> {
    writes: usize,
    directory: Directory<'a>,
}

impl Target for FailsAfter<'_> {
    fn write(&mut self, path: &Utf8Path, text: &str) -> anyhow::Result<()> {
        if self.writes == 0 {
            bail!("no space left for `{path}`");
        }
        self.writes -= 1;
        self.directory.write(path, text)
    }

    fn remove(&mut self, path: &Utf8Path) -> anyhow::Result<()> {
        self.directory.remove(path)
    }
}

/// A project's directory of its own, beside something that passes for the runtime.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new(project: &Tree) -> Self {
        let sandbox = Self(tempfile::tempdir().expect("a directory can be made"));
        let manifest = Node::File(b"[package]\nname = \"opgen-runtime\"\n".to_vec());
        tree::write(
            sandbox.0.path(),
            &[
                ("runtime/Cargo.toml".to_owned(), manifest),
                ("myapp".to_owned(), Node::EmptyDirectory),
            ]
            .into(),
        );
        tree::write(&sandbox.directory(), project);
        sandbox
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join("myapp")
    }

    fn project(&self) -> Tree {
        tree::read(&self.directory())
    }

    fn outcome(&self, command: &str) -> binary::Outcome {
        binary::run(&self.directory(), &binary::words(command))
    }

    fn run(&self, command: &str) {
        let outcome = self.outcome(command);
        assert_eq!(
            outcome.code, 0,
            "`{command}`:\n{}{}",
            outcome.stdout, outcome.stderr
        );
    }
}

/// Every declared module has its file, and every path in an index has its module: the project compiles.
fn assert_modules_hold_together(tree: &Tree, place: &str) {
    let text = |path: &str| match tree.get(path) {
        Some(Node::File(text)) => Some(String::from_utf8(text.clone()).expect("UTF-8")),
        _ => None,
    };
    let mut modules = BTreeSet::new();
    for (root, name) in [
        ("api/src/lib.rs", "myapp_api"),
        ("src/lib.rs", "crate"),
        ("src/main.rs", "main"),
        ("tests/operator/main.rs", "operator"),
    ] {
        if let Some(source) = text(root) {
            let directory = Path::new(root)
                .parent()
                .expect("it has a directory")
                .to_str()
                .expect("UTF-8");
            declared(&source, name, directory, &text, &mut modules, place);
        }
    }
    for (index, name) in [
        ("src/controllers.rs", "crate"),
        ("api/examples/crdgen.rs", "myapp_api"),
    ] {
        for path in text(index).iter().flat_map(|source| paths(source)) {
            let path = path
                .strip_prefix("controller::")
                .map_or(path.clone(), |rest| format!("crate::controller::{rest}"));
            if let Some(module) = path
                .starts_with(name)
                .then(|| path.rsplit_once("::"))
                .flatten()
                .map(|(module, _)| module)
            {
                assert!(
                    modules.contains(module),
                    "{place}: `{index}` names `{module}`, which no module declares"
                );
            }
        }
    }
}

/// Walks the modules that a source declares, with their files.
fn declared(
    source: &str,
    name: &str,
    directory: &str,
    text: &dyn Fn(&str) -> Option<String>,
    modules: &mut BTreeSet<String>,
    place: &str,
) {
    modules.insert(name.to_owned());
    for line in source.lines() {
        let Some(module) = line
            .trim_start_matches("pub ")
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'))
        else {
            continue;
        };
        let below = format!("{directory}/{module}");
        let found = text(&format!("{below}.rs")).or_else(|| text(&format!("{below}/mod.rs")));
        let found = found
            .unwrap_or_else(|| panic!("{place}: `{name}` declares `{module}`, which has no file"));
        declared(
            &found,
            &format!("{name}::{module}"),
            &below,
            text,
            modules,
            place,
        );
    }
}

/// The paths with `::` in a source, up to their last name.
fn paths(source: &str) -> Vec<String> {
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("use "));
    let words = code.flat_map(|line| {
        line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
    });
    words
        .filter(|word| word.contains("::") && !word.starts_with(':'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_a_run_that_was_killed_leaves_beside_a_file_goes_with_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(directory.path()).unwrap();
    let mut target = Directory(root);
    target.write("a/b.txt".into(), "whole\n").unwrap();
    // A run that is killed within a write.
    std::fs::copy(root.join("a/b.txt"), root.join("a/.b.txt.opgen")).unwrap();
    target.write("a/b.txt".into(), "other\n").unwrap();
    let left: Vec<_> = root
        .join("a")
        .read_dir_utf8()
        .unwrap()
        .map(|it| it.unwrap().file_name().to_owned())
        .collect();
    assert_eq!(left, ["b.txt"]);
    assert_eq!(
        std::fs::read_to_string(root.join("a/b.txt")).unwrap(),
        "other\n"
    );
}
