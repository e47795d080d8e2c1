//! Lists of modules that somebody has deleted, which come back whole, or has moved.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    project::{Project, Types},
    scaffold::{Owner, Scaffold, disk, entry},
    templates::{
        self,
        context::{ApiContext, InitContext, ProjectView},
    },
};

/// The lists that opgen has rendered and the disk no longer has, each with every module whose file is there.
/// A list without any module stays deleted.
///
/// # Errors
/// A record that cannot be read.
pub(super) fn deleted(root: &Utf8Path, project: &Project) -> anyhow::Result<Scaffold> {
    let record = disk::record(root)?;
    let deleted: BTreeSet<Utf8PathBuf> = record
        .paths(Owner::Shared, "")
        .filter(|path| !root.join(path).exists())
        .map(Utf8Path::to_owned)
        .collect();
    if deleted.is_empty() {
        return Ok(Scaffold::default());
    }
    let mut lists = all(project)?;
    lists.entries.retain(|path, lines| {
        lines.retain(|line| has_file(root, path, line));
        deleted.contains(path) && !lines.is_empty()
    });
    lists
        .files
        .retain(|path, _| lists.entries.contains_key(path));
    Ok(lists)
}

/// Sends entries to where the user keeps their list: `src/controller.rs` does for `src/controller/mod.rs`.
pub(super) fn follow(root: &Utf8Path, scaffold: &mut Scaffold) {
    let lists: Vec<_> = scaffold
        .shared()
        .into_keys()
        .filter(|list| list.file_name() == Some("mod.rs") && !root.join(list).exists())
        .map(Utf8Path::to_owned)
        .collect();
    for list in lists {
        let Some(beside) = list
            .parent()
            .map(|directory| directory.with_extension("rs"))
        else {
            continue;
        };
        if root.join(&beside).is_file() {
            scaffold.files.remove(&list);
            let entries = scaffold.entries.remove(&list).unwrap_or_default();
            scaffold.entries.insert(beside, entries);
        }
    }
}

/// Every list of a project, with all that its resources put there.
fn all(project: &Project) -> anyhow::Result<Scaffold> {
    let context = InitContext {
        project: ProjectView::new(project),
    };
    let mut lists = templates::render("init/base", &context)?;
    for resource in &project.resources {
        let context = ApiContext::new(project, resource);
        if resource.types == Types::Own {
            lists.extend(templates::render("api/resource", &context)?);
        }
        if resource.controller {
            lists.extend(templates::render("api/controller/base", &context)?);
        }
    }
    Ok(lists)
}

/// True when the module that an entry declares is there: `my_app.rs` or `my_app/` beside the list.
fn has_file(root: &Utf8Path, list: &Utf8Path, entry: &str) -> bool {
    let module = entry::module_name(entry).unwrap_or_default();
    let beside = root.join(list).with_file_name(module);
    beside.is_dir() || beside.with_extension("rs").is_file()
}
