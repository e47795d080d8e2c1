//! How lists and maps are merged by server-side apply: what the user says stays, and what a Rust type or a type of
//! Kubernetes means is added.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>

use serde_json::{Value, json};

use super::{
    Schema, is,
    markers::{self, List},
    text,
};
use crate::crd::{Raw, Step};

const LIST: &str = "x-kubernetes-list-type";
const KEYS: &str = "x-kubernetes-list-map-keys";
const MAP: &str = "x-kubernetes-map-type";

/// Settles the merge strategy of a schema, and of its fields if it is a type of Kubernetes. What is below is settled.
pub(super) fn settle(schema: &mut Schema, raw: &Raw<'_>) {
    match text(schema, "type") {
        "array" => list(schema, raw),
        "object" => object(schema, raw),
        _ => {}
    }
}

fn list(schema: &mut Schema, raw: &Raw<'_>) {
    let items = raw.step(&Step::Items);
    if raw
        .whole()
        .iter()
        .any(|schema| schema["uniqueItems"] == true)
    {
        merge(schema, &List::Set, "");
    }
    if let Some(name) = items.kubernetes_type()
        && let Some(keys) = markers::keys_of(name)
    {
        merge(schema, &List::Map(keys), name);
    }
}

fn object(schema: &mut Schema, raw: &Raw<'_>) {
    let Some(of) = raw.kubernetes_type() else {
        return;
    };
    if markers::is_atomic(of) {
        schema.entry(MAP).or_insert_with(|| "atomic".into());
    }
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for (name, field) in properties {
        let Value::Object(field) = field else {
            continue;
        };
        if markers::is_atomic_at(of, name) && text(field, "type") == "object" {
            field.entry(MAP).or_insert_with(|| "atomic".into());
        }
        if let Some(list) = markers::list_at(of, name) {
            let below = raw.step(&Step::Field(name.clone())).step(&Step::Items);
            merge(field, &list, below.kubernetes_type().unwrap_or_default());
        }
    }
}

/// Says how a list of items of a type is merged, if nobody has and the API server takes it: items of a set are
/// scalars, keys of a map are required or have a default.
fn merge(schema: &mut Schema, how: &List, of: &str) {
    if schema.contains_key(LIST) || text(schema, "type") != "array" {
        return;
    }
    let Some(Value::Object(items)) = schema.get_mut("items") else {
        return;
    };
    match how {
        List::Set if is_scalar(items) => {
            schema.insert(LIST.to_owned(), "set".into());
        }
        List::Map(keys)
            if keys.iter().all(|key| is_key(items, key, of)) && !is(items, "nullable") =>
        {
            for key in keys {
                set_default(items, key, of);
            }
            schema.insert(LIST.to_owned(), "map".into());
            schema.insert(KEYS.to_owned(), json!(keys));
        }
        _ => {}
    }
}

fn is_scalar(schema: &Schema) -> bool {
    let scalar = matches!(
        text(schema, "type"),
        "boolean" | "integer" | "number" | "string"
    );
    scalar && !is(schema, "nullable")
}

fn is_key(items: &Schema, key: &str, of: &str) -> bool {
    let field = items.get("properties").and_then(|fields| fields.get(key));
    let Some(Value::Object(field)) = field else {
        return false;
    };
    is_scalar(field)
        && (is_required(items, key)
            || field.contains_key("default")
            || markers::default_at(of, key).is_some())
}

fn is_required(items: &Schema, key: &str) -> bool {
    let required = items.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|name| name == key))
}

fn set_default(items: &mut Schema, key: &str, of: &str) {
    if is_required(items, key) {
        return;
    }
    let field = items
        .get_mut("properties")
        .and_then(|fields| fields.get_mut(key));
    if let (Some(Value::Object(field)), Some(default)) = (field, markers::default_at(of, key)) {
        field.entry("default").or_insert(default);
    }
}
