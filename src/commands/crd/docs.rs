//! `opgen crd docs`: a page of reference for each kind.

use std::{collections::BTreeMap, fs};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    cli::{CrdDocsArgs, GlobalArgs},
    commands::{
        directory,
        finish::{About, Finish, finish},
    },
    crd,
    problem::{Problem, Problems},
    project,
    scaffold::{Owner, Scaffold, disk},
    shell::Shell,
    yaml,
};

/// Runs `opgen crd docs`.
///
/// # Errors
/// Files of CRDs that cannot be read; with `--check`, every page that is out of date.
pub fn run(args: &CrdDocsArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let (root, project) = project::find(&directory(global)?)?;
    let mut scaffold = Scaffold::default();
    for (name, crd) in crds(&root, shell)? {
        scaffold.derived(crd::docs_path(&name.0, &name.1), crd::page(&crd)?);
    }
    let record = disk::record(&root)?;
    let pages = record.paths(Owner::Opgen, crd::DOCS);
    let gone = pages.filter(|path| !scaffold.files.contains_key(*path));
    scaffold.removals = gone.map(Utf8Path::to_owned).collect();
    let finish_with = Finish {
        root: &root,
        project: &project,
        subject: "every page is up to date".to_owned(),
        check: args.check,
        about: About::Pages,
    };
    finish(scaffold, &finish_with, &args.write, shell).map(drop)
}

/// The group and the plural of a CRD.
type Name = (String, String);

fn name(crd: &Value) -> Option<Name> {
    let text = |pointer: &str| {
        let text = crd.pointer(pointer)?.as_str()?;
        // Only what can be part of a file's name.
        let safe = !text.is_empty() && !text.contains(['/', '\\']);
        safe.then(|| text.to_owned())
    };
    text("/spec/names/kind")?;
    Some((text("/spec/group")?, text("/spec/names/plural")?))
}

/// The CRDs on the disk. Other files beside them have no page, and that is said.
fn crds(root: &Utf8Path, shell: &Shell) -> anyhow::Result<BTreeMap<Name, Value>> {
    let mut crds = BTreeMap::new();
    let mut problems = Problems::default();
    for path in yaml_files(root)? {
        let bytes =
            fs::read(root.join(&path)).with_context(|| format!("failed to read `{path}`"))?;
        let Some(object) = problems.check(object(&path, bytes)) else {
            continue;
        };
        match object["kind"].as_str() {
            Some("CustomResourceDefinition") => {
                let (message, help) = match name(&object) {
                    Some(name) if !crds.contains_key(&name) => {
                        crds.insert(name, object);
                        continue;
                    }
                    Some((group, plural)) => (
                        format!("`{path}` is a second CRD of `{plural}.{group}`"),
                        "remove one of them",
                    ),
                    None => (
                        format!("the CRD in `{path}` lacks a group, a plural or a kind"),
                        "mend it, or remove it and run `opgen manifests`",
                    ),
                };
                problems.0.push(Problem::new(message).help(help));
            }
            _ => shell.note(&format!("`{path}` holds no CRD: it has no page")),
        }
    }
    problems.into_result()?;
    Ok(crds)
}

/// What a file of YAML holds.
fn object(path: &Utf8Path, bytes: Vec<u8>) -> Result<Value, Problem> {
    let broken = |what: &str| {
        let problem = Problem::new(format!("`{path}` is not {what}"));
        problem.help("mend it, or remove it and run `opgen manifests`")
    };
    let text = String::from_utf8(bytes).map_err(|_| broken("a text in UTF-8"))?;
    yaml::document(&text).map_err(|error| broken(&format!("YAML: {}", yaml::reason(&error))))
}

/// The YAML files beside the CRDs, sorted.
fn yaml_files(root: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let directory = root.join(crd::DIRECTORY);
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let failed = || format!("failed to read `{}`", crd::DIRECTORY);
    let mut paths = Vec::new();
    for entry in directory.read_dir_utf8().with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let name = Utf8Path::new(entry.file_name());
        let is_yaml = matches!(name.extension(), Some("yaml" | "yml"));
        // kustomize's list stands there too.
        let is_file = entry.path().is_file() || !entry.path().exists(); // reading a dead link says so
        if is_yaml && name.file_stem() != Some("kustomization") && is_file {
            paths.push(Utf8Path::new(crd::DIRECTORY).join(entry.file_name()));
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_text_is_named() {
        for (bytes, message) in [
            (&b"a: \xe9\n"[..], "`x.yaml` is not a text in UTF-8"),
            (b"a: [\n", "`x.yaml` is not YAML: "),
        ] {
            let problem = object("x.yaml".into(), bytes.to_vec()).unwrap_err();
            assert!(problem.message.starts_with(message), "{problem:?}");
            assert!(problem.help.is_some(), "{problem:?}");
        }
    }
}
