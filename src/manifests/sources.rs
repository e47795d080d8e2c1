//! The project's own Rust sources.

use std::collections::BTreeMap;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

/// Directories of copies, builds, and what is no part of the operator.
const LEFT_OUT: &[&str] = &[
    "benches",
    "examples",
    "node_modules",
    "target",
    "tests",
    "vendor",
];

/// Every Rust source of the project's own packages: below a `src`, but not of tests, copies or builds.
///
/// # Errors
/// A directory or file that cannot be read.
pub fn read(root: &Utf8Path) -> anyhow::Result<BTreeMap<Utf8PathBuf, String>> {
    let mut found = BTreeMap::new();
    let walk = walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            // Below a `src`, these are names of modules.
            let module = below.iter().any(|part| part == "src");
            let left_out = LEFT_OUT.contains(&name.as_ref()) && !module;
            let other_project = entry.path().join(crate::project::FILE).exists();
            entry.depth() == 0 || !(name.starts_with('.') || left_out || other_project)
        });
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == 0 => return Ok(found), // nothing is there yet
            Err(error) => return Err(error).context("failed to look for Rust sources"),
        };
        let Some(path) = Utf8Path::from_path(entry.path()) else {
            continue;
        };
        let below = path.strip_prefix(root).unwrap_or(path);
        if entry.file_type().is_file() && is_source(below) {
            let text = std::fs::read(path).with_context(|| format!("failed to read `{path}`"))?;
            found.insert(
                below.to_owned(),
                String::from_utf8_lossy(&text).into_owned(),
            );
        }
    }
    Ok(found)
}

/// True for a file that counts: `src/main.rs` and `api/src/apps/mod.rs`, but not `tests/x.rs`.
pub fn is_source(path: &Utf8Path) -> bool {
    let copied = path.starts_with("vendor");
    !copied
        && path.extension() == Some("rs")
        && path.components().any(|part| part.as_str() == "src")
}
