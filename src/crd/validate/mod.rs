//! An object against the schema of its CRD, as the API server judges it; all but CEL rules, which it alone runs.
//!
//! The general validators of JSON Schema know neither OpenAPI's `nullable` nor Kubernetes' `x-kubernetes-*`, and bring
//! dialects, references and networking that a structural schema cannot use: so these are functions of our own.

use std::fmt;

use serde_json::{Map, Value};

mod scalar;
#[cfg(test)]
mod tests;

use scalar::{check_number, check_size, check_text, same};
pub(super) use scalar::{integer, shown};

/// Something in an object that its schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mismatch {
    /// Where in the object, e.g. `.spec.ports[0].name`; empty for the object itself.
    pub path: String,
    /// What is wrong, as the end of a sentence that begins with the path.
    pub message: String,
}

/// `` `.spec.image` is required ``
impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(formatter, "the object {}", self.message),
            path => write!(formatter, "`{path}` {}", self.message),
        }
    }
}

/// Everything that is wrong with an object of a CRD, whose version is the one that the object names.
#[must_use]
pub fn object_mismatches(crd: &Value, object: &Value) -> Vec<Mismatch> {
    let mismatch = |path: &str, message: String| Mismatch {
        path: path.to_owned(),
        message,
    };
    let (group, kind) = (&crd["spec"]["group"], &crd["spec"]["names"]["kind"]);
    let group = group.as_str().unwrap_or_default();
    let mut found = Vec::new();
    if object["kind"] != *kind {
        found.push(mismatch(".kind", format!("must be `{}`", plain(kind))));
    }
    let metadata = &object["metadata"];
    if metadata["name"].as_str().is_none() && metadata["generateName"].as_str().is_none() {
        found.push(mismatch(".metadata.name", "is required".into()));
    }
    let version = object["apiVersion"].as_str().and_then(|name| {
        let (its_group, version) = name.split_once('/')?;
        super::version(crd, version).filter(|_| its_group == group)
    });
    match version {
        None => {
            let versions = crd["spec"]["versions"].as_array();
            let versions = versions.into_iter().flatten();
            let known = versions.map(|version| format!("`{group}/{}`", plain(&version["name"])));
            let known: Vec<_> = known.collect();
            let message = format!("must be {}", one_of(&known));
            found.push(mismatch(".apiVersion", message));
        }
        Some(version) => {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            if let Some(schema) = schema.as_object_mut() {
                schema.insert(EMBEDDED.into(), true.into());
            }
            found.extend(mismatches(&schema, object));
        }
    }
    found
}

/// Everything that is wrong with a value, once the schema's defaults are filled in.
#[must_use]
pub fn mismatches(schema: &Value, value: &Value) -> Vec<Mismatch> {
    let mut value = value.clone();
    fill_defaults(schema, &mut value);
    let mut found = Vec::new();
    check(schema, &value, "", true, &mut found);
    found
}

const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// Puts defaults where a field is missing, or null where it must not be: the API server does it before it validates.
fn fill_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, property) in entries(&schema["properties"]) {
                let default = &property["default"];
                let absent = match fields.get(name) {
                    None => true,
                    Some(Value::Null) => property["nullable"] != true,
                    Some(_) => false,
                };
                if absent && !default.is_null() {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields {
                let property = schema["properties"].get(name);
                fill_defaults(property.unwrap_or(&schema["additionalProperties"]), value);
            }
        }
        Value::Array(items) => {
            for item in items {
                fill_defaults(&schema["items"], item);
            }
        }
        _ => {}
    }
}

/// Checks a value and what is in it. `whole` is false in `allOf` and its like, which may name fields that others have.
fn check(schema: &Value, value: &Value, path: &str, whole: bool, found: &mut Vec<Mismatch>) {
    let mut wrong = |message: String| {
        found.push(Mismatch {
            path: path.to_owned(),
            message,
        });
    };
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if let Some(expected) = wrong_type(schema, value) {
        return wrong(format!("must be {expected}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.iter().any(|allowed| same(allowed, value))
    {
        let allowed: Vec<_> = allowed.iter().map(|value| quoted(&plain(value))).collect();
        wrong(format!("must be {}", one_of(&allowed)));
    }
    match value {
        Value::Number(number) => check_number(schema, number, &mut wrong),
        Value::String(text) => check_text(schema, text, &mut wrong),
        Value::Array(items) => check_size(schema, items.len(), "Items", "item", &mut wrong),
        Value::Object(fields) => {
            check_size(schema, fields.len(), "Properties", "field", &mut wrong);
        }
        _ => {}
    }
    check_branches(schema, value, &mut wrong);
    match value {
        Value::Array(items) => check_items(schema, items, path, whole, found),
        Value::Object(fields) => check_fields(schema, fields, path, whole, found),
        _ => {}
    }
}

/// What a value should have been.
fn wrong_type(schema: &Value, value: &Value) -> Option<&'static str> {
    let whole = |value: &Value| {
        value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|float| float.fract() == 0.0)
    };
    if schema[INT_OR_STRING] == true && schema["type"].is_null() {
        return (!whole(value) && !value.is_string()).then_some("an integer or a string");
    }
    let (fits, expected) = match schema["type"].as_str()? {
        "string" => (value.is_string(), "a string"),
        "integer" => (whole(value), "an integer"),
        "number" => (value.is_number(), "a number"),
        "boolean" => (value.is_boolean(), "`true` or `false`"),
        "array" => (value.is_array(), "a list"),
        "object" => (value.is_object(), "an object"),
        _ => return None,
    };
    (!fits).then_some(expected)
}

/// `allOf`, `anyOf`, `oneOf` and `not`.
fn check_branches(schema: &Value, value: &Value, wrong: &mut impl FnMut(String)) {
    let first_mismatch = |branch: &Value| {
        let mut found = Vec::new();
        check(branch, value, "", false, &mut found);
        found.into_iter().next()
    };
    let branches = |name: &str| schema[name].as_array().map(Vec::as_slice);
    for mismatch in branches("allOf")
        .into_iter()
        .flatten()
        .filter_map(first_mismatch)
    {
        wrong(format!("does not fit `allOf`: {mismatch}"));
    }
    let fitting = |branches: &[Value]| {
        let fits = |branch: &&Value| first_mismatch(branch).is_none();
        branches.iter().filter(fits).count()
    };
    if let Some(branches) = branches("anyOf")
        && fitting(branches) == 0
    {
        wrong(match required_alone(branches) {
            Some(names) => format!("must have one of `{}`", names.join("`, `")),
            None => "fits nothing of `anyOf`".to_owned(),
        });
    }
    if let Some(branches) = branches("oneOf") {
        let count = fitting(branches);
        if count != 1 {
            wrong(match required_alone(branches) {
                Some(names) => format!("must have exactly one of `{}`", names.join("`, `")),
                None => format!("must fit exactly one of `oneOf`, and fits {count}"),
            });
        }
    }
    if schema["not"].is_object() && first_mismatch(&schema["not"]).is_none() {
        wrong("fits what `not` forbids".to_owned());
    }
}

/// The fields of branches that require one field each, and say nothing else: a choice.
pub(super) fn required_alone(branches: &[Value]) -> Option<Vec<String>> {
    let names = branches.iter().map(|branch| {
        let only = entries(branch).count() == 1;
        match branch["required"].as_array().map(Vec::as_slice) {
            Some([name]) if only => Some(plain(name)),
            _ => None,
        }
    });
    names.collect()
}

fn check_items(
    schema: &Value,
    items: &[Value],
    path: &str,
    whole: bool,
    found: &mut Vec<Mismatch>,
) {
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        check(&schema["items"], item, &path, whole, found);
    }
    let keys: Vec<_> = super::texts(&schema["x-kubernetes-list-map-keys"]).collect();
    let key = |item: &Value| match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Some(item.to_string()),
        Some("map") => {
            let values = keys.iter().map(|key| item[*key].to_string());
            Some(values.collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    for (index, item) in items.iter().enumerate() {
        let Some(its) = key(item) else { continue };
        if items[..index]
            .iter()
            .any(|other| key(other).as_ref() == Some(&its))
        {
            let path = format!("{path}[{index}]");
            let message = match keys.as_slice() {
                [] => "is there twice".to_owned(),
                keys => format!("has the same `{}` as another item", keys.join("`, `")),
            };
            found.push(Mismatch { path, message });
        }
    }
}

fn check_fields(
    schema: &Value,
    fields: &Map<String, Value>,
    path: &str,
    whole: bool,
    found: &mut Vec<Mismatch>,
) {
    for name in super::texts(&schema["required"]).filter(|name| !fields.contains_key(*name)) {
        found.push(Mismatch {
            path: format!("{path}.{name}"),
            message: "is required".to_owned(),
        });
    }
    let embedded = schema[EMBEDDED] == true && !path.is_empty();
    for name in ["apiVersion", "kind"].into_iter().filter(|_| embedded) {
        if !fields.contains_key(name) {
            found.push(Mismatch {
                path: format!("{path}.{name}"),
                message: "is required".to_owned(),
            });
        }
    }
    let others = &schema["additionalProperties"];
    let open = !whole || schema[PRESERVE] == true || *others == true;
    let of_every_object =
        |name: &str| schema[EMBEDDED] == true && ["apiVersion", "kind", "metadata"].contains(&name);
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        match schema["properties"].get(name) {
            // Of the metadata, a schema may say something of the names alone.
            Some(property) if of_every_object(name) => check(property, value, &path, false, found),
            Some(property) => check(property, value, &path, whole, found),
            None if others.is_object() => check(others, value, &path, whole, found),
            None if open || of_every_object(name) => {}
            None => {
                let message = "is no field of the schema".to_owned();
                found.push(Mismatch { path, message });
            }
        }
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

/// A value as a reader writes it: a text without quotes.
pub(super) fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn one_of(values: &[String]) -> String {
    match values {
        [only] => only.clone(),
        several => format!("one of {}", several.join(", ")),
    }
}
