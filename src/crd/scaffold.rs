//! The CRD of a resource that has just been made, before anything is compiled.

use anyhow::Context as _;
use camino::Utf8Path;
use serde_json::Value;

use super::{merge::sort_versions, path, to_text};
use crate::{
    problem::{Problem, Problems},
    project::{Project, Resource},
    scaffold::Scaffold,
    yaml,
};

/// The CRD of a resource that has just been made, so that it is there before anything is compiled: `rendered`
/// where the kind is new, else the file on the disk with one more version. A version that is there stays.
///
/// # Errors
/// A file that cannot be read or is not YAML.
pub fn scaffold(
    root: &Utf8Path,
    project: &Project,
    resource: &Resource,
    rendered: Scaffold,
) -> anyhow::Result<Scaffold> {
    let path = path(
        &resource.qualified_group(&project.domain),
        resource.plural.as_str(),
    );
    let text = rendered
        .files
        .get(&path)
        .with_context(|| format!("no template for `{path}`"))?;
    let mut crd: Value =
        yaml::document(&text.text).with_context(|| format!("failed to render `{path}`"))?;
    let mut scaffold = Scaffold::default();
    if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
        let present: Value = yaml::document(&text).map_err(|error| {
            let reason = yaml::reason(&error);
            Problems::from(
                Problem::new(format!("`{path}` is not YAML: {reason}"))
                    .help("mend it, or remove it and run `opgen manifests`"),
            )
        })?;
        let new = crd["spec"]["versions"][0].take();
        crd = present;
        let versions = crd.pointer_mut("/spec/versions");
        let versions = versions.and_then(Value::as_array_mut);
        let Some(versions) = versions else {
            let problem = Problem::new(format!("`{path}` has no list `spec.versions`"));
            return Err(Problems::from(problem.help("remove it and run `opgen manifests`")).into());
        };
        if versions.iter().any(|known| known["name"] == new["name"]) {
            // It stays, and an interrupted run may not have recorded it.
            scaffold.derived(path, text);
            return Ok(scaffold);
        }
        versions.push(new);
        sort_versions(versions);
    }
    scaffold.derived(path, to_text(&crd)?);
    Ok(scaffold)
}
