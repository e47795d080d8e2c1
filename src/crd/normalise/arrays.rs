//! Lists: each has one schema for all its items.

use serde_json::{Value, json};

use super::{Report, Schema, text};

/// Gives a list one schema for its items; an error where they differ.
pub(super) fn settle(schema: &mut Schema, report: &mut Report<'_>) {
    if text(schema, "type") != "array" {
        return;
    }
    match schema.get_mut("items") {
        Some(Value::Array(items)) => {
            let mut plain = items.iter().map(without_words);
            let first = plain.next();
            if plain.all(|other| Some(other) == first) {
                let one = items.first_mut().map(Value::take);
                let one = one.filter(Value::is_object).unwrap_or_else(|| json!({}));
                schema.insert("items".to_owned(), one);
            } else {
                report.error(
                    "tuple",
                    "a tuple of different types: a list of Kubernetes has one type for all its items",
                    "write a struct with a field for each part",
                );
            }
        }
        Some(Value::Object(_)) => {}
        _ => {
            schema.insert("items".to_owned(), json!({}));
        }
    }
}

/// A schema without what it says to people at its top.
fn without_words(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(schema) = &mut schema {
        schema.retain(|key, _| !matches!(&**key, "description" | "title"));
    }
    schema
}
