//! Versions of a kind that do not hold the same fields. Without conversion Kubernetes changes nothing but
//! `apiVersion`, and drops what the schema of the version at hand does not have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding;
use crate::crd::{Finding, Level, Place, diff::checked_otherwise, schema};

pub(super) fn lint(crd: &Value) -> Vec<Finding> {
    let all: Vec<_> = schema::versions(crd).collect();
    let stored = all
        .iter()
        .find(|(_, version, _)| version["storage"] == Value::Bool(true));
    let Some((stored, _, stored_schema)) = stored.filter(|_| !converts(crd)) else {
        return Vec::new();
    };
    let ours = fields(stored_schema);
    let mut findings = Vec::new();
    for (root, version, schema) in &all {
        if root == stored || version["served"] == Value::Bool(false) {
            continue;
        }
        let theirs = fields(schema);
        let parts = [
            (
                only_in(&theirs, &ours),
                format!("the stored version {} lacks", stored.version),
            ),
            (
                only_in(&ours, &theirs),
                format!("only the stored version {} has", stored.version),
            ),
            (
                of_other_type(&theirs, &ours),
                format!("{} has as another type", stored.version),
            ),
        ];
        let parts: Vec<_> = parts
            .iter()
            .filter(|(fields, _)| !fields.is_empty())
            .map(|(fields, what)| format!("{} ({what})", some(fields)))
            .collect();
        if !parts.is_empty() {
            let message = format!(
                "fields that get lost between versions: {}",
                parts.join("; ")
            );
            findings.push(differ(root, message, "fields"));
        }
        let shared = |path: &String| {
            ours.get(path)
                .is_some_and(|ty| theirs.get(path) == Some(ty))
        };
        let checked = checked_otherwise(stored_schema, schema);
        let checked: Vec<_> = checked
            .into_iter()
            .filter(|path| !path.is_empty() && shared(path))
            .collect();
        if !checked.is_empty() {
            let message = format!(
                "the stored version {} checks fields otherwise: {}",
                stored.version,
                some(&checked)
            );
            findings.push(differ(root, message, "checks"));
        }
    }
    findings
}

fn differ(root: &Place, message: String, what: &str) -> Finding {
    let help = format!(
        "give both versions the same {what}, serve one of them (`served = false`), or convert with a webhook"
    );
    finding(
        "versions-differ",
        Level::Warning,
        root.clone(),
        message,
        &help,
    )
}

/// What is lost when another version becomes the stored one: `old` is the CRD as it was.
pub fn stored_version_moved(old: &Value, new: &Value) -> Option<Finding> {
    let of = |crd| {
        let mut versions = schema::versions(crd);
        versions.find(|(_, version, _)| version["storage"] == Value::Bool(true))
    };
    let ((was, _, old_schema), (now, _, new_schema)) = (of(old)?, of(new)?);
    if was.version == now.version || converts(new) {
        return None;
    }
    let (old_fields, new_fields) = (fields(old_schema), fields(new_schema));
    let lost = [
        only_in(&old_fields, &new_fields),
        of_other_type(&old_fields, &new_fields),
    ]
    .concat();
    let gone = !schema::versions(new).any(|(root, ..)| root.version == was.version);
    let message = match (lost.is_empty(), gone) {
        (true, false) => return None,
        (false, _) => format!(
            "{} is no longer the stored version: the next write of each object drops {}",
            was.version,
            some(&lost)
        ),
        (true, true) => format!("{}, in which objects are stored, is gone", was.version),
    };
    let help = format!(
        "leave `storage` with {}, or give {} its fields; then rewrite every object before {} goes",
        was.version, now.version, was.version
    );
    Some(finding("stored-version", Level::Error, now, message, &help))
}

fn converts(crd: &Value) -> bool {
    let strategy = schema::text(&crd["spec"]["conversion"], "strategy");
    !matches!(strategy, "" | "None")
}

/// Every field by its path, with its type.
fn fields(schema: &Value) -> BTreeMap<String, &str> {
    let mut fields = BTreeMap::new();
    schema::walk(&Place::default(), schema, &mut |place, here| {
        fields.insert(place.path(), schema::text(here, "type"));
        here["x-kubernetes-preserve-unknown-fields"] != Value::Bool(true)
    });
    fields
}

/// The fields that the other does not have, without those below them.
fn only_in(these: &BTreeMap<String, &str>, others: &BTreeMap<String, &str>) -> Vec<String> {
    let mut only: Vec<String> = Vec::new();
    for path in these.keys().filter(|path| !others.contains_key(*path)) {
        let below = |above: &String| {
            let rest = path.strip_prefix(above.as_str());
            rest.is_some_and(|rest| rest.starts_with(['.', '[', '{']))
        };
        if !only.iter().any(below) {
            only.push(path.clone());
        }
    }
    only
}

fn of_other_type(these: &BTreeMap<String, &str>, others: &BTreeMap<String, &str>) -> Vec<String> {
    let other = |(path, ty): (&String, &&str)| {
        let differs = others.get(path).is_some_and(|other| other != ty);
        differs.then(|| path.clone())
    };
    these.iter().filter_map(other).collect()
}

fn some(fields: &[String]) -> String {
    let named: Vec<_> = fields
        .iter()
        .take(5)
        .map(|field| format!("`{field}`"))
        .collect();
    match fields.len().checked_sub(5) {
        Some(more) if more > 0 => format!("{} and {more} more", named.join(", ")),
        _ => named.join(", "),
    }
}
