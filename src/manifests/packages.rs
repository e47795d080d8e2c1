//! The packages of the user's workspace, by cargo's own rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::problem::Problem;

/// The directories of a workspace's members, below its root: those that it lists, its root package, and whatever these
/// depend on by a path within the workspace. `changes` are files as they will be, with none for one that goes.
///
/// # Errors
/// A manifest that cannot be read.
pub(super) fn members(
    root: &Utf8Path,
    changes: &BTreeMap<Utf8PathBuf, Option<String>>,
) -> anyhow::Result<BTreeSet<Utf8PathBuf>> {
    let Some(top) = manifest(root, Utf8Path::new(""), changes)? else {
        return Ok(BTreeSet::new());
    };
    let workspace = Workspace::of(&top);
    let mut members = BTreeSet::new();
    let mut next = workspace.listed(root)?;
    next.push(Utf8PathBuf::new());
    while let Some(directory) = next.pop() {
        if members.contains(&directory) || workspace.leaves_out(&directory) {
            continue;
        }
        let Some(found) = manifest(root, &directory, changes)? else {
            continue;
        };
        let dependencies = path_dependencies(&found, &workspace, &directory);
        next.extend(dependencies);
        if found.contains_key("package") {
            members.insert(directory);
        }
    }
    Ok(members)
}

/// What the root's `[workspace]` says.
struct Workspace {
    members: Vec<String>,
    exclude: Vec<String>,
    /// The paths of `[workspace.dependencies]`.
    paths: BTreeMap<String, String>,
}

impl Workspace {
    fn of(top: &DocumentMut) -> Self {
        let workspace = top.get("workspace");
        let list = |key| {
            let list = workspace.and_then(|it| it.get(key)?.as_array());
            let items = list.into_iter().flatten();
            let items = items.filter_map(|it| it.as_str());
            items
                .map(|it| it.trim_end_matches('/').to_owned())
                .collect()
        };
        let shared = workspace.and_then(|it| it.get("dependencies")?.as_table_like());
        let shared = shared.into_iter().flat_map(TableLike::iter);
        let path = |(name, it): (&str, &Item)| {
            let path = it.get("path")?.as_str()?;
            Some((name.to_owned(), path.to_owned()))
        };
        Self {
            members: list("members"),
            exclude: list("exclude"),
            paths: shared.filter_map(path).collect(),
        }
    }

    /// The directories that `members` lists, its patterns included.
    fn listed(&self, root: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
        let mut listed = Vec::new();
        for member in &self.members {
            listed.extend(within(Utf8Path::new(""), member));
            let pattern = format!("{}/{member}", glob::Pattern::escape(root.as_str()));
            let found = glob::glob(&pattern)
                .map_err(|error| Problem::new(format!("`members` of `Cargo.toml`: {error}")))?;
            for path in found.filter_map(|path| Utf8PathBuf::from_path_buf(path.ok()?).ok()) {
                listed.extend(path.strip_prefix(root).ok().map(Utf8Path::to_owned));
            }
        }
        Ok(listed)
    }

    /// Whether `exclude` names a directory, and `members` does not.
    fn leaves_out(&self, directory: &Utf8Path) -> bool {
        let names = |list: &[String]| {
            let mut paths = list.iter().filter_map(|it| within(Utf8Path::new(""), it));
            paths.any(|path| directory.starts_with(path))
        };
        names(&self.exclude) && !names(&self.members)
    }
}

/// The manifest of a directory, if it has one.
fn manifest(
    root: &Utf8Path,
    directory: &Utf8Path,
    changes: &BTreeMap<Utf8PathBuf, Option<String>>,
) -> anyhow::Result<Option<DocumentMut>> {
    let path = directory.join("Cargo.toml");
    let text = match changes.get(&path) {
        Some(planned) => planned.clone(),
        None if root.join(&path).is_file() => {
            let text = std::fs::read_to_string(root.join(&path));
            Some(text.with_context(|| format!("failed to read `{path}`"))?)
        }
        None => None,
    };
    let parse = |text: String| {
        text.parse().map_err(|error: toml_edit::TomlError| {
            let message = format!("`{path}` is not TOML: {}", error.message());
            Problem::new(message).help("mend it: the sources of the workspace's members are read")
        })
    };
    Ok(text.map(parse).transpose()?)
}

/// The directories within the workspace that a package depends on.
fn path_dependencies(
    manifest: &DocumentMut,
    workspace: &Workspace,
    directory: &Utf8Path,
) -> Vec<Utf8PathBuf> {
    let tables = |parent: &dyn TableLike| -> Vec<Utf8PathBuf> {
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        let tables = kinds
            .iter()
            .filter_map(|kind| parent.get(kind)?.as_table_like());
        let path = |(name, it): (&str, &Item)| match it.get("path").and_then(Item::as_str) {
            Some(path) => within(directory, path),
            None => {
                it.get("workspace")?;
                within(Utf8Path::new(""), workspace.paths.get(name)?)
            }
        };
        tables.flat_map(TableLike::iter).filter_map(path).collect()
    };
    let mut found = tables(manifest.as_table());
    let targets = manifest.get("target").and_then(Item::as_table_like);
    for (_, target) in targets.into_iter().flat_map(TableLike::iter) {
        found.extend(target.as_table_like().map(tables).unwrap_or_default());
    }
    found
}

/// A path from a directory of the workspace, by the names in it; none if it leads out of the workspace.
fn within(directory: &Utf8Path, path: &str) -> Option<Utf8PathBuf> {
    let mut found = directory.to_owned();
    for part in Utf8Path::new(path).components() {
        match part {
            Utf8Component::Normal(name) => found.push(name),
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if found.pop() => {}
            _ => return None,
        }
    }
    Some(found)
}
