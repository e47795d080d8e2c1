//! CRDs: versions of one kind put together, and written so that the same types give the same bytes.

use std::collections::BTreeMap;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{HEADER, crdgen::Kind, yaml};
use crate::{
    problem::{Problem, Problems},
    project::{Project, Resource},
    resource::Version,
    scaffold::Scaffold,
};

/// Where CRDs stand in a project.
pub const DIRECTORY: &str = "config/crd/bases";

/// The file of a CRD, by the name of its group and plural.
pub fn path(group: &str, plural: &str) -> Utf8PathBuf {
    format!("{DIRECTORY}/{group}_{plural}.yaml").into()
}

/// The text of a CRD's file.
///
/// # Errors
/// None in practice: JSON is YAML.
pub fn to_text(crd: &Value) -> anyhow::Result<String> {
    let mut crd = crd.clone();
    whole_numbers(&mut crd);
    Ok(format!("{HEADER}---\n{}", yaml::to_string(&crd)?))
}

/// Bounds are floating-point numbers in the schema's types; `maximum: 1000` reads better than `1000.0`.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            // Up to 2^53 every whole number is exact.
            if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
                *value = (float as i64).into();
            }
        }
        _ => {}
    }
}

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
        serde_saphyr::from_str(&text.text).with_context(|| format!("failed to render `{path}`"))?;
    let mut scaffold = Scaffold::default();
    if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
        let present: Value = serde_saphyr::from_str(&text).map_err(|error| {
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

/// Every CRD of a project's types, by its file.
///
/// # Errors
/// Types that no CRD can be made of, and versions of a kind that do not agree; all at once.
pub fn merge(kinds: Vec<Kind>) -> anyhow::Result<BTreeMap<Utf8PathBuf, Value>> {
    let mut problems = Problems::default();
    let mut groups: BTreeMap<(String, String), Vec<(String, Value)>> = BTreeMap::new();
    for kind in kinds {
        match kind.crd {
            Ok(crd) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let key = (text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["kind"]));
                groups.entry(key).or_default().push((kind.type_name, crd));
            }
            Err(panic) => problems.0.push(
                Problem::new(format!("no CRD can be made of `{}`: {}", kind.type_name, panic.trim()))
                    .help("change the shape of the field that it names, or give it a schema with `#[schemars(schema_with = \"..\")]`"),
            ),
        }
    }
    let mut merged = BTreeMap::new();
    for ((group, kind), versions) in groups {
        let Some(crd) = problems.check(merge_versions(&versions)) else {
            continue;
        };
        let plural = crd["spec"]["names"]["plural"].as_str().unwrap_or_default();
        let path = path(&group, plural);
        if merged.contains_key(&path) {
            let message =
                format!("`{kind}` and another kind of `{group}` share the plural `{plural}`");
            let help = "write another `plural` in the `#[kube(..)]` of one of them";
            problems.0.push(Problem::new(message).help(help));
        }
        merged.insert(path, crd);
    }
    problems.into_result()?;
    Ok(merged)
}

/// One CRD of all versions: names and scope of the stored one.
fn merge_versions(versions: &[(String, Value)]) -> Result<Value, Problem> {
    let stored = |crd: &Value| crd["spec"]["versions"][0]["storage"] == Value::Bool(true);
    let (storing, others): (Vec<_>, Vec<_>) = versions.iter().partition(|(_, crd)| stored(crd));
    let names = |list: &[&(String, Value)]| {
        list.iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let [(first_name, first)] = storing.as_slice() else {
        let all = names(&versions.iter().collect::<Vec<_>>());
        let message = match storing.len() {
            0 => format!("no version is the stored one among {all}"),
            _ => format!(
                "more than one version is the stored one: {}",
                names(&storing)
            ),
        };
        return Err(Problem::new(message)
            .help("write `storage = false` in the `#[kube(..)]` of every version but one"));
    };
    for (name, crd) in others {
        for what in ["plural", "singular"] {
            let (left, right) = (&first["spec"]["names"][what], &crd["spec"]["names"][what]);
            if left != right {
                return Err(Problem::new(format!(
                    "`{name}` has {what} {right}, and `{first_name}` has {left}"
                ))
                .help("all versions of a kind share their names"));
            }
        }
        if crd["spec"]["scope"] != first["spec"]["scope"] {
            return Err(
                Problem::new(format!("`{name}` and `{first_name}` differ in scope"))
                    .help("write `namespaced` in the `#[kube(..)]` of all versions or of none"),
            );
        }
    }
    let mut crd = first.clone();
    let mut list: Vec<Value> = versions
        .iter()
        .map(|(_, crd)| crd["spec"]["versions"][0].clone())
        .collect();
    sort_versions(&mut list);
    crd["spec"]["versions"] = list.into();
    Ok(crd)
}

fn sort_versions(versions: &mut [Value]) {
    let name = |version: &Value| version["name"].as_str().unwrap_or_default().to_owned();
    versions.sort_by(|left, right| Version::order(&name(left), &name(right)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(version: &str, storage: bool, scope: &str) -> Kind {
        let crd = json!({ "spec": {
            "group": "a.b", "names": { "plural": "cs", "kind": "C", "singular": "c" }, "scope": scope,
            "versions": [{ "name": version, "storage": storage }],
        }});
        Kind {
            type_name: format!("x::{version}::C"),
            crd: Ok(crd),
        }
    }

    #[test]
    fn versions_of_a_kind_become_one_crd() {
        let merged = merge(vec![
            kind("v10", false, "Cluster"),
            kind("v2", true, "Cluster"),
        ])
        .unwrap();
        let crd = &merged[Utf8Path::new("config/crd/bases/a.b_cs.yaml")];
        assert_eq!(
            crd["spec"]["versions"],
            json!([{ "name": "v2", "storage": true }, { "name": "v10", "storage": false }])
        );
    }

    #[test]
    fn versions_that_do_not_agree_are_named() {
        for (kinds, message) in [
            (
                vec![kind("v1", true, "Cluster"), kind("v2", true, "Cluster")],
                "more than one version is the stored one: `x::v1::C`, `x::v2::C`",
            ),
            (
                vec![kind("v1", false, "Cluster")],
                "no version is the stored one among `x::v1::C`",
            ),
            (
                vec![kind("v1", true, "Cluster"), kind("v2", false, "Namespaced")],
                "`x::v2::C` and `x::v1::C` differ in scope",
            ),
        ] {
            assert_eq!(merge(kinds).unwrap_err().to_string(), message);
        }
    }
}
