//! Types without a value, e.g. an enum without variants: schemars says `false` or `{"not": {}}`, which Kubernetes has no
//! other word for.

use serde_json::Value;

use super::{Finding, Report, Schema};
use crate::crd::{Place, Raw, Step};

/// Finds what no value fits at a place and right below it, where `false` may stand for a schema.
pub(super) fn settle(
    schema: &mut Schema,
    place: &Place,
    raw: &Raw<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut told = |place: &Place| {
        Report { place, findings }.error(
            "empty-enum",
            "a type without a value: an enum without variants, or a schema that refuses everything",
            "give the enum a variant, or leave the field out",
        );
    };
    if schema.get("not").is_some_and(is_everything) {
        schema.remove("not");
        told(place);
    }
    // `false` as a value of a map is that of a closed object, too; its own schema tells which.
    let values = raw.step(&Step::Values);
    if schema.get("additionalProperties") == Some(&Value::Bool(false))
        && values.whole().iter().any(|values| is_nothing(values))
    {
        schema.remove("additionalProperties");
        told(&place.step(Step::Values));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, value) in properties.into_iter().flatten() {
        if *value == Value::Bool(false) {
            told(&place.field(name));
        }
    }
    if schema.get("items") == Some(&Value::Bool(false)) {
        schema.remove("items");
        told(&place.step(Step::Items));
    }
}

fn is_nothing(schema: &Value) -> bool {
    *schema == Value::Bool(false) || schema.get("not").is_some_and(is_everything)
}

fn is_everything(schema: &Value) -> bool {
    match schema {
        Value::Bool(all) => *all,
        Value::Object(keywords) => keywords.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{
        Level, Schemas, normalise,
        tests::{crd, schemas},
    };
    use super::Value;

    #[test]
    fn a_type_without_values_is_found_wherever_it_is() {
        let never = json!({ "description": "Never.", "not": {} });
        for (field, path) in [
            (never.clone(), ".f"),
            (json!({ "type": "array", "items": never }), ".f[*]"),
            (json!({ "type": "array", "items": false }), ".f[*]"),
            (
                json!({ "type": "object", "additionalProperties": never }),
                ".f{*}",
            ),
            (
                json!({ "type": "object", "properties": { "g": false } }),
                ".f.g",
            ),
            (
                json!({ "type": "object", "properties": { "g": { "not": true } } }),
                ".f.g",
            ),
        ] {
            let found = normalise(&crd(&field), &Schemas::default()).findings;
            let found: Vec<_> = found
                .iter()
                .map(|it| (it.id, it.level, it.place.path()))
                .collect();
            assert_eq!(
                found,
                [("empty-enum", Level::Error, path.to_owned())],
                "{field}"
            );
        }
    }

    #[test]
    fn a_map_of_values_that_there_are_none_of_is_not_a_closed_object() {
        let closed = json!({ "type": "object", "additionalProperties": false });
        let map = json!({ "type": "object", "additionalProperties": { "$ref": "#/components/schemas/Never" } });
        for never in [json!(false), json!({ "not": {} })] {
            let definitions = json!({ "Never": never });
            let found = |raw: &Value| {
                let found = normalise(&crd(&closed), &schemas(raw, &definitions)).findings;
                found
                    .iter()
                    .map(|it| (it.id, it.place.path()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(found(&closed), []);
            assert_eq!(found(&map), [("empty-enum", ".f{*}".to_owned())]);
        }
    }
}
