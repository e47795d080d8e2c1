//! Would a server-side apply change anything? Answered without asking the API server.
//!
//! The API server records in `metadata.managedFields` which fields an apply has set. So an apply
//! is not needed when the recorded fields are exactly those that the desired object sets (a field
//! that is no longer set would have to be removed) and the live values are the desired ones.
//!
//! Any doubt is answered by "needed": a spare apply costs one request and changes nothing.
//!
//! In a FieldsV1 tree, `f:NAME` is a field, `k:{..}` the item of a list with these key fields,
//! `v:..` the item of a set, `.` the thing itself, and an empty node a leaf: a plain value, or a
//! map or list that is owned as a whole.

use serde_json::{Map, Value};

use super::kind::Kind;
use super::stored::Stored;

type Node = Map<String, Value>;

/// True when applying `desired` as `field_manager` would leave `live` as it is.
pub(super) fn is_applied<K: Kind>(desired: &Value, live: &Stored<K>, field_manager: &str) -> bool {
    let Some(owned) = live.applied_by(field_manager) else {
        return false;
    };
    let Some(live) = live.json() else {
        return false;
    };
    object_matches(desired, &owned, &live)
}

fn object_matches(desired: &Value, owned: &Node, live: &Value) -> bool {
    let (Some(desired), Some(live)) = (desired.as_object(), live.as_object()) else {
        return false;
    };
    let mut fields = 0;
    for (name, value) in desired {
        // Which object it is does not belong to anybody.
        if name == "apiVersion" || name == "kind" {
            continue;
        }
        let without_identity;
        let value = if name == "metadata" {
            without_identity = strip_identity(value);
            &without_identity
        } else {
            value
        };
        // An empty part, like the `status: {}` of a default, sets nothing.
        if is_unset(value) || value.as_object().is_some_and(Map::is_empty) {
            continue;
        }
        fields += 1;
        if !field_matches(name, value, owned, live) {
            return false;
        }
    }
    fields == owned_fields(owned)
}

fn strip_identity(metadata: &Value) -> Value {
    let mut metadata = metadata.clone();
    if let Some(fields) = metadata.as_object_mut() {
        fields.remove("name");
        fields.remove("namespace");
    }
    metadata
}

/// A map whose fields are owned one by one.
fn map_matches(desired: &Node, owned: &Node, live: &Node) -> bool {
    let set: Vec<_> = desired
        .iter()
        .filter(|(_, value)| !is_unset(value))
        .collect();
    set.len() == owned_fields(owned)
        && set
            .into_iter()
            .all(|(name, value)| field_matches(name, value, owned, live))
}

fn field_matches(name: &str, desired: &Value, owned: &Node, live: &Node) -> bool {
    let owned = owned.get(&format!("f:{name}")).and_then(Value::as_object);
    match (owned, live.get(name)) {
        (Some(owned), Some(live)) => node_matches(desired, owned, live),
        _ => false,
    }
}

fn node_matches(desired: &Value, owned: &Node, live: &Value) -> bool {
    if owned.is_empty() {
        return contains(live, desired);
    }
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => map_matches(desired, owned, live),
        (Value::Array(desired), Value::Array(live)) => list_matches(desired, owned, live),
        _ => false,
    }
}

/// A list whose items are owned one by one.
fn list_matches(desired: &[Value], owned: &Node, live: &[Value]) -> bool {
    let mut items = 0;
    for (path, owned) in owned {
        if path == "." {
            continue;
        }
        let Some(owned) = owned.as_object() else {
            return false;
        };
        let Some((desired, live)) = find_item(path, desired, live) else {
            return false;
        };
        items += 1;
        if !node_matches(desired, owned, live) {
            return false;
        }
    }
    items == desired.len()
}

/// The desired and the live item that `path` means.
fn find_item<'a>(
    path: &str,
    desired: &'a [Value],
    live: &'a [Value],
) -> Option<(&'a Value, &'a Value)> {
    let (prefix, json) = path.split_at_checked(2)?;
    let path: Value = serde_json::from_str(json).ok()?;
    if prefix == "v:" {
        let is_it = |item: &&Value| **item == path;
        return Some((desired.iter().find(is_it)?, live.iter().find(is_it)?));
    }
    let key = path.as_object().filter(|_| prefix == "k:")?;
    let has_key = |item: &&Value| {
        key.iter()
            .all(|(name, value)| item.get(name) == Some(value))
    };
    // The server fills in a key field with a default, `"protocol": "TCP"`, that we may leave out.
    let may_have_key = |item: &&Value| {
        key.iter()
            .all(|(name, value)| item.get(name).is_none_or(|own| own == value))
    };
    let desired_item = desired
        .iter()
        .find(has_key)
        .or_else(|| desired.iter().find(may_have_key))?;
    Some((desired_item, live.iter().find(has_key)?))
}

fn owned_fields(owned: &Node) -> usize {
    owned.keys().filter(|path| path.starts_with("f:")).count()
}

fn is_unset(value: &Value) -> bool {
    value.is_null()
}

/// Every value of `desired` is in `live`. Lists have the same length: the items of a list that is
/// owned as a whole may have got defaults, but no further items.
fn contains(live: &Value, desired: &Value) -> bool {
    match (live, desired) {
        (Value::Object(live), Value::Object(desired)) => desired.iter().all(|(name, value)| {
            is_unset(value) || live.get(name).is_some_and(|live| contains(live, value))
        }),
        (Value::Array(live), Value::Array(desired)) => {
            live.len() == desired.len()
                && live
                    .iter()
                    .zip(desired)
                    .all(|(live, desired)| contains(live, desired))
        }
        // 1 and 1.0 are one number to the server.
        (Value::Number(live), Value::Number(desired)) => {
            live == desired || live.as_f64() == desired.as_f64()
        }
        (live, desired) => live == desired,
    }
}

#[cfg(test)]
#[path = "applied_tests.rs"]
mod tests;
