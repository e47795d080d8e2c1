//! `opgen manifests`: CRDs from the Rust types, samples from the CRDs, roles from the comments.

use super::finish::{About, Finish, finish};
use crate::{
    cli::{GlobalArgs, ManifestsArgs},
    crd,
    manifests::crdgen,
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
    let crds = crd::merge(kinds.clone())?;
    findings::tell(&root, &kinds, &crds, shell)?;
    for stranger in files::strangers(&root, |path| crds.contains_key(path))? {
        shell.note(&format!("`{stranger}` is not opgen's and is left alone"));
    }
    let mut scaffold = Scaffold {
        removals: files::no_longer_made(&root, |path| crds.contains_key(path))?,
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
