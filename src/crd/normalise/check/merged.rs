//! How lists and maps are merged:
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{Finding, Place, Report, Schema, is, text};

/// Adds an error where the API server would not take a merge strategy.
pub(super) fn check(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    let name = text(schema, "type");
    let (list, map) = (
        text(schema, "x-kubernetes-list-type"),
        text(schema, "x-kubernetes-map-type"),
    );
    let keys: Vec<&str> = schema
        .get("x-kubernetes-list-map-keys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let empty = Schema::new();
    let items = schema
        .get("items")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if list == "set" && text(items, "type") == "array" {
        let message = "server-side apply cannot merge a set of lists";
        let help = "write `ListMerge::Atomic`, or no `merge_strategy`";
        Report {
            place,
            findings: found,
        }
        .warning("merge-strategy", message, help);
    }
    let mut wrong = |message: String| {
        let help = "write another `merge_strategy` in its `#[x_kube(..)]`, or none";
        Report {
            place,
            findings: found,
        }
        .error("merge-strategy", message, help);
    };
    if !map.is_empty() && (name != "object" || !["atomic", "granular"].contains(&map)) {
        wrong(format!("`{map}` is no way to merge this value"));
    }
    if !list.is_empty() && (name != "array" || !["atomic", "set", "map"].contains(&list)) {
        wrong(format!("`{list}` is no way to merge this value"));
    }
    if !keys.is_empty() && list != "map" {
        wrong("only lists that are merged as maps have keys".to_owned());
    }
    if BTreeSet::from_iter(&keys).len() < keys.len() {
        wrong("a key is named twice".to_owned());
    }
    if matches!(list, "set" | "map") && is(items, "nullable") {
        wrong(format!(
            "items that may be `null` cannot be merged as a {list}"
        ));
    }
    if list == "set" {
        let lists = text(items, "x-kubernetes-list-type");
        let mergeable = match text(items, "type") {
            "array" => lists.is_empty() || lists == "atomic",
            "object" => text(items, "x-kubernetes-map-type") == "atomic",
            _ => true,
        };
        if !mergeable {
            wrong("items of a set are scalars, or replaced as a whole".to_owned());
        }
    }
    if list == "map" {
        if keys.is_empty() || text(items, "type") != "object" {
            wrong("a list that is merged as a map has objects and their keys".to_owned());
        }
        for key in keys {
            map_key(items, key, &mut wrong);
        }
    }
}

fn map_key(items: &Schema, key: &str, wrong: &mut impl FnMut(String)) {
    let Some(Value::Object(field)) = items.get("properties").and_then(|fields| fields.get(key))
    else {
        return wrong(format!("the key `{key}` is no field of the items"));
    };
    let required = items.get("required").and_then(Value::as_array);
    let required = required.is_some_and(|names| names.iter().any(|name| name == key));
    if !required && !field.contains_key("default") {
        wrong(format!(
            "the key `{key}` is neither required nor has it a default"
        ));
    }
    if matches!(text(field, "type"), "array" | "object") || is(field, "nullable") {
        wrong(format!("the key `{key}` is no scalar, or may be `null`"));
    }
}
