//! A directory in memory, so that two of them can be compared whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    File(Vec<u8>),
    Link(PathBuf),
    /// Directories are there by the paths of their files, but for those that have none.
    EmptyDirectory,
}

/// Everything below a directory, by path with `/` between its parts.
pub type Tree = BTreeMap<String, Node>;

/// What builds leave at the top of a project, which its `.gitignore` names.
const BUILDS: &[&str] = &["dist", "target"];

/// Reads a directory. One that is not there is empty.
pub fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    if root.exists() {
        collect(root, "", &mut tree);
    }
    tree
}

fn collect(directory: &Path, prefix: &str, tree: &mut Tree) {
    let entries = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("failed to read `{}`: {error}", directory.display()));
    for entry in entries {
        let entry = entry.expect("an entry can be read");
        let path = format!(
            "{prefix}{}",
            entry.file_name().to_str().expect("names are UTF-8")
        );
        let kind = entry.file_type().expect("an entry has a type");
        if BUILDS.contains(&path.as_str()) {
            continue;
        }
        if kind.is_symlink() {
            tree.insert(
                path,
                Node::Link(fs::read_link(entry.path()).expect("a link can be read")),
            );
        } else if kind.is_dir() {
            let before = tree.len();
            collect(&entry.path(), &format!("{path}/"), tree);
            if tree.len() == before {
                tree.insert(path, Node::EmptyDirectory);
            }
        } else {
            tree.insert(
                path,
                Node::File(fs::read(entry.path()).expect("a file can be read")),
            );
        }
    }
}

/// Writes a tree into a directory, beside what is there.
#[expect(
    clippy::disallowed_methods,
    reason = "a test writes into directories of its own"
)]
pub fn write(root: &Path, tree: &Tree) {
    for (path, node) in tree {
        let path = root.join(path);
        let directory = if *node == Node::EmptyDirectory {
            &path
        } else {
            path.parent().expect("a file has a directory")
        };
        fs::create_dir_all(directory).expect("a directory can be made");
        match node {
            Node::File(text) => fs::write(&path, text).expect("a file can be written"),
            Node::Link(target) => {
                std::os::unix::fs::symlink(target, &path).expect("a link can be made")
            }
            Node::EmptyDirectory => {}
        }
    }
}

/// What is wrong with a tree, file by file; empty for one that is as expected.
pub fn difference(expected: &Tree, actual: &Tree) -> String {
    let paths: BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
    let differing = paths
        .into_iter()
        .filter(|path| expected.get(*path) != actual.get(*path));
    differing
        .map(|path| node_difference(path, expected.get(path), actual.get(path)))
        .collect()
}

fn node_difference(path: &str, expected: Option<&Node>, actual: Option<&Node>) -> String {
    match (expected, actual) {
        (Some(Node::File(expected)), Some(Node::File(actual))) => {
            let (expected, actual) = (
                String::from_utf8_lossy(expected),
                String::from_utf8_lossy(actual),
            );
            let difference = similar::TextDiff::from_lines(expected.as_ref(), actual.as_ref());
            difference
                .unified_diff()
                .header(&format!("expected/{path}"), &format!("actual/{path}"))
                .to_string()
        }
        (Some(_), None) => format!("`{path}` is missing\n"),
        (None, Some(_)) => format!("`{path}` is unexpected\n"),
        _ => format!("`{path}` is a file on one side, and a link or a directory on the other\n"),
    }
}
