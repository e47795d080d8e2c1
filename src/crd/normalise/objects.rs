//! Objects: fields, maps, and both at once.

use serde_json::Value;

use super::{OPEN, Report, Schema, is, text};
use crate::crd::Raw;

const VALUES: &str = "additionalProperties";

/// Gives an object either fields or values, as Kubernetes wants it.
pub(super) fn settle(schema: &mut Schema, raw: &Raw<'_>, report: &mut Report<'_>) {
    if text(schema, "type") != "object" {
        schema.remove("patternProperties");
        return;
    }
    if let Some(Value::Object(patterns)) = schema.remove("patternProperties") {
        by_pattern(schema, patterns, report);
    }
    // kube keeps the fields of variants, and not the values of those that are maps.
    let maps = raw.variants().iter().map(|variant| &variant[VALUES]);
    if maps
        .into_iter()
        .any(|values| !matches!(values, Value::Null | Value::Bool(false)))
        && !schema.contains_key(VALUES)
        && !is(schema, OPEN)
    {
        schema.insert(OPEN.to_owned(), true.into());
        report.warning(
            "open-map",
            "a variant that is a map beside others: Kubernetes cannot check its values, and accepts any",
            "leave `untagged` out, so that each variant is a field of its own",
        );
    }
    match schema.get(VALUES) {
        Some(Value::Bool(false)) => {
            schema.remove(VALUES);
        }
        Some(values) if accepts_all(values) => {
            schema.remove(VALUES);
            schema.insert(OPEN.to_owned(), true.into());
        }
        Some(_) if schema.contains_key("properties") || report.place.steps.is_empty() => {
            schema.remove(VALUES);
            if is(schema, OPEN) {
                return;
            }
            schema.insert(OPEN.to_owned(), true.into());
            report.warning(
                "open-map",
                "a flattened map beside other fields: Kubernetes cannot check its values, and accepts any",
                "give the map a field of its own",
            );
        }
        _ => {}
    }
}

/// Values that are kept whole: an object within them is pruned unless it says so.
fn accepts_all(values: &Value) -> bool {
    match values {
        Value::Bool(all) => *all,
        Value::Object(values) => values.is_empty(),
        _ => false,
    }
}

/// Kubernetes has no patterns for keys. One pattern for all keys still says what the values are.
fn by_pattern(schema: &mut Schema, patterns: Schema, report: &mut Report<'_>) {
    let no_other = !schema.contains_key("properties")
        && schema
            .get(VALUES)
            .is_none_or(|values| *values == Value::Bool(false));
    let mut values = patterns.into_iter().map(|(_, values)| values);
    let first = values.next();
    let help = "let the keys be `String`, or write a list with the key as a field";
    if let (Some(first), true) = (first, no_other)
        && values.all(|other| other == first)
    {
        schema.insert(VALUES.to_owned(), first);
        let message = "keys that are no strings to the type: the API server accepts any key, and the type may not read it";
        report.warning("unchecked-keys", message, help);
    } else {
        schema.remove(VALUES);
        schema.insert(OPEN.to_owned(), true.into());
        let message = "values that depend on their keys: the API server accepts any";
        report.warning("unchecked-keys", message, help);
    }
}
