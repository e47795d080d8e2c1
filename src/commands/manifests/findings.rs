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
    for (path, crd) in crds {
        let before = std::fs::read_to_string(root.join(path)).ok();
        let before = before.and_then(|text| yaml::document(&text).ok());
        findings.extend(before.and_then(|before| crd::lint::stored_version_moved(&before, crd)));
    }
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
