//! Lists, maps and objects: as many of their parts as there must be, and those that carry an example.

use serde_json::{Map, Value, json};

use super::{Made, Unmet, carries_example, make, merge, unmet};
use crate::crd::{Place, Step, size, texts, validate::mismatches};

/// More items or fields than this are no example any more.
const MOST_MADE: usize = 64;

/// A list with as many items as it must have, or one.
pub(super) fn lists(schema: &Value, place: &Place, nth: usize) -> Result<Vec<Value>, Vec<Unmet>> {
    let least = size(&schema["minItems"]).unwrap_or(0);
    let most = size(&schema["maxItems"]).unwrap_or(usize::MAX);
    if least > MOST_MADE {
        return Err(unmet(place, &format!("needs {least} items")));
    }
    let place = place.step(Step::Items);
    // The keys of a list's items tell them apart, whether they have defaults or not.
    let keys = json!({ "required": schema["x-kubernetes-list-map-keys"] });
    let item_schema = merge(&schema["items"], &keys);
    let mut items: Vec<Value> = Vec::new();
    let mut problems = Vec::new();
    for attempt in 0..4 * MOST_MADE {
        if items.len() >= least.max(1).min(most) {
            break;
        }
        match differing(&item_schema, &place, nth + attempt) {
            Ok(item) => {
                let mut more = items.clone();
                more.push(item);
                let listed = mismatches(&without_bounds(schema), &more.clone().into());
                if listed.is_empty() {
                    items = more;
                }
            }
            Err(more) => {
                problems = more;
                break;
            }
        }
    }
    if items.len() < least && !problems.is_empty() {
        return Err(problems);
    }
    Ok(vec![items.into()])
}

/// A list's schema without its length, for a list that is still growing.
fn without_bounds(schema: &Value) -> Value {
    let names = [
        "type",
        "items",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
    ];
    let kept = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), schema.get(name)?.clone())));
    kept.collect::<Map<_, _>>().into()
}

/// An object with its required fields and those that carry an example, and one with fewer.
pub(super) fn objects(schema: &Value, place: &Place, nth: usize) -> Result<Vec<Value>, Vec<Unmet>> {
    let least = size(&schema["minProperties"]).unwrap_or(0);
    let most = size(&schema["maxProperties"]).unwrap_or(usize::MAX);
    if least > MOST_MADE {
        return Err(unmet(place, &format!("needs {least} fields")));
    }
    let open = schema["additionalProperties"] == true
        || schema["x-kubernetes-preserve-unknown-fields"] == true;
    let field = |name: &str| match schema["properties"].get(name) {
        Some(property) => differing(property, &place.field(name), nth),
        None if schema["additionalProperties"].is_object() => make(
            &schema["additionalProperties"],
            &place.step(Step::Values),
            nth,
        ),
        None if open => Ok("example".into()),
        None => Err(unmet(
            &place.field(name),
            "is required, and not in the schema",
        )),
    };
    let mut problems = Vec::new();
    let mut required = Map::new();
    if schema["x-kubernetes-embedded-resource"] == true {
        let any =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "example" } });
        required.extend(any.as_object().cloned().unwrap_or_default());
    }
    for name in texts(&schema["required"])
        .filter(|name| !required.contains_key(*name))
        .collect::<Vec<_>>()
    {
        match field(name) {
            Ok(value) => drop(required.insert(name.to_owned(), value)),
            Err(more) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let map = schema["additionalProperties"].is_object();
    if map || open && schema["properties"].is_null() {
        let wanted = if map { least.max(1).min(most) } else { least };
        let names = (0..).map(|index| match index {
            0 => "example".to_owned(),
            _ => format!("example-{}", index + 1),
        });
        for name in names.take(MOST_MADE) {
            if required.len() >= wanted {
                break;
            }
            match field(&name) {
                Ok(value) => drop(required.insert(name, value)),
                Err(more) if least > 0 => return Err(more),
                Err(_) => break,
            }
        }
        return Ok(vec![required.into()]);
    }
    let properties = schema["properties"].as_object();
    let optional = properties.into_iter().flatten();
    let optional = optional.filter(|(name, _)| !required.contains_key(*name));
    let (shown, others): (Vec<_>, Vec<_>) =
        optional.partition(|(_, property)| carries_example(property));
    let filled = |fields: &Map<String, Value>| {
        let mut fields = fields.clone();
        for (name, _) in shown.iter().chain(&others) {
            if fields.len() >= least {
                break;
            }
            if let Ok(value) = field(name) {
                fields.insert((*name).clone(), value);
            }
        }
        Value::from(fields)
    };
    let mut with_examples = required.clone();
    for (name, _) in shown.iter().take(most.saturating_sub(required.len())) {
        if let Ok(value) = field(name) {
            with_examples.insert((*name).clone(), value);
        }
    }
    Ok(vec![filled(&with_examples), filled(&required)])
}

/// A value of its own for each `nth`, or the same where there are not so many.
fn differing(schema: &Value, place: &Place, nth: usize) -> Made {
    make(schema, place, nth).or_else(|unmet| match nth {
        0 => Err(unmet),
        _ => make(schema, place, 0),
    })
}
