//! Formats, bounds and values of numbers and strings.

use serde_json::{Value, json};

use super::{Schema, is, text};
use crate::crd::Raw;

/// The formats of strings that the API server checks; it takes them with or without `-`, and warns of any other.
/// <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation>
const FORMATS: &[&str] = &[
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];
/// A duration of ISO 8601, with a sign in front as jiff writes it.
const ISO_DURATION: &str = r"^[+-]?P[0-9YMWDTHSymwdths.,]+$";

/// Whether the API server knows a format for a type.
pub(super) fn is_known_format(of: &str, format: &str) -> bool {
    match of {
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        "string" => FORMATS.contains(&&*format.replace('-', "")),
        _ => false,
    }
}

/// Settles format, bounds and enum of a schema.
pub(super) fn settle(schema: &mut Schema, raw: &Raw<'_>) {
    match text(schema, "type") {
        "integer" => {
            integer(schema);
            drop_bounds_beyond_format(schema);
        }
        "string" => string(schema),
        _ => {}
    }
    let format = text(schema, "format");
    if !format.is_empty() && !is_known_format(text(schema, "type"), format) {
        schema.remove("format");
    }
    values(schema);
    super::wording::variants(schema, raw);
}

/// Integers of Rust become the two that Kubernetes has, with the bounds of the smaller ones.
fn integer(schema: &mut Schema) {
    let (format, minimum, maximum): (_, Option<i64>, Option<i64>) = match text(schema, "format") {
        "int8" => ("int32", Some(i8::MIN.into()), Some(i8::MAX.into())),
        "int16" => ("int32", Some(i16::MIN.into()), Some(i16::MAX.into())),
        "uint8" => ("int32", Some(0), Some(u8::MAX.into())),
        "uint16" => ("int32", Some(0), Some(u16::MAX.into())),
        "uint32" => ("int64", Some(0), Some(u32::MAX.into())),
        // Greater numbers than an `i64` are lost on the way through the API server in any case.
        "uint" | "uint64" | "uint128" => ("int64", Some(0), None),
        "int" | "int128" => ("int64", None, None),
        _ => return,
    };
    schema.insert("format".to_owned(), format.into());
    for (key, bound) in [("minimum", minimum), ("maximum", maximum)] {
        if let Some(bound) = bound {
            schema.entry(key).or_insert_with(|| bound.into());
        }
    }
}

/// The API server refuses every object for a bound that its format cannot hold, and such a bound says nothing.
fn drop_bounds_beyond_format(schema: &mut Schema) {
    let (least, most) = match text(schema, "format") {
        "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        "int64" => (i64::MIN, i64::MAX),
        _ => return,
    };
    let beyond = |value: &Value, below: bool| match value.as_i64() {
        Some(bound) if below => bound < least,
        Some(bound) => bound > most,
        // Beyond an `i64`, or no whole number.
        None => value.as_f64().is_some_and(|bound| {
            if below {
                bound < least as f64
            } else {
                bound >= most as f64
            }
        }),
    };
    for (key, exclusive, below) in [
        ("minimum", "exclusiveMinimum", true),
        ("maximum", "exclusiveMaximum", false),
    ] {
        if schema.get(key).is_some_and(|value| beyond(value, below)) {
            schema.remove(key);
            schema.remove(exclusive);
        }
    }
}

fn string(schema: &mut Schema) {
    let instead = match text(schema, "format") {
        "ip" => json!([{ "format": "ipv4" }, { "format": "ipv6" }]),
        // The API server reads the durations of Go; schemars names those of ISO 8601 so, which jiff writes.
        "duration" => json!([{ "format": "duration" }, { "pattern": ISO_DURATION }]),
        _ => return,
    };
    if !schema.contains_key("anyOf") {
        schema.insert("anyOf".to_owned(), instead);
    }
    schema.remove("format");
}

/// Each value once, in an order that documentation of a variant does not change.
///
/// The API server never finds `null` in `enum`, not even where it is listed, but asks `allOf` only of other values: that
/// is where the values of a nullable enum stand.
fn values(schema: &mut Schema) {
    let Some(Value::Array(mut values)) = schema.remove("enum") else {
        return;
    };
    let key = |value: &Value| (value.as_f64().unwrap_or_default(), value.to_string());
    values.sort_by(|left, right| {
        let (left, right) = (key(left), key(right));
        left.0
            .total_cmp(&right.0)
            .then_with(|| left.1.cmp(&right.1))
    });
    values.dedup();
    if is(schema, "nullable") && schema.contains_key("type") {
        values.retain(|value| !value.is_null());
        let part = json!({ "enum": values });
        match schema.entry("allOf").or_insert_with(|| json!([])) {
            Value::Array(parts) => parts.push(part),
            other => *other = json!([part]),
        }
    } else {
        schema.insert("enum".to_owned(), values.into());
    }
}
