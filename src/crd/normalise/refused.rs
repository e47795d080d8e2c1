//! Types that kube makes no CRD of: it panics without saying where, and schemars' own schema tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Finding, Level, Place, Step};
use crate::{
    crd::{Raw, raw::is_null},
    manifests::crdgen::Kind,
    problem::Problem,
    resource::Version,
};

/// Every place of every kind that kube could make no CRD of, with the shape that is there and a way out; the kind as a
/// whole, with kube's own words, where no such shape is found.
pub fn refused(kinds: &[Kind]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for kind in kinds {
        let Err(panic) = &kind.crd else {
            continue;
        };
        let place = root(kind);
        let before = findings.len();
        search(
            &Raw::new(&kind.schema),
            &place,
            &mut Vec::new(),
            &mut findings,
        );
        if findings.len() == before {
            let words = panic.lines().next().unwrap_or_default().trim();
            let problem = Problem::new(format!(
                "kube makes no CRD of `{}`: {words}",
                kind.type_name
            ));
            let help = "change the shape of the field that it names, or give it a schema with `#[schemars(schema_with = \"..\")]`";
            findings.push(Finding {
                id: "no-schema",
                level: Level::Error,
                place,
                problem: problem.help(help),
            });
        }
    }
    findings
}

/// The place of a kind: as its CRD says, or else by the names of its type and of the modules above it.
pub fn root(kind: &Kind) -> Place {
    if let Ok(crd) = &kind.crd {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let spec = &crd["spec"];
        return Place::root(
            text(&spec["names"]["kind"]),
            text(&spec["versions"][0]["name"]),
        );
    }
    let mut parts: Vec<_> = kind.type_name.split("::").collect();
    let kind = parts.pop().unwrap_or_default();
    let version = parts
        .into_iter()
        .rev()
        .find(|part| part.parse::<Version>().is_ok());
    Place::root(kind, version.unwrap_or_default())
}

/// Looks at one place and, unless it is wrong itself, at those below.
fn search(
    raw: &Raw<'_>,
    place: &Place,
    above: &mut Vec<Vec<*const Value>>,
    findings: &mut Vec<Finding>,
) {
    if let Some((id, message, help)) = shape(raw) {
        let problem = Problem::new(message).help(help);
        findings.push(Finding {
            id,
            level: Level::Error,
            place: place.clone(),
            problem,
        });
        return;
    }
    // Kubernetes' own types are fit, and a type within itself is being looked at.
    if raw.kubernetes_type().is_some() || above.contains(&raw.identity()) {
        return;
    }
    above.push(raw.identity());
    for name in field_names(raw) {
        let step = Step::Field(name.clone());
        search(&raw.step(&step), &place.field(&name), above, findings);
    }
    for step in [Step::Items, Step::Values] {
        let below = raw.step(&step);
        if !below.whole().is_empty() || !below.variants().is_empty() {
            search(&below, &place.step(step), above, findings);
        }
    }
    above.pop();
}

fn field_names(raw: &Raw<'_>) -> BTreeSet<String> {
    let schemas = raw.whole().iter().chain(raw.variants());
    let fields = schemas.filter_map(|schema| schema["properties"].as_object());
    fields.flat_map(|fields| fields.keys().cloned()).collect()
}

/// What is wrong with a shape: an id, the reason and the way out.
type Wrong = (&'static str, String, String);

/// What is wrong with the shape of one type.
fn shape(raw: &Raw<'_>) -> Option<Wrong> {
    let types = raw
        .whole()
        .iter()
        .find_map(|schema| schema["type"].as_array());
    if types.is_some_and(|types| types.iter().filter(|name| *name != "null").count() > 1) {
        let reason = "a value of more than one type, and a field of Kubernetes has one".to_owned();
        return Some(("open-value", reason, "choose one of the types".to_owned()));
    }
    let variants: Vec<_> = raw
        .variants()
        .iter()
        .copied()
        .filter(|variant| !is_null(variant))
        .collect();
    // Kube takes texts and objects in an enum without tags, and what becomes of it is said there.
    let untagged = raw
        .whole()
        .iter()
        .all(|schema| schema.get("oneOf").is_none());
    tagged(&written(raw))
        .or_else(|| mixed(&variants).filter(|_| !untagged))
        .or_else(|| clashing(&variants))
}

/// The variants as the enum has them, each with its reference to the type that it holds.
fn written<'a>(raw: &Raw<'a>) -> Vec<&'a Value> {
    let lists = raw
        .whole()
        .iter()
        .flat_map(|schema| [&schema["oneOf"], &schema["anyOf"]]);
    let variants = lists.filter_map(Value::as_array).flatten();
    variants.filter(|variant| !is_null(variant)).collect()
}

fn fields(variant: &Value) -> Option<&Map<String, Value>> {
    variant["properties"].as_object()
}

/// An enum whose variants have a field that names them.
fn tagged(variants: &[&Value]) -> Option<Wrong> {
    let tag = tag(variants)?;
    let others = |variant: &&Value| {
        let names = fields(variant).into_iter().flat_map(Map::keys);
        let names = names.filter(|name| **name != tag).cloned();
        names.collect::<BTreeSet<_>>()
    };
    let holds_type = |variant: &&Value| variant.get("$ref").is_some();
    let others: Vec<_> = variants
        .iter()
        .filter(|variant| holds_type(variant) || !others(variant).is_empty())
        .map(others)
        .collect();
    // The content of an adjacently tagged enum has one name in all variants.
    let contents: BTreeSet<_> = others.iter().flatten().collect();
    let adjacent = contents.len() == 1 && others.len() > 1 && !variants.iter().any(holds_type);
    let (id, how) = if adjacent {
        ("adjacently-tagged-enum", "an adjacently tagged enum")
    } else {
        ("internally-tagged-enum", "an internally tagged enum")
    };
    let reason = format!(
        "{how}: `{tag}` has another value in each variant, and a field of Kubernetes has one schema"
    );
    let help = match others.len() {
        0 => "leave `tag` out of its `#[serde(..)]`: the enum is then a text".to_owned(),
        count => {
            let braces = if count < variants.len() {
                ", and give variants without fields braces: `Name {}`"
            } else {
                ""
            };
            format!(
                "leave `tag` out of its `#[serde(..)]`{braces}: each variant is then a field of its own, in place of `{tag}`"
            )
        }
    };
    Some((id, reason, help))
}

/// An enum with variants that hold something and others that do not.
fn mixed(variants: &[&Value]) -> Option<Wrong> {
    let units: Vec<_> = variants
        .iter()
        .flat_map(|variant| values(variant))
        .collect();
    let first = units.first()?;
    variants.iter().find_map(|variant| fields(variant))?;
    let list: Vec<_> = units.iter().map(|unit| format!("`{unit}`")).collect();
    let reason = format!(
        "an enum that is a text for some variants ({}) and an object for others",
        list.join(", ")
    );
    let help = format!("give variants without fields braces: `{first} {{}}` in place of `{first}`");
    Some(("mixed-enum", reason, help))
}

/// Variants without names, whose fields differ.
fn clashing(variants: &[&Value]) -> Option<Wrong> {
    let name = clash(variants)?;
    let reason = format!(
        "variants whose field `{name}` differs in type, and a field of Kubernetes has one schema"
    );
    let help = format!(
        "give `{name}` one type in all variants or another name in each, or leave `untagged` out"
    );
    Some(("clashing-variants", reason, help))
}

/// The field that has one value in each variant, and not the same in all.
fn tag(variants: &[&Value]) -> Option<String> {
    let objects: Vec<_> = variants
        .iter()
        .filter_map(|variant| fields(variant))
        .collect();
    let is_tag = |name: &&String| {
        let values: BTreeSet<_> = objects
            .iter()
            .map(|fields| {
                fields
                    .get(*name)
                    .map(values)
                    .filter(|values| values.len() == 1)
            })
            .collect();
        !values.contains(&None) && values.len() > 1
    };
    objects.first()?.keys().find(is_tag).cloned()
}

/// The texts that a schema accepts, if it lists them.
fn values(schema: &Value) -> Vec<String> {
    let list = schema["enum"].as_array().into_iter().flatten();
    let values = list.chain(schema.get("const")).filter_map(Value::as_str);
    values.map(str::to_owned).collect()
}

/// A field that two variants have with different schemas.
fn clash(variants: &[&Value]) -> Option<String> {
    let mut known: BTreeMap<&String, &Value> = BTreeMap::new();
    for found in variants.iter().filter_map(|variant| fields(variant)) {
        for (name, field) in found {
            if *known.entry(name).or_insert(field) != field {
                return Some(name.clone());
            }
        }
    }
    None
}
