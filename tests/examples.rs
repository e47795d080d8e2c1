//! Holds each `examples/<name>/` equal to what the commands in `examples/<name>.cmd` produce today.
//!
//! `BLESS=1` writes the examples anew. They are whole, with their `Cargo.lock`; the runtime is the one of this
//! repository, two directories above.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use tree::{Node, Tree};

#[path = "common/binary.rs"]
mod binary;
#[path = "common/tree.rs"]
mod tree;

#[test]
fn every_example_is_what_its_commands_produce() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut failures = String::new();
    let lists = command_lists(&repository.join("examples"));
    assert!(!lists.is_empty(), "there is no `examples/<name>.cmd`");
    for list in lists {
        let directory = list.with_extension("");
        let produced = produce(repository, &list);
        let expected = tree::read(&directory);
        if env::var_os("BLESS").is_some() {
            bless(&directory, &expected, &produced);
        } else if expected != produced {
            failures += &format!(
                "\n=== {} ===\n{}",
                directory.display(),
                tree::difference(&expected, &produced)
            );
        }
    }
    assert!(
        failures.is_empty(),
        "{failures}\nhelp: examples are never edited by hand: run `make bless` and read the difference"
    );
}

fn command_lists(examples: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(examples).expect("examples/ can be read");
    let mut lists: Vec<_> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    lists.retain(|path| path.extension().is_some_and(|extension| extension == "cmd"));
    lists.sort();
    lists
}

/// Runs a list of commands in a directory that is as far below the runtime as the example is.
fn produce(repository: &Path, list: &Path) -> Tree {
    let root = tempfile::tempdir().expect("a directory can be made");
    let example = root
        .path()
        .join("examples")
        .join(list.file_stem().expect("a list has a name"));
    tree::write(
        root.path(),
        &[("runtime".to_owned(), Node::Link(repository.join("runtime")))].into(),
    );
    tree::write(&example, &[(String::new(), Node::EmptyDirectory)].into());
    for line in fs::read_to_string(list)
        .expect("a list can be read")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let words = binary::words(line);
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        assert_eq!(program, "opgen", "{}: `{line}`", list.display());
        let outcome = binary::run(&example, arguments);
        assert_eq!(
            outcome.code,
            0,
            "{}: `{line}`:\n{}{}",
            list.display(),
            outcome.stdout,
            outcome.stderr
        );
    }
    tree::read(&example)
}

#[expect(
    clippy::disallowed_methods,
    reason = "examples are written by this test alone"
)]
fn bless(directory: &Path, old: &Tree, new: &Tree) {
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        fs::remove_file(directory.join(path)).expect("an old file can be removed");
    }
    tree::write(directory, new);
}
