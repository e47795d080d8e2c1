//! `opgen manifests`: CRDs from the Rust types, roles from the comments.

use camino::{Utf8Path, Utf8PathBuf};

use super::finish::{Finish, finish};
use crate::{
    cli::{GlobalArgs, ManifestsArgs},
    crd,
    manifests::crdgen,
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
    let crds = crd::merge(crdgen::run(&root, &project, args.check, shell)?)?;
    let mut scaffold = Scaffold {
        removals: no_longer_made(&root, |path| crds.contains_key(path))?,
        ..Scaffold::default()
    };
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
        },
        &args.write,
        shell,
    )
    .map(drop)
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
