//! Runs each case of `tests/golden/`, and compares what opgen says and writes with what stands there, byte for byte.
//!
//! A case is a directory; a new one needs no line of code. It has:
//!
//! - `cmd`: what happens, a line each (below).
//! - `from`: the case whose result is the starting tree. Without it, the project's directory is empty.
//! - `stderr`: the commands, and what each says on stderr, with `exit N` behind those that fail.
//! - `stdout`: the same for stdout, only if there is any.
//! - `out/`: the files that opgen created or changed, and no other.
//! - `removed`: the files that opgen removed, only if there are any.
//!
//! `BLESS=1` writes all but `cmd` and `from` anew. Lines of `cmd`:
//!
//! - `opgen …`: runs it. Quotes hold words together.
//! - `# …`: says why.
//! - `$ write PATH <<END`: puts the following lines, up to a line `END`, into a file. Any word does for `END`.
//! - `$ replace PATH OLD NEW`: replaces a text that stands in a file exactly once.
//! - `$ remove PATH`, `$ mkdir PATH`, `$ link TARGET PATH`: what they say.
//!
//! Everything happens in `[ROOT]/myapp`, where `[ROOT]` is a fresh directory in which nothing else may change.
//! Three things are compared with their source, and have no copy in `out/` nor in the diffs of `stdout`: the
//! runtime in `vendor/opgen-runtime`, its lines in `.opgen/files`, and `Cargo.lock`.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use tree::{Node, Tree};

#[path = "common/binary.rs"]
mod binary;
#[path = "common/tree.rs"]
mod tree;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
const VENDOR: &str = "vendor/opgen-runtime/";

#[test]
fn every_case_says_and_writes_what_is_expected() {
    let mut results = BTreeMap::new();
    let mut failures = String::new();
    for name in cases() {
        let played = result(&name, &mut results).shown();
        let directory = Path::new(CASES).join(&name);
        let mut expected = tree::read(&directory);
        expected.retain(|path, _| path != "cmd" && path != "from");
        if env::var_os("BLESS").is_some() {
            bless(&directory, &expected, &played);
        } else if expected != played {
            failures += &format!("\n=== {name} ===\n{}", tree::difference(&expected, &played));
        }
    }
    assert!(
        failures.is_empty(),
        "{failures}\nhelp: if this is as it should be, run `make bless` and read the difference"
    );
}

#[test]
fn a_completion_script_is_one_for_its_shell() {
    for (shell, start) in [
        ("bash", "_opgen() {\n"),
        ("fish", "# Print an optspec"),
        ("zsh", "#compdef opgen\n"),
    ] {
        let outcome = binary::run(
            Path::new(CASES),
            &["completion".to_owned(), shell.to_owned()],
        );
        assert!(
            outcome.stdout.starts_with(start),
            "{shell}: {}",
            outcome.stdout
        );
        assert!(
            outcome.stderr.is_empty() && outcome.code == 0,
            "{shell}: {}",
            outcome.stderr
        );
    }
}

fn cases() -> Vec<String> {
    let entries = fs::read_dir(CASES).expect("tests/golden can be read");
    let names = entries.map(|entry| {
        entry
            .expect("an entry can be read")
            .file_name()
            .into_string()
            .expect("names are UTF-8")
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test writes into directories of its own"
)]
fn bless(directory: &Path, old: &Tree, new: &Tree) {
    if directory.join("out").exists() {
        fs::remove_dir_all(directory.join("out")).expect("old files can be removed");
    }
    for path in old.keys().filter(|path| !path.starts_with("out")) {
        fs::remove_file(directory.join(path)).expect("an old file can be removed");
    }
    tree::write(directory, new);
}

/// What a case led to.
#[derive(Default)]
struct Played {
    /// `[ROOT]` afterwards.
    tree: Tree,
    /// The paths below `[ROOT]` that opgen changed.
    touched: BTreeSet<String>,
    stderr: String,
    stdout: String,
}

/// Plays a case, after the one that it starts from.
fn result<'a>(name: &str, known: &'a mut BTreeMap<String, Played>) -> &'a Played {
    if !known.contains_key(name) {
        let file = |file: &str| fs::read_to_string(Path::new(CASES).join(name).join(file));
        let before =
            file("from").map_or(Tree::new(), |from| result(from.trim(), known).tree.clone());
        let commands =
            file("cmd").unwrap_or_else(|error| panic!("tests/golden/{name} has no `cmd`: {error}"));
        known.insert(name.to_owned(), play(name, &commands, &before));
    }
    &known[name]
}

fn play(name: &str, commands: &str, before: &Tree) -> Played {
    let root = tempfile::tempdir().expect("a directory can be made");
    let here = root.path().join("myapp");
    let mut played = Played::default();
    tree::write(root.path(), before);
    tree::write(
        root.path(),
        &[("myapp".to_owned(), Node::EmptyDirectory)].into(),
    );
    let mut lines = commands.lines();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            continue;
        }
        let words = binary::words(line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => {}
            ["$", helper @ ..] => help(&here, helper, &mut lines)
                .unwrap_or_else(|error| panic!("{name}: `{line}`: {error}")),
            ["opgen", arguments @ ..] => {
                let arguments: Vec<_> = arguments
                    .iter()
                    .map(|&argument| argument.to_owned())
                    .collect();
                let before = tree::read(root.path());
                let outcome = binary::run(&here, &arguments);
                played
                    .touched
                    .extend(changed(&before, &tree::read(root.path())));
                assert!(
                    !outcome.stderr.contains("panicked at"),
                    "{name}: `{line}`:\n{}",
                    outcome.stderr
                );
                let exit = if outcome.code == 0 {
                    String::new()
                } else {
                    format!("exit {}\n", outcome.code)
                };
                played.stderr += &format!(
                    "$ {line}\n{}{exit}",
                    without_root(&outcome.stderr, root.path())
                );
                if !outcome.stdout.is_empty() {
                    played.stdout += &format!(
                        "$ {line}\n{}",
                        without_root(&without_copies(&outcome.stdout), root.path())
                    );
                }
            }
            _ => panic!("{name}: `{line}` is no line of a `cmd`"),
        }
    }
    played.tree = tree::read(root.path());
    played
}

/// The small language beside `opgen`, see the head of this file.
#[expect(
    clippy::disallowed_methods,
    reason = "a test writes into directories of its own"
)]
fn help(here: &Path, words: &[&str], lines: &mut std::str::Lines<'_>) -> std::io::Result<()> {
    match words {
        ["write", path, end] => {
            let end = end.strip_prefix("<<").expect("`<<` and a word");
            let text: String = lines
                .take_while(|line| *line != end)
                .map(|line| format!("{line}\n"))
                .collect();
            fs::create_dir_all(here.join(path).parent().expect("a file has a directory"))?;
            fs::write(here.join(path), text)
        }
        ["replace", path, old, new] => {
            let text = fs::read_to_string(here.join(path))?;
            assert_eq!(
                text.matches(old).count(),
                1,
                "`{old}` must stand in `{path}` once:\n{text}"
            );
            fs::write(here.join(path), text.replace(old, new))
        }
        ["remove", path] if here.join(path).is_dir() => fs::remove_dir_all(here.join(path)),
        ["remove", path] => fs::remove_file(here.join(path)),
        ["mkdir", path] => fs::create_dir_all(here.join(path)),
        ["link", target, path] => std::os::unix::fs::symlink(target, here.join(path)),
        _ => panic!("there is no such helper"),
    }
}

fn changed(before: &Tree, after: &Tree) -> Vec<String> {
    let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let filled = |path: &str| {
        after.keys().any(|other| {
            other
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path) && !filled(path))
        .cloned()
        .collect()
}

fn without_root(text: &str, root: &Path) -> String {
    let real = root.canonicalize().expect("the directory is there");
    text.replace(real.to_str().expect("UTF-8"), "[ROOT]")
        .replace(root.to_str().expect("UTF-8"), "[ROOT]")
}

/// Diffs without those of the files that `out/` leaves out, and without their lines in `.opgen/files`.
fn without_copies(text: &str) -> String {
    let mut kept = String::new();
    let mut copy = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("--- ") {
            copy = lines
                .peek()
                .is_some_and(|next| next.starts_with("+++ b/Cargo.lock") || next.contains(VENDOR));
        }
        // Also where it only stands beside what changes.
        let recorded = line.strip_prefix(['+', '-', ' ']).unwrap_or(line);
        let is_recorded = recorded.starts_with("opgen ") && line.contains(VENDOR);
        if !copy && !is_recorded {
            kept += &format!("{line}\n");
        }
    }
    kept
}

impl Played {
    /// The files that stand for this result in the directory of its case.
    fn shown(&self) -> Tree {
        let mut shown = Tree::new();
        let mut removed = String::new();
        let mut copies = BTreeSet::new();
        for path in &self.touched {
            let below = path
                .strip_prefix("myapp/")
                .unwrap_or_else(|| panic!("opgen changed `{path}`, outside of its directory"));
            match self.tree.get(path) {
                None => removed += &format!("{below}\n"),
                Some(Node::File(_)) if path.contains(VENDOR) => {
                    copies.extend(path.split_once(VENDOR).map(|(project, _)| project))
                }
                Some(Node::File(_)) if below.ends_with("Cargo.lock") => self.check_lock(path),
                Some(Node::File(text)) if below.ends_with(".opgen/files") => {
                    let text = String::from_utf8_lossy(text);
                    let lines = text
                        .lines()
                        .filter(|line| !line.contains(VENDOR))
                        .map(|line| format!("{line}\n"));
                    shown.insert(
                        format!("out/{below}"),
                        Node::File(lines.collect::<String>().into()),
                    );
                }
                Some(node) => {
                    shown.insert(format!("out/{below}"), node.clone());
                }
            }
        }
        copies
            .into_iter()
            .for_each(|project| self.check_runtime(project));
        for (name, text) in [
            ("stderr", &self.stderr),
            ("stdout", &self.stdout),
            ("removed", &removed),
        ] {
            if !text.is_empty() {
                shown.insert(name.to_owned(), Node::File(text.as_bytes().to_owned()));
            }
        }
        shown
    }

    /// The copy of the runtime is whole, and the same as its source.
    fn check_runtime(&self, project: &str) {
        let directory = format!("{project}{VENDOR}");
        let copies = self.tree.iter().filter_map(|(path, node)| {
            Some((path.strip_prefix(&directory)?.to_owned(), node.clone()))
        });
        let copies: Tree = copies.collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = tree::read(&root.join("runtime"));
        sources.retain(|path, _| {
            path == "Cargo.toml" || path == "README.md" || path.starts_with("src/")
        });
        sources.insert(
            "LICENSE".to_owned(),
            Node::File(fs::read(root.join("LICENSE")).expect("LICENSE can be read")),
        );
        let difference = tree::difference(&sources, &copies);
        assert!(
            difference.is_empty(),
            "the runtime in `{directory}` is no copy of `runtime/`:\n{difference}"
        );
    }

    /// The lock file has the packages of the template, with the project's name in place, in cargo's order.
    fn check_lock(&self, path: &str) {
        let text = |path: &str| match self.tree.get(path) {
            Some(Node::File(text)) => String::from_utf8(text.clone()).expect("UTF-8"),
            _ => panic!("no `{path}`"),
        };
        let lock = text(path);
        let project = text(&path.replace("Cargo.lock", "PROJECT"));
        let name = project
            .lines()
            .find_map(|line| line.strip_prefix("name: "))
            .expect("a project has a name");
        let template = include_str!("../templates/init/base/Cargo.lock.tera")
            .replace("{{ project.name }}", name)
            .replace("{{ project.api_package }}", &format!("{name}-api"))
            .replace("{{ project.kube_package }}", &format!("{name}-kube"));
        assert_eq!(
            packages(&lock),
            packages(&template),
            "`{path}` has other packages than its template"
        );
        let names: Vec<_> = lock
            .lines()
            .filter_map(|line| line.strip_prefix("name = "))
            .collect();
        assert!(names.is_sorted(), "the packages of `{path}` are not sorted");
        for package in lock.split("[[package]]") {
            let dependencies: Vec<_> = package
                .lines()
                .filter(|line| line.starts_with(" \""))
                .collect();
            assert!(
                dependencies.is_sorted(),
                "dependencies in `{path}` are not sorted:\n{package}"
            );
        }
    }
}

/// The packages of a lock file, without regard to any order.
fn packages(lock: &str) -> BTreeSet<BTreeSet<&str>> {
    lock.split("[[package]]")
        .map(|package| package.lines().filter(|line| !line.is_empty()).collect())
        .collect()
}
