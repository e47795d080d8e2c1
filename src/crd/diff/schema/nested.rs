//! The keywords that hold schemas of further places: fields, items and values of maps.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Both, compare};
use crate::crd::{
    Step,
    diff::{
        Class::{Breaking, Look, Safe},
        Report,
        values::{Whole, fields, get, items, names, only},
    },
};

pub(super) fn properties(both: &Both, report: &mut Report) {
    let (old, new) = both.get("properties");
    let (old, new) = (fields(old), fields(new));
    for name in names(old, new) {
        let place = both.place.field(name);
        // What every object has, whether its schema says so or not.
        let implied = match (both.place.steps.is_empty(), name) {
            (true, "apiVersion" | "kind") => continue,
            (true, "metadata") => Some(json!({ "type": "object" })),
            _ => None,
        };
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => compare(old, new, &place, report),
            (old, new) if implied.is_some() => {
                let of = |side: Option<&Value>| {
                    let text = side.or(implied.as_ref()).cloned().unwrap_or_default();
                    without_description(text)
                };
                compare(&of(old), &of(new), &place, report);
            }
            (Some(_), None) if takes_any_field(both.new) => {
                let message = "the field is removed; its values stay, unchecked";
                report.add(&place, ("field-removed", Look), message, (None, None));
            }
            (Some(_), None) => {
                let message = "the field is removed";
                report.add(&place, ("field-removed", Breaking), message, (None, None));
            }
            (None, _) if takes_any_field(both.old) => {
                let message = "the field is added where objects may have a value for it already";
                report.add(&place, ("field-added", Look), message, (None, None));
            }
            (None, _) => {
                let message = "the field is added";
                report.add(&place, ("field-added", Safe), message, (None, None));
            }
        }
    }
}

fn without_description(mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("description");
    }
    schema
}

/// Whether objects keep fields that the schema does not name.
fn takes_any_field(schema: &Map<String, Value>) -> bool {
    get(schema, "x-kubernetes-preserve-unknown-fields").is_some() || value_schema(schema).is_some()
}

pub(super) fn required(both: &Both, report: &mut Report) {
    let (old, new) = both.get("required");
    let (old, new) = (items(old), items(new));
    let name = |value: &&Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let implied = |name: &String| {
        both.place.steps.is_empty() && matches!(name.as_str(), "apiVersion" | "kind" | "metadata")
    };
    let names = |left, right| {
        let names = only(left, right);
        names
            .iter()
            .map(name)
            .filter(|name| !implied(name))
            .collect::<BTreeSet<_>>()
    };
    for name in names(new, old) {
        let field = fields(get(both.new, "properties")).get(&name);
        let (class, message) = match get(fields(field), "default") {
            // Kubernetes fills in defaults before it validates.
            Some(_) => (Safe, "the field is required now, and has a default"),
            None => (Breaking, "the field is required now"),
        };
        report.add(
            &both.place.field(&name),
            ("required-added", class),
            message,
            (None, None),
        );
    }
    for name in names(old, new) {
        let message = "the field is no longer required";
        report.add(
            &both.place.field(&name),
            ("required-removed", Safe),
            message,
            (None, None),
        );
    }
}

pub(super) fn list_items(both: &Both, report: &mut Report) {
    let place = both.place.step(Step::Items);
    match both.get("items") {
        (Some(old), Some(new)) => compare(old, new, &place, report),
        sides => Whole::of(Breaking).compare("items", "`items`", both.place, sides, report),
    }
}

/// The schema of a map's values, where `true` takes all of them and `false` is no map.
fn value_schema(schema: &Map<String, Value>) -> Option<Value> {
    match get(schema, "additionalProperties")? {
        Value::Bool(false) => None,
        Value::Bool(true) => Some(json!({})),
        schema => Some(schema.clone()),
    }
}

pub(super) fn map_values(both: &Both, report: &mut Report) {
    let (old, new) = (value_schema(both.old), value_schema(both.new));
    if let (Some(old), Some(new)) = (&old, &new) {
        compare(old, new, &both.place.step(Step::Values), report);
        return;
    }
    let whole = Whole {
        added: Safe,
        ..Whole::of(Breaking)
    };
    let sides = (old.as_ref(), new.as_ref());
    let what = "`additionalProperties`";
    whole.compare("additional-properties", what, both.place, sides, report);
}
