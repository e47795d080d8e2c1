//! What is kept of `metadata.managedFields`: the entries that say what this process applied.
//!
//! All entries together can be larger than the object. Ours are needed to tell whether an apply
//! would change anything, and are kept as one string each: parsed, one takes 15 times as much.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use kube::core::ObjectMeta;
use serde_json::{Map, Value};

/// What a field manager has applied.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) manager: Box<str>,
    /// FieldsV1 as text.
    pub(super) fields: Box<str>,
}

/// Drops every entry of an object in JSON that is not from a server-side apply of the object
/// itself, and turns the `fieldsV1` of the others into strings.
pub(super) fn compact(object: &mut Value) {
    let Some(Value::Array(entries)) = object.pointer_mut("/metadata/managedFields") else {
        return;
    };
    entries.retain(is_apply);
    for entry in entries {
        if let Some(fields) = entry.get_mut("fieldsV1") {
            *fields = Value::String(fields.to_string());
        }
    }
}

/// Takes all entries out of an object in JSON. Returns those from a server-side apply of the
/// object itself.
pub(super) fn take_applied(object: &mut Value) -> Vec<Applied> {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    let entries = metadata.and_then(|metadata| metadata.remove("managedFields"));
    let entries = entries.as_ref().and_then(Value::as_array);
    let applies = entries.into_iter().flatten().filter(|it| is_apply(it));
    applies
        .filter_map(|entry| {
            Some(Applied {
                manager: entry["manager"].as_str()?.into(),
                fields: entry["fieldsV1"].to_string().into(),
            })
        })
        .collect()
}

fn is_apply(entry: &Value) -> bool {
    entry["operation"] == "Apply" && entry["subresource"].is_null()
}

/// Drops the entries of other field managers.
pub(super) fn keep_only(metadata: &mut ObjectMeta, is_ours: impl Fn(&str) -> bool) {
    let Some(entries) = &mut metadata.managed_fields else {
        return;
    };
    entries.retain(|entry| entry.manager.as_deref().is_some_and(&is_ours));
    if entries.is_empty() {
        metadata.managed_fields = None;
    } else {
        entries.shrink_to_fit();
    }
}

/// The fields that `manager` owns by apply, as parsed FieldsV1; `None` if it owns none.
pub(super) fn owned_by(metadata: &ObjectMeta, manager: &str) -> Option<Map<String, Value>> {
    let entries = metadata.managed_fields.as_deref()?;
    let is_own = |entry: &&ManagedFieldsEntry| {
        entry.manager.as_deref() == Some(manager)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.is_none()
    };
    let FieldsV1(fields) = entries.iter().find(is_own)?.fields_v1.as_ref()?;
    match fields {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Object(fields) => Some(fields.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object() -> Value {
        json!({ "metadata": { "name": "x", "managedFields": [
            { "manager": "me", "operation": "Apply", "fieldsV1": { "f:data": {} } },
            { "manager": "me", "operation": "Apply", "subresource": "status", "fieldsV1": {} },
            { "manager": "me", "operation": "Update", "fieldsV1": {} },
            { "manager": "them", "operation": "Apply", "fieldsV1": {} },
        ] } })
    }

    #[test]
    fn what_was_applied_can_be_taken_out() {
        let mut object = object();
        let applied = take_applied(&mut object);
        let applied = applied.iter().map(|it| (&*it.manager, &*it.fields));
        let expected = [("me", r#"{"f:data":{}}"#), ("them", "{}")];
        assert_eq!(applied.collect::<Vec<_>>(), expected);
        assert_eq!(object, json!({ "metadata": { "name": "x" } }));
        assert!(take_applied(&mut object).is_empty());
    }

    #[test]
    fn only_our_own_apply_entry_stays_and_can_be_read_back() {
        let mut object = object();
        compact(&mut object);
        let mut metadata: ObjectMeta = serde_json::from_value(object["metadata"].take()).unwrap();
        keep_only(&mut metadata, |manager| manager == "me");
        assert_eq!(metadata.managed_fields.as_ref().unwrap().len(), 1);
        let owned = Value::from(owned_by(&metadata, "me").unwrap());
        assert_eq!(owned, json!({ "f:data": {} }));
        assert_eq!(owned_by(&metadata, "them"), None);
    }
}
