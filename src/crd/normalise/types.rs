//! The one type that a field of Kubernetes has, made of those that a Rust type has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{EITHER, OPEN, Report, Schema, is};
use crate::crd::{Raw, raw::type_of};

/// Kubernetes' types that hold any object. k8s-openapi says `type: object` and no more, so that all would be pruned.
const ANY_OBJECT: &[&str] = &[
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
];
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
/// What Kubernetes parses as a quantity:
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
const QUANTITY_PATTERN: &str = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?$";

/// Gives a schema its type.
pub(super) fn settle(schema: &mut Schema, raw: &Raw<'_>, report: &mut Report<'_>) {
    match raw.kubernetes_type() {
        Some(name) if ANY_OBJECT.contains(&name) && !schema.contains_key("properties") => {
            schema.insert("type".to_owned(), "object".into());
            schema.insert(OPEN.to_owned(), true.into());
            return;
        }
        Some(QUANTITY) if is(schema, EITHER) => {
            schema
                .entry("pattern")
                .or_insert_with(|| QUANTITY_PATTERN.into());
            return;
        }
        // The type holds an `i32`.
        Some(INT_OR_STRING) if is(schema, EITHER) => {
            schema.entry("minimum").or_insert_with(|| i32::MIN.into());
            schema.entry("maximum").or_insert_with(|| i32::MAX.into());
            return;
        }
        _ => {}
    }
    let values = schema.get("enum").and_then(Value::as_array);
    if values.is_some_and(|values| values.iter().all(Value::is_null)) {
        schema.remove("type");
        schema.insert("enum".to_owned(), json!([null]));
        report.error(
            "unit-type",
            "a unit has only the value `null`, and Kubernetes has no type for that",
            "leave the field out, or give its type braces: `struct Name {}`",
        );
        return;
    }
    let types = one_if_numbers(if is(schema, EITHER) || is(schema, OPEN) {
        BTreeSet::new()
    } else {
        types(schema, raw)
    });
    let mut names = types.iter().copied();
    match (names.next(), names.next(), names.next()) {
        (None, ..) if is(schema, EITHER) => {
            schema.remove("type");
        }
        (None, ..) if schema.contains_key("type") || is(schema, OPEN) => {}
        (None, ..) => match inferred(schema) {
            Some(name) => {
                schema.insert("type".to_owned(), name.into());
            }
            None => open(schema, true),
        },
        (Some(name), None, _) if name != "any" => {
            let name = name.to_owned();
            schema.entry("type").or_insert_with(|| name.into());
        }
        (Some("integer"), Some("string"), None) => {
            schema.remove("type");
            schema.remove("anyOf");
            schema.insert(EITHER.to_owned(), true.into());
        }
        _ => {
            let list = types.iter().map(|name| format!("`{name}`"));
            let list = list.collect::<Vec<_>>().join(", ");
            open(schema, false);
            report.warning(
                "open-value",
                format!("values of more than one type ({list}), and a field of Kubernetes has one: the API server accepts anything there"),
                "give each type a field of its own, or write an enum with `Variant { .. }` and without `untagged`",
            );
        }
    }
}

/// What schemars says goes before what kube has left: kube drops the types of variants.
fn types<'a>(schema: &'a Schema, raw: &Raw<'a>) -> BTreeSet<&'a str> {
    let from_raw = raw.types();
    if raw.kubernetes_type().is_none() && from_raw.len() > 1 {
        return from_raw;
    }
    match schema.get("type") {
        Some(Value::String(name)) => BTreeSet::from([&**name]),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => from_raw,
    }
}

fn one_if_numbers(mut types: BTreeSet<&str>) -> BTreeSet<&str> {
    if types.contains("number") {
        types.remove("integer");
    }
    types
}

/// The type that the keywords belong to.
fn inferred(schema: &Schema) -> Option<&'static str> {
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    if has(&["properties", "additionalProperties", "patternProperties"]) {
        return Some("object");
    }
    if has(&["items"]) {
        return Some("array");
    }
    let values = schema.get("enum")?.as_array()?;
    let types = values.iter().filter_map(type_of).collect();
    let types = one_if_numbers(types);
    let mut types = types.into_iter();
    types.next().filter(|_| types.next().is_none())
}

/// Leaves a schema that accepts and keeps everything.
fn open(schema: &mut Schema, null: bool) {
    schema.retain(|key, _| {
        matches!(
            &**key,
            "$ref" | "default" | "description" | "example" | "externalDocs" | "nullable" | "title"
        )
    });
    if null {
        schema.insert("nullable".to_owned(), true.into());
    }
    schema.insert(OPEN.to_owned(), true.into());
}
