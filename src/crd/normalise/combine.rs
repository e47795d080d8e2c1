//! `allOf`, `anyOf`, `oneOf` and `not`: Kubernetes takes them as checks of values whose types stand outside.
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>

use serde_json::Value;

use super::{Schema, is, scalars, tidy};
use crate::crd::raw::is_null;

/// What describes a value or its type, and may not stand within a check.
pub(super) const OUTSIDE: &[&str] = &[
    "$ref",
    "additionalProperties",
    "default",
    "dependencies",
    "description",
    "example",
    "externalDocs",
    "nullable",
    "patternProperties",
    "title",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
];

/// Brings types and fields out of the checks, and leaves in them what only checks.
pub(super) fn combine(schema: &mut Schema) {
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(parts)) = schema.get_mut(key) else {
            continue;
        };
        let before = parts.len();
        parts.retain(|part| !is_null(part));
        if parts.len() < before {
            schema.insert("nullable".to_owned(), true.into());
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(mut parts)) = schema.remove(key) else {
            continue;
        };
        for part in &mut parts {
            if *part == Value::Bool(true) {
                *part = Value::Object(Schema::new());
            }
            if let Value::Object(part) = part {
                tidy::tidy(part);
            }
        }
        let same_type = same_type(&parts);
        let every_value_fits_all = key == "allOf" || parts.len() == 1;
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            hoist(schema, part, every_value_fits_all);
        }
        if let Some(name) = same_type {
            schema.entry("type").or_insert(name);
        }
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            clean(part);
        }
        if let Some(parts) = what_checks(key, parts) {
            schema.insert(key.to_owned(), parts.into());
        }
    }
    if let Some(Value::Object(not)) = schema.get_mut("not") {
        clean(not);
        if not.is_empty() {
            schema.remove("not");
        }
    }
}

/// The type that all parts have.
fn same_type(parts: &[Value]) -> Option<Value> {
    let first = parts.first()?.get("type")?;
    let same = parts.iter().all(|part| part.get("type") == Some(first));
    (first.is_string() && same).then(|| first.clone())
}

/// Moves what a part says of types to the schema that it checks. What the schema says itself goes first.
fn hoist(schema: &mut Schema, part: &mut Schema, whole: bool) {
    if let Some(Value::Object(fields)) = part.get_mut("properties") {
        let own = schema
            .entry("properties")
            .or_insert_with(|| Schema::new().into());
        if let Value::Object(own) = own {
            fields.retain(|name, field| match own.get(name) {
                Some(known) => known != field,
                None => {
                    own.insert(name.clone(), field.take());
                    false
                }
            });
            if own.is_empty() {
                schema.remove("properties");
            }
        }
        if part
            .get("properties")
            .is_some_and(|fields| *fields == Value::Object(Schema::new()))
        {
            part.remove("properties");
        }
    }
    if !schema.contains_key("items")
        && let Some(items) = part.remove("items")
    {
        schema.insert("items".to_owned(), items);
    }
    if whole {
        let keys: Vec<_> = part.keys().cloned().collect();
        for key in keys {
            let stays = matches!(&*key, "required" | "allOf" | "anyOf" | "oneOf" | "not")
                || key == "enum" && is(schema, "nullable");
            let free = !schema.contains_key(&key) && !stays;
            if (free || schema.get(&key) == part.get(&key))
                && let Some(value) = part.remove(&key)
            {
                schema.insert(key, value);
            }
        }
    }
}

/// Leaves what checks in a part.
fn clean(part: &mut Schema) {
    tidy::tidy(part);
    part.retain(|key, _| !OUTSIDE.contains(&&**key));
    if !scalars::is_known_format("string", super::text(part, "format")) {
        part.remove("format");
    }
    for key in ["items", "not"] {
        if let Some(Value::Object(below)) = part.get_mut(key) {
            clean(below);
            if below.is_empty() {
                part.remove(key);
            }
        }
    }
    if let Some(Value::Object(properties)) = part.get_mut("properties") {
        for below in properties.values_mut() {
            if let Value::Object(below) = below {
                clean(below);
            }
        }
        properties.retain(|_, below| *below != Value::Object(Schema::new()));
        if properties.is_empty() {
            part.remove("properties");
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(mut parts)) = part.remove(key) else {
            continue;
        };
        for below in &mut parts {
            if *below == Value::Bool(true) {
                *below = Value::Object(Schema::new());
            }
            if let Value::Object(below) = below {
                clean(below);
            }
        }
        if let Some(parts) = what_checks(key, parts) {
            part.insert(key.to_owned(), parts.into());
        }
    }
}

/// The parts that say something. One that accepts everything settles `anyOf`, and says nothing in `allOf`; a `oneOf`
/// in which two of them are left would accept nothing, and meant their types.
fn what_checks(key: &str, mut parts: Vec<Value>) -> Option<Vec<Value>> {
    let is_empty = |part: &Value| *part == Value::Object(Schema::new());
    match key {
        "allOf" => parts.retain(|part| !is_empty(part)),
        "anyOf" if parts.iter().any(is_empty) => return None,
        "oneOf"
            if parts.iter().filter(|part| is_empty(part)).count() > 1
                || parts.iter().all(is_empty) =>
        {
            return None;
        }
        _ => {}
    }
    (!parts.is_empty()).then_some(parts)
}
