//! Keywords: those that Kubernetes does not know are written in its own, and those that say nothing go.

use serde_json::{Value, json};

use super::Schema;

/// What a keyword's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of any values.
    Values,
    /// A schema.
    Schema,
    /// A schema, or `true` or `false`.
    SchemaOrBool,
    /// A list of schemas.
    Schemas,
    /// Schemas by name.
    Properties,
    /// Anything.
    Any,
}

/// Every keyword that opgen writes, which are those of `JSONSchemaProps` that a structural schema may have, and two
/// that only [`super::check`] speaks of.
/// <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>
pub(super) const KEYWORDS: &[(&str, Shape)] = &[
    ("$ref", Shape::Text),
    ("additionalProperties", Shape::SchemaOrBool),
    ("allOf", Shape::Schemas),
    ("anyOf", Shape::Schemas),
    ("default", Shape::Any),
    ("dependencies", Shape::Any),
    ("description", Shape::Text),
    ("enum", Shape::Values),
    ("example", Shape::Any),
    ("exclusiveMaximum", Shape::Bool),
    ("exclusiveMinimum", Shape::Bool),
    ("externalDocs", Shape::Any),
    ("format", Shape::Text),
    ("items", Shape::Schema),
    ("maxItems", Shape::Count),
    ("maxLength", Shape::Count),
    ("maxProperties", Shape::Count),
    ("maximum", Shape::Number),
    ("minItems", Shape::Count),
    ("minLength", Shape::Count),
    ("minProperties", Shape::Count),
    ("minimum", Shape::Number),
    ("multipleOf", Shape::Number),
    ("not", Shape::Schema),
    ("nullable", Shape::Bool),
    ("oneOf", Shape::Schemas),
    ("pattern", Shape::Text),
    ("properties", Shape::Properties),
    ("required", Shape::Texts),
    ("title", Shape::Text),
    ("type", Shape::Text),
    ("x-kubernetes-embedded-resource", Shape::Bool),
    ("x-kubernetes-int-or-string", Shape::Bool),
    ("x-kubernetes-list-map-keys", Shape::Texts),
    ("x-kubernetes-list-type", Shape::Text),
    ("x-kubernetes-map-type", Shape::Text),
    ("x-kubernetes-preserve-unknown-fields", Shape::Bool),
    ("x-kubernetes-validations", Shape::Values),
];

/// Keywords that are read here or by the rules of a type, and are gone afterwards.
const PASSING: &[&str] = &["patternProperties"];

/// Tidies the keywords of one schema.
pub(super) fn tidy(schema: &mut Schema) {
    translate(schema);
    for key in ["properties", "patternProperties"] {
        if let Some(Value::Object(properties)) = schema.get_mut(key) {
            properties.retain(|_, value| *value != Value::Bool(false));
            for value in properties.values_mut() {
                open_if_true(value);
            }
        }
    }
    schema.retain(|key, value| {
        let known = KEYWORDS.iter().any(|(name, _)| name == key) || PASSING.contains(&&**key);
        known && !says_nothing(key, value)
    });
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        required.dedup();
    }
    for key in ["items", "not"] {
        match schema.get_mut(key) {
            Some(Value::Array(list)) => list.iter_mut().for_each(open_if_true),
            Some(value) => open_if_true(value),
            None => {}
        }
    }
}

/// The schema `true` has no other form in Kubernetes than the empty one.
fn open_if_true(schema: &mut Value) {
    if *schema == Value::Bool(true) {
        *schema = json!({});
    }
}

/// From JSON Schema as it is today to that of OpenAPI 3.0.
fn translate(schema: &mut Schema) {
    if let Some(constant) = schema.remove("const") {
        schema.entry("enum").or_insert_with(|| json!([constant]));
    }
    if let Some(items) = schema.remove("prefixItems") {
        schema.insert("items".to_owned(), items);
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        let before = types.len();
        types.retain(|name| name != "null");
        let nullable = types.len() < before;
        if let [only] = types.as_mut_slice() {
            let only = only.take();
            schema.insert("type".to_owned(), only);
        }
        if nullable {
            schema.insert("nullable".to_owned(), true.into());
        }
    }
    if schema.get("type").is_some_and(|name| name == "null") {
        schema.remove("type");
        schema.insert("enum".to_owned(), json!([null]));
        schema.insert("nullable".to_owned(), true.into());
    }
    for (exclusive, bound) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if schema.get(exclusive).is_some_and(Value::is_number)
            && let Some(number) = schema.insert(exclusive.to_owned(), true.into())
        {
            schema.insert(bound.to_owned(), number);
        }
    }
}

/// Whether a keyword may as well not be there. `uniqueItems` is refused by the API server; sets have a list type.
fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => key != "example",
        Value::Bool(false) => !matches!(key, "additionalProperties" | "default" | "example"),
        Value::String(text) => text.is_empty() && !matches!(key, "default" | "example"),
        Value::Array(list) => list.is_empty() && !matches!(key, "default" | "example"),
        Value::Object(map) => {
            map.is_empty() && matches!(key, "properties" | "patternProperties" | "dependencies")
        }
        _ => false,
    }
}
