//! The rules by which the API server takes a schema, held against one that is normalised, so that nothing it would
//! refuse gets through in silence.
//!
//! They are those of structural schemas and of what Kubernetes adds to them:
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>.
//! Whether a rule in CEL compiles is not known here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    EITHER, Finding, Level, OPEN, Place, Report, Schema, Step, defaults, is, scalars, text,
    tidy::{KEYWORDS, Shape},
};

mod merged;
mod parts;

const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];
const META: &[&str] = &["apiVersion", "kind", "metadata"];
/// What a root may have besides its fields when the status is a subresource.
const ROOT: &[&str] = &[
    "description",
    "type",
    "format",
    "title",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "multipleOf",
    "required",
    "items",
    "properties",
    "externalDocs",
    "example",
    OPEN,
    "x-kubernetes-validations",
];

/// Adds an error for everything that the API server would refuse, once for each place.
pub(super) fn check(schema: &Schema, place: &Place, status: bool, findings: &mut Vec<Finding>) {
    let mut found = Vec::new();
    root(schema, place, status, &mut found);
    structural(schema, place, &mut found);
    let mut said: BTreeSet<_> = findings
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| finding.place.clone())
        .collect();
    for finding in found {
        if said.insert(finding.place.clone()) {
            findings.push(finding);
        }
    }
}

fn error(place: &Place, findings: &mut Vec<Finding>, message: impl Into<String>) {
    let help = "give the field a schema that has it with `#[schemars(schema_with = \"..\")]`, or change its type";
    Report { place, findings }.error("not-structural", message, help);
}

fn root(schema: &Schema, place: &Place, status: bool, found: &mut Vec<Finding>) {
    if text(schema, "type") != "object" {
        error(place, found, "the root of a kind is an object");
    }
    if is(schema, "nullable") {
        error(place, found, "the root of a kind is never `null`");
    }
    if schema.contains_key("additionalProperties") {
        error(place, found, "the root of a kind is no map");
    }
    let other = schema.keys().find(|key| !ROOT.contains(&&***key));
    if let (true, Some(key)) = (status, other) {
        let message =
            format!("`{key}` at the root of a kind with a status, which is checked by itself");
        error(place, found, message);
    }
    meta(schema, place, found);
    for (name, field) in fields(schema).filter(|(name, _)| META.contains(&&***name)) {
        if name == "metadata" && restricts_more_than_names(field) {
            let message = "only `name` and `generateName` of the metadata can have a schema";
            error(&place.field(name), found, message);
        }
        if has_default(field) {
            error(
                &place.field(name),
                found,
                format!("`{name}` can have no default"),
            );
        }
    }
    parts::are_completed(schema, schema, place, found);
}

/// The fields that every object of Kubernetes has, in the root and in embedded objects.
fn meta(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    for (name, field) in fields(schema).filter(|(name, _)| META.contains(&&***name)) {
        let expected = if name == "metadata" {
            "object"
        } else {
            "string"
        };
        if field["type"] != expected {
            let message = format!("`{name}` is Kubernetes' own, and {expected} is its type");
            error(&place.field(name), found, message);
        }
    }
}

fn restricts_more_than_names(metadata: &Value) -> bool {
    let fields = metadata["properties"].as_object();
    let names = fields.is_none_or(|fields| {
        fields
            .keys()
            .all(|name| name == "name" || name == "generateName")
    });
    let other = metadata.as_object().is_some_and(|schema| {
        schema
            .keys()
            .any(|key| key != "type" && key != "properties")
    });
    !names || other
}

fn has_default(schema: &Value) -> bool {
    match schema {
        Value::Object(schema) => schema
            .iter()
            .any(|(key, value)| key == "default" || has_default(value)),
        Value::Array(list) => list.iter().any(has_default),
        _ => false,
    }
}

fn structural(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    if schema.contains_key("$ref") {
        Report { place, findings: found }.error(
            "recursive-type",
            "a type that holds itself, and a schema of Kubernetes ends somewhere",
            "cut it with `#[schemars(schema_with = \"..\")]` and a schema that has `x-kubernetes-preserve-unknown-fields: true`",
        );
        return;
    }
    shapes(schema, place, found);
    typed(schema, place, found);
    merged::check(schema, place, found);
    rules(schema, place, found);
    if let Some(default) = schema.get("default")
        && let Err(reason) = defaults::fits(default, schema)
    {
        let help = "let `Default`, or the function in `#[serde(default = \"..\")]`, give a value that the schema takes";
        Report {
            place,
            findings: found,
        }
        .error(
            "bad-default",
            format!("the default does not fit the schema: {reason}"),
            help,
        );
    }
    parts::check(schema, place, found);
    for (name, field) in fields(schema) {
        if let Value::Object(field) = field {
            structural(field, &place.field(name), found);
        }
    }
    for (key, step) in [
        ("items", Step::Items),
        ("additionalProperties", Step::Values),
    ] {
        if let Some(Value::Object(below)) = schema.get(key) {
            structural(below, &place.step(step), found);
        }
    }
}

fn fields(schema: &Schema) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Every keyword has a value of its kind.
fn shapes(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    for (key, value) in schema {
        let shape = KEYWORDS
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, shape)| *shape);
        let Some(shape) = shape else {
            error(
                place,
                found,
                format!("`{key}` is no keyword of Kubernetes' schemas"),
            );
            continue;
        };
        if !has_shape(value, shape) {
            error(place, found, format!("`{key}` cannot be `{value}`"));
        }
    }
    if schema.contains_key("dependencies") {
        error(
            place,
            found,
            "`dependencies` is no keyword of Kubernetes' schemas",
        );
    }
    // The regular expressions of Go have no look-around and no references back.
    let pattern = text(schema, "pattern");
    if ["(?=", "(?!", "(?<=", "(?<!"]
        .iter()
        .any(|look| pattern.contains(look))
    {
        error(
            place,
            found,
            format!("the API server knows no look-around in a pattern: `{pattern}`"),
        );
    }
}

fn has_shape(value: &Value, shape: Shape) -> bool {
    let all = |test: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(test));
    match shape {
        Shape::Bool => value.is_boolean(),
        Shape::Number => value.is_number(),
        Shape::Count => value.as_i64().is_some_and(|count| count >= 0),
        Shape::Text => value.is_string(),
        Shape::Texts => all(Value::is_string),
        Shape::Values => value.is_array(),
        Shape::Schema => value.is_object(),
        Shape::SchemaOrBool => value.is_object() || value.is_boolean(),
        Shape::Schemas => all(Value::is_object),
        Shape::Properties => value
            .as_object()
            .is_some_and(|map| map.values().all(Value::is_object)),
        Shape::Any => true,
    }
}

/// Types, and what belongs to each.
fn typed(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    let name = text(schema, "type");
    let has = |key: &str| schema.contains_key(key);
    if !name.is_empty() && !TYPES.contains(&name) {
        error(place, found, format!("`{name}` is no type of Kubernetes"));
    }
    if name.is_empty() && !is(schema, EITHER) && !is(schema, OPEN) {
        error(place, found, "a schema without a type");
    }
    if name == "array" && !has("items") {
        error(place, found, "a list that does not say what it holds");
    }
    if is(schema, EITHER) && (is(schema, OPEN) || is(schema, EMBEDDED)) {
        error(place, found, "a number or text cannot be an object as well");
    }
    let values = schema.get("additionalProperties");
    if values.is_some_and(|values| *values != true)
        && (fields(schema).next().is_some() || is(schema, EMBEDDED))
    {
        error(
            place,
            found,
            "an object with both fields of its own and values of a map",
        );
    }
    if is(schema, EMBEDDED) {
        if name != "object" {
            error(place, found, "an embedded resource is an object");
        }
        meta(schema, place, found);
        if fields(schema).next().is_none() && !is(schema, OPEN) {
            error(place, found, "an embedded resource without fields");
        }
    }
    let format = text(schema, "format");
    let of = if name.is_empty() { "string" } else { name };
    if !format.is_empty() && !scalars::is_known_format(of, format) {
        error(
            place,
            found,
            format!("the API server knows no format `{format}`"),
        );
    }
}

/// Rules in CEL, but for what they say.
fn rules(schema: &Schema, place: &Place, found: &mut Vec<Finding>) {
    let rules = schema
        .get("x-kubernetes-validations")
        .and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        let expression = rule["rule"].as_str().unwrap_or_default().trim();
        let message = rule["message"].as_str();
        if expression.is_empty() {
            error(place, found, "a validation without a rule");
        }
        if message.is_some_and(|message| message.trim().is_empty() || message.trim().contains('\n'))
        {
            error(
                place,
                found,
                format!(
                    "the message of the rule `{expression}` is empty or has more than one line"
                ),
            );
        }
        if message.is_none() && expression.contains('\n') {
            error(place, found, "a rule of more than one line needs a message");
        }
    }
    if rules.is_some() && !has_type_in_cel(schema) {
        let message = "a rule for a value that holds values of any type";
        error(place, found, message);
    }
}

/// Whether rules can speak of a value: its type and that of all it holds are known.
fn has_type_in_cel(schema: &Schema) -> bool {
    let below = |key: &str| match schema.get(key) {
        Some(Value::Object(below)) => has_type_in_cel(below),
        _ => true,
    };
    match text(schema, "type") {
        "" => is(schema, EITHER),
        "array" => below("items"),
        "object" => below("additionalProperties"),
        _ => true,
    }
}
