//! The samples below `config/samples`: examples made from the CRDs, which are the user's once they are edited.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    crd::{self, Unmet},
    project::{Project, Resource, Types},
    scaffold::{
        Existing, File, Owner, Scaffold,
        disk::{self, Disk},
    },
    shell::Shell,
    templates::context::ResourceView,
    yaml,
};

/// The sample of a resource that has just been made. A CRD that somebody has written otherwise may have none.
///
/// # Errors
/// None in practice: a sample is YAML.
pub(super) fn new(project: &Project, resource: &Resource, crd: &Value) -> anyhow::Result<Scaffold> {
    let view = ResourceView::new(project, resource);
    let mut scaffold = Scaffold::default();
    if let Ok(text) = text(&view, crd)? {
        put(&mut scaffold, view.sample_path(), text);
    }
    Ok(scaffold)
}

/// The samples that nobody has edited, as the CRDs have them now. One that is edited stays, and what is wrong with it is
/// said; one that is deleted stays so.
///
/// # Errors
/// A file that is there and cannot be read.
pub(super) fn untouched(
    root: &Utf8Path,
    project: &Project,
    crds: &BTreeMap<Utf8PathBuf, Value>,
    shell: &Shell,
) -> anyhow::Result<Scaffold> {
    let mut scaffold = Scaffold::default();
    let record = disk::record(root)?;
    let ours = project
        .resources
        .iter()
        .filter(|found| found.types == Types::Own);
    let views: Vec<_> = ours
        .map(|resource| ResourceView::new(project, resource))
        .collect();
    let paths: Vec<_> = views.iter().map(ResourceView::sample_path).collect();
    let disk = Disk::read(root, paths.iter().map(Utf8PathBuf::as_path))?;
    for (view, path) in views.iter().zip(paths) {
        let (Some(present), Some(crd)) = (
            disk.text(&path),
            crds.get(&crd::path(&view.group, &view.plural)),
        ) else {
            continue;
        };
        let made = text(view, crd)?;
        match made {
            Ok(text) if record.is_untouched(&path, present) => put(&mut scaffold, path, text),
            Err(unmet) if record.is_untouched(&path, present) => {
                let reasons: Vec<_> = unmet.iter().map(ToString::to_string).collect();
                let reasons = reasons.join("; ");
                shell.warning(&format!(
                    "`{path}` stays as it is, since no sample fits: {reasons}"
                ));
            }
            _ => mismatches(&path, present, crd, shell),
        }
    }
    Ok(scaffold)
}

fn text(view: &ResourceView, crd: &Value) -> anyhow::Result<Result<String, Vec<Unmet>>> {
    crd::sample(crd, &view.version, &view.sample_name)
}

fn put(scaffold: &mut Scaffold, path: Utf8PathBuf, text: String) {
    let file = File {
        owner: Owner::User,
        existing: Existing::Conflict,
        text,
    };
    scaffold.files.insert(path, file);
}

/// Says what the API server would refuse in a sample that the user has edited.
fn mismatches(path: &Utf8Path, text: &str, crd: &Value, shell: &Shell) {
    let objects = match yaml::documents(text) {
        Ok(objects) => objects,
        Err(error) => {
            let reason = yaml::reason(&error);
            return shell.warning(&format!("`{path}` is not YAML: {reason}"));
        }
    };
    // Whoever adds objects of other kinds knows why.
    let of_kind = |object: &&Value| object["kind"] == crd["spec"]["names"]["kind"];
    for object in objects.iter().filter(of_kind) {
        for mismatch in crd::object_mismatches(crd, object) {
            shell.warning(&format!("`{path}` does not fit its CRD: {mismatch}"));
        }
    }
}
