//! `opgen manifests`: CRDs from the Rust types, samples from the CRDs, roles from the comments.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::Value;

use super::finish::{About, Finish, finish};
use crate::{
    cli::{GlobalArgs, ManifestsArgs},
    crd::{self, Finding},
    manifests::crdgen::{self, Kind},
    project,
    scaffold::Scaffold,
    shell::Shell,
};

mod files;
mod findings;

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
    let (crds, findings) = made(&kinds)?;
    let text = |(path, crd): (&Utf8PathBuf, &Value)| Ok((path.clone(), crd::to_text(crd)?));
    let texts: BTreeMap<_, _> = crds.iter().map(text).collect::<anyhow::Result<_>>()?;
    let moved = findings::moved(&root, &crds, &texts);
    findings::tell(&root, &kinds, &crds, [findings, moved].concat(), shell)?;
    for stranger in files::strangers(&root, |path| crds.contains_key(path))? {
        shell.note(&format!("`{stranger}` is not opgen's and is left alone"));
    }
    let mut scaffold = Scaffold {
        removals: files::no_longer_made(&root, |path| crds.contains_key(path))?,
        ..Scaffold::default()
    };
    scaffold.extend(super::samples::untouched(&root, &project, &crds, shell)?);
    for (path, text) in texts {
        scaffold.derived(path, text);
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

/// Every CRD of the types, fit for Kubernetes, by its file; and what is found on the way. A kind that no CRD can be made
/// of has a finding and no file.
///
/// # Errors
/// Versions of a kind that do not agree.
fn made(kinds: &[Kind]) -> anyhow::Result<(BTreeMap<Utf8PathBuf, Value>, Vec<Finding>)> {
    let mut findings = crd::refused(kinds);
    let refused = |kind: &&Kind| {
        let name = crd::root(kind).kind;
        findings.iter().any(|finding| finding.place.kind == name)
    };
    let (_, fit): (Vec<_>, Vec<_>) = kinds.iter().partition(refused);
    let mut crds = crd::merge(fit.into_iter().cloned().collect())?;
    let schemas = crd::Schemas::new(kinds);
    for crd in crds.values_mut() {
        let normalised = crd::normalise(crd, &schemas);
        *crd = normalised.crd;
        findings.extend(normalised.findings);
    }
    Ok((crds, findings))
}
