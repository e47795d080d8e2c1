//! `opgen manifests`: CRDs from the Rust types, samples from the CRDs, roles from the comments.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::finish::{About, Finish, finish};
use crate::{
    cli::{GlobalArgs, ManifestsArgs},
    crd::{self, Level},
    manifests::{
        crdgen::{self, Kind},
        report, sources,
        types::Types,
    },
    problem::Problems,
    project,
    scaffold::{Owner, Scaffold, disk},
    shell::Shell,
};

/// Runs `opgen manifests`.
///
/// # Errors
/// Types or comments that no manifest can be made of; with `--check`, every manifest that is out of date.
pub fn run(args: &ManifestsArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let (root, project) = project::find(&super::directory(global)?)?;
    if project.opgen_version != project::OPGEN_VERSION {
        let (theirs, ours) = (&project.opgen_version, project::OPGEN_VERSION);
        shell.warning(&format!(
            "this is opgen {ours}, and the project was made by {theirs}"
        ));
    }
    let kinds = crdgen::run(&root, &project, args.check, shell)?;
    let crds = crd::merge(kinds.clone())?;
    tell(&root, &kinds, &crds, shell)?;
    for stranger in strangers(&root, |path| crds.contains_key(path))? {
        shell.note(&format!("`{stranger}` is not opgen's and is left alone"));
    }
    let mut scaffold = Scaffold {
        removals: no_longer_made(&root, |path| crds.contains_key(path))?,
        ..Scaffold::default()
    };
    scaffold.extend(super::samples::untouched(&root, &project, &crds, shell)?);
    for (path, crd) in &crds {
        scaffold.derived(path.clone(), crd::to_text(crd)?);
    }
    let subject = "every manifest is up to date".to_owned();
    finish(
        scaffold,
        &Finish {
            root: &root,
            project: &project,
            subject,
            check: args.check,
            about: About::Manifests,
        },
        &args.write,
        shell,
    )
    .map(drop)
}

/// Says what is found in the CRDs.
///
/// # Errors
/// What Kubernetes would refuse, or objects would lose data by.
fn tell(
    root: &Utf8Path,
    kinds: &[Kind],
    crds: &BTreeMap<Utf8PathBuf, Value>,
    shell: &Shell,
) -> anyhow::Result<()> {
    let check = |crd| [crd::lint::lint(crd), crd::cel::check(crd)].concat();
    let mut findings: Vec<_> = crds.values().flat_map(check).collect();
    for (path, crd) in crds {
        let before = std::fs::read_to_string(root.join(path)).ok();
        let before = before.and_then(|text| serde_saphyr::from_str(&text).ok());
        findings.extend(before.and_then(|before| crd::lint::stored_version_moved(&before, crd)));
    }
    let (types, misplaced) = Types::of(&sources::read(root)?);
    let crds: Vec<_> = crds.values().cloned().collect();
    let report = report::report(kinds, &crds, findings, &types, misplaced)?;
    let of = |level| report.of(level).map(|line| &line.problem);
    shell.warnings(of(Level::Warning));
    if shell.is_verbose() {
        shell.hints(of(Level::Hint));
    } else if let count @ 1.. = report.of(Level::Hint).count() {
        let hints = if count == 1 {
            "1 hint"
        } else {
            &format!("{count} hints")
        };
        shell.note(&format!(
            "{hints} on the API: `opgen manifests --verbose` shows what"
        ));
    }
    Problems(of(Level::Error).cloned().collect()).into_result()?;
    Ok(())
}

/// CRD files of opgen's that the types no longer give.
fn no_longer_made(
    root: &Utf8Path,
    made: impl Fn(&Utf8Path) -> bool,
) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let record = disk::record(root)?;
    let ours = record.paths(Owner::Opgen, crd::DIRECTORY);
    Ok(ours
        .filter(|path| path.as_str() != "config/crd/bases/kustomization.yaml" && !made(path))
        .map(Utf8Path::to_owned)
        .collect())
}

/// YAML files beside the CRDs that opgen has not made.
fn strangers(
    root: &Utf8Path,
    made: impl Fn(&Utf8Path) -> bool,
) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let record = disk::record(root)?;
    let Ok(entries) = root.join(crd::DIRECTORY).read_dir_utf8() else {
        return Ok(Vec::new()); // nothing is there yet
    };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_owned()));
    let paths = names.map(|name| Utf8Path::new(crd::DIRECTORY).join(name));
    let is_yaml = |path: &Utf8PathBuf| matches!(path.extension(), Some("yaml" | "yml"));
    let mut strangers: Vec<_> = paths
        .filter(|path| is_yaml(path) && !made(path) && !record.contains(path))
        .collect();
    strangers.sort();
    Ok(strangers)
}
