//! Whether a default fits its schema, as the API server checks when it takes a CRD.

use serde_json::Value;

use super::{Schema, is, text};
use crate::crd::raw::type_of;

/// Holds a value against a schema; why it does not fit.
pub(super) fn fits(value: &Value, schema: &Schema) -> Result<(), String> {
    if let Some(Value::Array(values)) = schema.get("enum")
        && !values.contains(value)
    {
        return Err(format!("`{value}` is none of its values"));
    }
    let Some(name) = type_of(value) else {
        let open = is(schema, "nullable")
            || (text(schema, "type").is_empty() && !is(schema, "x-kubernetes-int-or-string"));
        return if open {
            Ok(())
        } else {
            Err("it is `null`".to_owned())
        };
    };
    let expected = text(schema, "type");
    let same = match expected {
        "" if is(schema, "x-kubernetes-int-or-string") => matches!(name, "integer" | "string"),
        "" => true,
        "number" => matches!(name, "integer" | "number"),
        "integer" => {
            name == "integer" || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        expected => name == expected,
    };
    if !same {
        return Err(format!("`{value}` is no {expected}"));
    }
    checks_fit(value, schema)?;
    match value {
        Value::Number(number) => number_fits(number.as_f64().unwrap_or_default(), schema),
        Value::String(string) => {
            count_fits(string.chars().count(), schema, "minLength", "maxLength")
        }
        Value::Array(items) => {
            count_fits(items.len(), schema, "minItems", "maxItems")?;
            let Some(Value::Object(below)) = schema.get("items") else {
                return Ok(());
            };
            items.iter().try_for_each(|item| fits(item, below))
        }
        Value::Object(fields) => object_fits(fields, schema),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

/// `allOf`, `anyOf` and `oneOf`; none of them is asked of `null`.
fn checks_fit(value: &Value, schema: &Schema) -> Result<(), String> {
    for key in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(parts)) = schema.get(key) else {
            continue;
        };
        let parts = parts.iter().filter_map(Value::as_object);
        let results: Vec<_> = parts.map(|part| fits(value, part)).collect();
        let fitting = results.iter().filter(|result| result.is_ok()).count();
        // Patterns are not looked at here, so that more variants may fit than do.
        let enough = if key == "allOf" {
            results.len()
        } else {
            1.min(results.len())
        };
        if let (true, Some(reason)) = (fitting < enough, results.into_iter().find_map(Result::err))
        {
            return Err(reason);
        }
    }
    match schema.get("not") {
        Some(Value::Object(not)) if is_known(not) && fits(value, not).is_ok() => {
            Err(format!("`{value}` is what it must not be"))
        }
        _ => Ok(()),
    }
}

/// Whether everything that a check asks is looked at here.
fn is_known(part: &Schema) -> bool {
    let text = Value::Object(part.clone()).to_string();
    let unknown = ["\"pattern\"", "\"format\"", "\"multipleOf\""];
    !unknown.iter().any(|key| text.contains(key))
}

fn number_fits(number: f64, schema: &Schema) -> Result<(), String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let below = bound("minimum").is_some_and(|minimum| {
        number < minimum || (is(schema, "exclusiveMinimum") && number == minimum)
    });
    let above = bound("maximum").is_some_and(|maximum| {
        number > maximum || (is(schema, "exclusiveMaximum") && number == maximum)
    });
    match (below, above) {
        (true, _) => Err(format!("`{number}` is too small")),
        (_, true) => Err(format!("`{number}` is too large")),
        _ => Ok(()),
    }
}

fn count_fits(count: usize, schema: &Schema, least: &str, most: &str) -> Result<(), String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    let count = count as u64;
    if bound(least).is_some_and(|least| count < least) {
        return Err(format!("it is shorter than `{least}`"));
    }
    if bound(most).is_some_and(|most| count > most) {
        return Err(format!("it is longer than `{most}`"));
    }
    Ok(())
}

fn object_fits(value: &Schema, schema: &Schema) -> Result<(), String> {
    count_fits(value.len(), schema, "minProperties", "maxProperties")?;
    for (name, value) in value {
        let field = schema.get("properties").and_then(|fields| fields.get(name));
        match field.or(schema.get("additionalProperties")) {
            Some(Value::Object(below)) => fits(value, below)?,
            None if text(schema, "type") == "object"
                && !is(schema, "x-kubernetes-preserve-unknown-fields") =>
            {
                return Err(format!("`{name}` is no field of it"));
            }
            _ => {}
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !value.contains_key(name) {
            return Err(format!("`{name}` is missing"));
        }
    }
    Ok(())
}
