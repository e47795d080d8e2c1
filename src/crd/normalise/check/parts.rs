//! What stands in `allOf`, `anyOf`, `oneOf` and `not`.

use serde_json::{Value, json};

use super::{
    super::{EITHER, Finding, Place, Schema, Step, combine::OUTSIDE, is},
    error, fields, shapes,
};

/// The parts of `allOf`, `anyOf`, `oneOf` and `not`, but for the one that says what `x-kubernetes-int-or-string` does.
fn parts(schema: &Schema) -> impl Iterator<Item = &Schema> {
    let either = json!([{ "type": "integer" }, { "type": "string" }]);
    let is_either = is(schema, EITHER);
    let lists = ["allOf", "anyOf", "oneOf"].into_iter();
    let lists = lists.filter_map(|key| schema.get(key));
    let lists = lists.filter(move |list| !is_either || **list != either);
    let parts = lists.filter_map(Value::as_array).flatten();
    parts.chain(schema.get("not")).filter_map(Value::as_object)
}

/// What stands in a part of `allOf`, `anyOf`, `oneOf` and `not` only checks.
pub(super) fn check(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    for part in parts(schema) {
        checked(part, place, found);
    }
}

fn checked(part: &Schema, place: &Place, found: &mut Vec<Finding>) {
    shapes(part, place, found);
    if let Some(key) = OUTSIDE.iter().find(|key| part.contains_key(**key)) {
        let message = format!("`{key}` within `allOf`, `anyOf`, `oneOf` or `not`");
        error(place, found, message);
    }
    check(part, place, found);
    for (name, below) in fields(part) {
        let place = place.field(name);
        if name == "metadata" {
            let message = "`metadata` within `allOf`, `anyOf`, `oneOf` or `not`";
            error(&place, found, message);
        }
        if let Value::Object(below) = below {
            checked(below, &place, found);
        }
    }
    if let Some(Value::Object(below)) = part.get("items") {
        checked(below, &place.step(Step::Items), found);
    }
}

/// What the checks of the root speak of is in its schema as well. The API server asks that of no schema below.
pub(super) fn are_completed(
    part: &Schema,
    schema: &Schema,
    place: &Place,
    found: &mut Vec<Finding>,
) {
    for part in parts(part) {
        are_completed(part, schema, place, found);
        for (name, below) in fields(part) {
            let place = place.field(name);
            let field = schema.get("properties").and_then(|fields| fields.get(name));
            match (below, field) {
                (Value::Object(below), Some(Value::Object(field))) => {
                    are_completed(below, field, &place, found);
                }
                _ => error(&place, found, "a field that only a variant has"),
            }
        }
    }
}
