//! The files beside the CRDs that are made.

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    crd,
    scaffold::{Owner, disk},
};

/// CRD files of opgen's that the types no longer give.
///
/// # Errors
/// A record of opgen's files that cannot be read.
pub(super) fn no_longer_made(
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
///
/// # Errors
/// A record of opgen's files that cannot be read.
pub(super) fn strangers(
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
