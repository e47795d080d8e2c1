//! What is found in the CRDs, and how it is said.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    crd::{self, Finding, Level},
    manifests::{crdgen::Kind, report, sources, types::Types},
    problem::Problems,
    shell::Shell,
    yaml,
};

/// What is lost where the stored version is another one than in the files as they are. A file that stays is not read.
pub(super) fn moved(
    root: &Utf8Path,
    crds: &BTreeMap<Utf8PathBuf, Value>,
    texts: &BTreeMap<Utf8PathBuf, String>,
) -> Vec<Finding> {
    let of_crd = |(path, crd): (&Utf8PathBuf, &Value)| {
        let before = std::fs::read_to_string(root.join(path)).ok()?;
        if texts.get(path) == Some(&before) {
            return None;
        }
        crd::lint::stored_version_moved(&yaml::document(&before).ok()?, crd)
    };
    crds.iter().filter_map(of_crd).collect()
}

/// Says what is found in the CRDs.
///
/// # Errors
/// What Kubernetes would refuse, or objects would lose data by.
pub(super) fn tell(
    root: &Utf8Path,
    kinds: &[Kind],
    crds: &BTreeMap<Utf8PathBuf, Value>,
    mut findings: Vec<Finding>,
    shell: &Shell,
) -> anyhow::Result<()> {
    let check = |crd| [crd::lint::lint(crd), crd::cel::check(crd)].concat();
    findings.extend(crds.values().flat_map(check));
    let (types, misplaced) = Types::of(&sources::read(root)?);
    let crds: Vec<_> = crds.values().cloned().collect();
    let report = report::report(kinds, &crds, findings, &types, misplaced)?;
    let of = |level| report.of(level).map(|line| &line.problem);
    shell.warnings(of(Level::Warning));
    shell.notes(of(Level::Note));
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
