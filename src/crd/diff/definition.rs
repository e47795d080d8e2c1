//! What differs between two sets of CRDs: which there are, their names, their versions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    Class::{Breaking, Look, Safe},
    Difference, Report, between, schema, sort,
    values::{Whole, fields, get, items, names},
};
use crate::crd::{Place, schema::plain_enums};

/// Everything that differs between two sets of CRDs, which are matched by their `metadata.name`; sorted by CRD and
/// version, what breaks first. Values that are no CRDs are compared as far as they look like some.
pub fn diff(old: &[Value], new: &[Value]) -> Vec<Difference> {
    let plain = |crds: &[Value]| crds.iter().map(plain_enums).collect::<Vec<_>>();
    let (old, new) = (plain(old), plain(new));
    let (old, new) = (by_name(&old), by_name(&new));
    let all: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let mut differences = Vec::new();
    for name in all {
        let mut report = Report::new(name);
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => definition(old, new, &mut report),
            (Some(old), None) => {
                let place = Place::root(kind(old), "");
                let message = "the CRD is removed, and with it every object";
                report.add(&place, ("crd-removed", Breaking), message, (None, None));
            }
            (None, new) => {
                let place = Place::root(new.map(|new| kind(new)).unwrap_or_default(), "");
                report.add(
                    &place,
                    ("crd-added", Safe),
                    "the CRD is added",
                    (None, None),
                );
            }
        }
        differences.append(&mut report.differences);
    }
    sort(&mut differences);
    differences
}

fn by_name(crds: &[Value]) -> BTreeMap<&str, &Value> {
    crds.iter()
        .map(|crd| (crd["metadata"]["name"].as_str().unwrap_or_default(), crd))
        .collect()
}

pub(super) fn kind(crd: &Value) -> String {
    text(&crd["spec"]["names"]["kind"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a value of `spec`, `spec.names` or a version means to clients.
enum How {
    Whole(Whole),
    /// A list of values, or of objects that the field names.
    List(&'static str, Option<&'static str>, Whole),
    /// In its own way.
    Elsewhere,
}

/// A list that shows more to people.
const SHOWN: Whole = Whole {
    added: Safe,
    changed: Look,
    removed: Look,
};
/// A list that clients can ask for.
const OFFERED: Whole = Whole {
    added: Safe,
    changed: Breaking,
    removed: Breaking,
};
const BREAKING: How = How::Whole(Whole::of(Breaking));
const LOOK: How = How::Whole(Whole::LOOK);

/// The fields of a CRD's `spec`. One that is in none of these tables is worth a look wherever it changes.
const SPEC: &[(&str, How)] = &[
    ("group", BREAKING),
    ("scope", BREAKING),
    ("names", How::Elsewhere),
    ("versions", How::Elsewhere),
    ("conversion", How::Elsewhere),
    // It means the same as in a schema.
    (
        "preserveUnknownFields",
        How::Whole(Whole {
            added: Look,
            changed: Breaking,
            removed: Breaking,
        }),
    ),
];

const NAMES: &[(&str, How)] = &[
    ("kind", BREAKING),
    ("plural", BREAKING),
    ("listKind", BREAKING),
    ("singular", LOOK),
    ("shortNames", How::List("short-name", None, SHOWN)),
    ("categories", How::List("category", None, SHOWN)),
];

const VERSION: &[(&str, How)] = &[
    ("name", How::Elsewhere),
    (
        "served",
        How::Whole(Whole {
            added: Safe,
            changed: Breaking,
            removed: Breaking,
        }),
    ),
    ("storage", How::Elsewhere),
    ("schema", How::Elsewhere),
    ("subresources", How::Elsewhere),
    ("deprecated", LOOK),
    ("deprecationWarning", LOOK),
    (
        "selectableFields",
        How::List("selectable-field", Some("jsonPath"), OFFERED),
    ),
    (
        "additionalPrinterColumns",
        How::List("printer-column", Some("name"), SHOWN),
    ),
];

const SUBRESOURCES: &[(&str, How)] = &[
    // Once it is there, writes to the object itself no longer reach its status.
    ("status", BREAKING),
    ("scale", How::Whole(OFFERED)),
];

/// Compares the fields of an object of the CRD by a table, and what the table does not know.
fn table(
    table: &[(&str, How)],
    (old, new): (&Map<String, Value>, &Map<String, Value>),
    suffix: &str,
    place: &Place,
    report: &mut Report,
) {
    use heck::ToKebabCase as _;
    for name in names(old, new) {
        let sides = (get(old, name), get(new, name));
        let what = format!("`{name}`");
        let stem = format!("{}{suffix}", name.to_kebab_case());
        match table.iter().find(|(known, _)| *known == name) {
            Some((_, How::Whole(whole))) => whole.compare(&stem, &what, place, sides, report),
            Some((_, How::List(stem, key, whole))) => {
                list(
                    stem,
                    *key,
                    *whole,
                    (items(sides.0), items(sides.1)),
                    place,
                    report,
                );
            }
            Some((_, How::Elsewhere)) => {}
            None => {
                let what = format!("{what}, which opgen does not know,");
                Whole::LOOK.compare("keyword", &what, place, sides, report);
            }
        }
    }
}

/// Compares lists of which every item has a name: itself, or what it has under a key.
fn list(
    stem: &str,
    key: Option<&str>,
    whole: Whole,
    (old, new): (&[Value], &[Value]),
    place: &Place,
    report: &mut Report,
) {
    let name = |item: &Value| {
        let named = key.and_then(|key| item.get(key)).unwrap_or(item);
        named
            .as_str()
            .map_or_else(|| named.to_string(), str::to_owned)
    };
    let named = |list: &[Value]| {
        list.iter()
            .map(|item| (name(item), item.clone()))
            .collect::<Map<String, Value>>()
    };
    let (old, new) = (named(old), named(new));
    for name in names(&old, &new) {
        let what = format!("the {} `{name}`", stem.replace('-', " "));
        whole.compare(stem, &what, place, (old.get(name), new.get(name)), report);
    }
}

fn definition(old: &Value, new: &Value, report: &mut Report) {
    let place = Place::root(kind(new), "");
    let (old_spec, new_spec) = (fields(old.get("spec")), fields(new.get("spec")));
    table(SPEC, (old_spec, new_spec), "", &place, report);
    let (old_names, new_names) = (all_names(old), all_names(new));
    table(NAMES, (&old_names, &new_names), "", &place, report);
    conversion(old, new, &place, report);
    stored(old, new, &place, report);
    let (old_versions, new_versions) = (versions(old), versions(new));
    let all: BTreeSet<_> = old_versions.keys().chain(new_versions.keys()).collect();
    for name in all {
        let place = Place::root(kind(new), name.as_str());
        match (old_versions.get(name), new_versions.get(name)) {
            (Some(old), Some(new)) => version(old, new, &place, report),
            (Some(_), None) if all_stored(old).contains(name) => {
                let message = "the version is removed, and objects may be stored in it";
                report.add(
                    &place,
                    ("stored-version-removed", Breaking),
                    message,
                    (None, None),
                );
            }
            (Some(version), None) => {
                let class = if is_true(version, "served") {
                    Breaking
                } else {
                    Look
                };
                let message = "the version is removed";
                report.add(&place, ("version-removed", class), message, (None, None));
            }
            (None, _) => {
                let stored = all_stored(new).contains(name);
                let id = if stored {
                    "stored-version-added"
                } else {
                    "version-added"
                };
                report.add(&place, (id, Safe), "the version is added", (None, None));
            }
        }
    }
    between::between_versions(old, new, report);
}

/// The names of a CRD, with those that Kubernetes makes up where they are missing.
fn all_names(crd: &Value) -> Map<String, Value> {
    let mut names = fields(crd["spec"].get("names")).clone();
    let kind = kind(crd);
    if get(&names, "listKind").is_none() {
        names.insert("listKind".to_owned(), format!("{kind}List").into());
    }
    if get(&names, "singular").is_none() {
        names.insert("singular".to_owned(), kind.to_lowercase().into());
    }
    names
}

pub(super) fn converts(crd: &Value) -> bool {
    crd["spec"]["conversion"]["strategy"] == "Webhook"
}

fn conversion(old: &Value, new: &Value, place: &Place, report: &mut Report) {
    let none = json!({ "strategy": "None" });
    let of = |crd: &Value| {
        let conversion = crd["spec"].get("conversion");
        conversion
            .filter(|it| !it.is_null())
            .unwrap_or(&none)
            .clone()
    };
    let several = items(new["spec"].get("versions")).len() > 1;
    let class = if converts(old) && !converts(new) && several {
        Breaking
    } else {
        Look
    };
    let (old, new) = (of(old), of(new));
    let sides = (Some(&old), Some(&new));
    Whole::of(class).compare("conversion", "`conversion`", place, sides, report);
}

/// The versions of a CRD by name.
pub(super) fn versions(crd: &Value) -> BTreeMap<String, &Value> {
    let versions = items(crd["spec"].get("versions")).iter();
    versions
        .map(|version| (text(&version["name"]), version))
        .collect()
}

pub(super) fn is_true(version: &Value, flag: &str) -> bool {
    version[flag] == Value::Bool(true)
}

/// The version that objects are stored in when they are written.
fn stored_version(crd: &Value) -> Option<(String, &Value)> {
    versions(crd)
        .into_iter()
        .find(|(_, version)| is_true(version, "storage"))
}

/// Every version that objects may be stored in: the cluster that a CRD was read from knows of more.
fn all_stored(crd: &Value) -> BTreeSet<String> {
    let known = items(crd["status"].get("storedVersions")).iter().map(text);
    known
        .chain(stored_version(crd).map(|(name, _)| name))
        .collect()
}

/// Whether objects are stored in another version. Without conversion that loses what the other version does not have.
fn stored(old: &Value, new: &Value, place: &Place, report: &mut Report) {
    let (before, after) = (stored_version(old), stored_version(new));
    let name = |side: &Option<(String, &Value)>| side.as_ref().map(|(name, _)| name.clone());
    let names = (name(&before), name(&after));
    if names.0 == names.1 {
        return;
    }
    let mut loss = Report::new(report.crd);
    if let (Some((_, before)), Some((_, after))) = (before, after) {
        schema::compare(
            version_schema(before),
            version_schema(after),
            place,
            &mut loss,
        );
    }
    let loses = !converts(new) && loss.differences.iter().any(|found| found.class == Breaking);
    let (class, message) = match loses {
        true => (
            Breaking,
            "objects are stored in another version that differs, without conversion",
        ),
        false => (Look, "objects are stored in another version"),
    };
    let sides = (names.0.map(Value::from), names.1.map(Value::from));
    report.add(place, ("stored-version-changed", class), message, sides);
}

pub(super) fn version_schema(version: &Value) -> &Value {
    &version["schema"]["openAPIV3Schema"]
}

fn version(old: &Value, new: &Value, place: &Place, report: &mut Report) {
    table(
        VERSION,
        (fields(Some(old)), fields(Some(new))),
        "",
        place,
        report,
    );
    let subresources = |version| fields(get(fields(Some(version)), "subresources"));
    let sides = (subresources(old), subresources(new));
    table(SUBRESOURCES, sides, "-subresource", place, report);
    schema::compare(version_schema(old), version_schema(new), place, report);
}

#[cfg(test)]
mod tests;
