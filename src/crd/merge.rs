//! Versions of one kind, put together.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::Value;

use super::path;
use crate::{
    manifests::crdgen::Kind,
    problem::{Problem, Problems},
    resource::Version,
};

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
    let mut taken = BTreeMap::new();
    for ((group, kind), versions) in groups {
        let Some(crd) = problems.check(merge_versions(&versions)) else {
            continue;
        };
        let plural = crd["spec"]["names"]["plural"].as_str().unwrap_or_default();
        let path = path(&group, plural);
        problems
            .0
            .extend(take_names(&group, &kind, &crd, &mut taken));
        merged.insert(path, crd);
    }
    problems.into_result()?;
    Ok(merged)
}

/// Takes the names of a kind, each by its group, for nobody else: the API server does not serve the second kind of a
/// group that has one of them.
fn take_names(
    group: &str,
    kind: &str,
    crd: &Value,
    taken: &mut BTreeMap<(String, String), String>,
) -> Vec<Problem> {
    let names = &crd["spec"]["names"];
    let short = names["shortNames"].as_array().into_iter().flatten();
    let all = [
        ("plural", &names["plural"]),
        ("singular", &names["singular"]),
    ];
    let all = all
        .into_iter()
        .chain(short.map(|name| ("short name", name)));
    let mut problems = Vec::new();
    for (what, name) in all {
        let Some(name) = name.as_str() else { continue };
        let owner = taken
            .entry((group.to_owned(), name.to_owned()))
            .or_insert_with(|| kind.to_owned());
        if owner != kind {
            let message =
                format!("`{kind}` has the {what} `{name}`, which `{owner}` of `{group}` has too");
            let help = "write another one in the `#[kube(..)]` of one of them";
            problems.push(Problem::new(message).help(help));
        }
    }
    problems
}

/// One CRD of all versions: names and scope of the stored one.
fn merge_versions(versions: &[(String, Value)]) -> Result<Value, Problem> {
    let mut by_version = BTreeMap::new();
    for (name, crd) in versions {
        let version = crd["spec"]["versions"][0]["name"].as_str();
        if let Some(other) = by_version.insert(version, name) {
            let version = version.unwrap_or_default();
            let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default();
            let message = format!("`{other}` and `{name}` are both version {version} of `{kind}`");
            let help = "write another `version` or `kind` in the `#[kube(..)]` of one of them";
            return Err(Problem::new(message).help(help));
        }
    }
    let stored = |crd: &Value| crd["spec"]["versions"][0]["storage"] == Value::Bool(true);
    let (storing, others): (Vec<_>, Vec<_>) = versions.iter().partition(|(_, crd)| stored(crd));
    let names = |list: &[&(String, Value)]| {
        list.iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let [first_entry @ (first_name, first)] = storing.as_slice() else {
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
    for (name, crd) in &others {
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
    for what in ["shortNames", "categories"] {
        let mut names: Vec<Value> = Vec::new();
        // Those of the stored version first: kubectl shows them in this order.
        for (_, other) in std::iter::once(*first_entry).chain(others.iter().copied()) {
            let of_version = other["spec"]["names"][what]
                .as_array()
                .into_iter()
                .flatten();
            names.extend(
                of_version
                    .filter(|name| !names.contains(name))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        if !names.is_empty() {
            crd["spec"]["names"][what] = names.into();
        }
    }
    Ok(crd)
}

/// Sorts versions by their age, the oldest first.
pub(super) fn sort_versions(versions: &mut [Value]) {
    let name = |version: &Value| version["name"].as_str().unwrap_or_default().to_owned();
    versions.sort_by(|left, right| Version::order(&name(left), &name(right)));
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use serde_json::json;

    use super::*;

    fn kind(version: &str, storage: bool, scope: &str) -> Kind {
        let crd = json!({ "spec": {
            "group": "a.b", "names": { "plural": "cs", "kind": "C", "singular": "c" }, "scope": scope,
            "versions": [{ "name": version, "storage": storage }],
        }});
        Kind {
            type_name: format!("x::{version}::C"),
            schema: Value::Null,
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
    fn short_names_and_categories_of_all_versions_count() {
        let mut old = kind("v1", false, "Cluster");
        let mut new = kind("v2", true, "Cluster");
        let names = |kind: &mut Kind, short: Value, categories: Value| {
            let names = &mut kind.crd.as_mut().unwrap()["spec"]["names"];
            (names["shortNames"], names["categories"]) = (short, categories);
        };
        names(&mut old, json!(["o", "b"]), json!(["all"]));
        names(&mut new, json!(["n", "b"]), Value::Null);
        let merged = merge(vec![old, new]).unwrap();
        let names = &merged.values().next().unwrap()["spec"]["names"];
        assert_eq!(names["shortNames"], json!(["n", "b", "o"]));
        assert_eq!(names["categories"], json!(["all"]));
    }

    /// Kubernetes has them by version, since a path of one may lead nowhere in another.
    #[test]
    fn each_version_keeps_its_own_printer_columns() {
        let columns =
            |name: &str| json!([{ "name": name, "type": "string", "jsonPath": ".spec.a" }]);
        let with = |version: &str, storage: bool, columns: Value| {
            let mut kind = kind(version, storage, "Cluster");
            let version = &mut kind.crd.as_mut().unwrap()["spec"]["versions"][0];
            version["additionalPrinterColumns"] = columns;
            kind
        };
        let merged = merge(vec![
            with("v2", true, columns("New")),
            with("v1", false, columns("Old")),
            kind("v1beta1", false, "Cluster"),
        ]);
        let merged = merged.unwrap();
        let versions = merged.values().next().unwrap()["spec"]["versions"].as_array();
        let of_versions: Vec<_> = versions
            .into_iter()
            .flatten()
            .map(|version| (&version["name"], &version["additionalPrinterColumns"]))
            .collect();
        assert_eq!(
            of_versions,
            [
                (&json!("v1beta1"), &Value::Null),
                (&json!("v1"), &columns("Old")),
                (&json!("v2"), &columns("New")),
            ]
        );
    }

    #[test]
    fn kinds_of_a_group_share_no_name() {
        let named = |group: &str, kind_name: &str, names: Value| {
            let mut kind = kind("v1", true, "Cluster");
            let spec = &mut kind.crd.as_mut().unwrap()["spec"];
            (spec["group"], spec["names"]) = (group.into(), names);
            spec["names"]["kind"] = kind_name.into();
            kind
        };
        let first = json!({ "plural": "cs", "singular": "c", "shortNames": ["x", "c"] });
        for (second, message) in [
            (json!({ "plural": "cs", "singular": "d" }), "plural `cs`"),
            (json!({ "plural": "ds", "singular": "c" }), "singular `c`"),
            (
                json!({ "plural": "ds", "singular": "d", "shortNames": ["y", "x"] }),
                "short name `x`",
            ),
            (
                json!({ "plural": "ds", "singular": "d", "shortNames": ["cs"] }),
                "short name `cs`",
            ),
        ] {
            let kinds = |group| {
                vec![
                    named("a.b", "C", first.clone()),
                    named(group, "D", second.clone()),
                ]
            };
            let said = merge(kinds("a.b")).unwrap_err().to_string();
            let expected = format!("`D` has the {message}, which `C` of `a.b` has too");
            assert_eq!(said, expected);
            assert!(merge(kinds("b.b")).is_ok(), "{second}");
        }
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
            (
                vec![kind("v1", true, "Cluster"), kind("v1", false, "Cluster")],
                "`x::v1::C` and `x::v1::C` are both version v1 of `C`",
            ),
        ] {
            assert_eq!(merge(kinds).unwrap_err().to_string(), message);
        }
    }
}
