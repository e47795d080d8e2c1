//! Schemas for tests that must hold for any: here, and on the API server in `tests/structural.rs`.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

/// Schemas as they come, with the keywords of JSON Schema at any place and not always with values that they may have.
pub fn any_schema() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["a", "b", "metadata", "kind"]);
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!(true)),
        Just(json!(false)),
        Just(json!({ "enum": [null], "nullable": true })),
        Just(json!({ "type": "null" })),
        Just(json!({ "$ref": "#/components/schemas/A" })),
        Just(json!({ "x-kubernetes-int-or-string": true })),
        Just(json!({ "x-kubernetes-preserve-unknown-fields": true })),
        Just(json!({ "const": 1 })),
        prop::sample::select(vec!["string", "integer", "number", "boolean", "object", "array"]).prop_map(|name| json!({ "type": name })),
        prop::sample::select(vec!["ip", "uint8", "uint32", "int128", "duration", "date-time", "x"])
            .prop_map(|format| json!({ "type": if format.contains("int") { "integer" } else { "string" }, "format": format })),
        vec(prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!(1)), Just(json!(0.5)), Just(json!(null))], 0..4)
            .prop_map(|values| json!({ "enum": values })),
    ];
    leaf.prop_recursive(4, 48, 4, move |inner| {
        let extra = prop_oneof![
            Just(("nullable", json!(true))),
            Just(("default", json!(null))),
            Just(("default", json!("a"))),
            Just(("default", json!({ "a": 1 }))),
            Just(("default", json!({}))),
            Just(("default", json!([]))),
            Just(("default", json!([{}]))),
            Just(("default", json!(1))),
            Just(("default", json!(0.5))),
            Just(("default", json!(true))),
            Just(("minimum", json!(1))),
            Just(("maximum", json!(0.7))),
            Just(("exclusiveMaximum", json!(true))),
            Just(("multipleOf", json!(2))),
            Just(("maxItems", json!(1))),
            Just(("minProperties", json!(1))),
            Just(("maxLength", json!(3))),
            Just(("pattern", json!("^a+$"))),
            Just(("pattern", json!("(?!a)"))),
            Just(("format", json!("byte"))),
            Just(("format", json!("k8s-short-name"))),
            Just(("title", json!("Title"))),
            Just(("x-kubernetes-map-type", json!("granular"))),
            Just(("x-kubernetes-validations", json!([{ "rule": "true" }]))),
            Just((
                "x-kubernetes-validations",
                json!([{ "rule": "true", "message": "a\nb" }])
            )),
            Just(("x-unknown", json!(1))),
            Just(("description", json!("Words."))),
            Just(("minimum", json!("a"))),
            Just(("exclusiveMinimum", json!(2))),
            Just(("minLength", json!(1))),
            Just(("uniqueItems", json!(true))),
            Just(("type", json!(["string", "null"]))),
            Just(("type", json!(["string", "array"]))),
            Just(("type", json!("object"))),
            Just(("type", json!("array"))),
            Just(("x-kubernetes-list-type", json!("set"))),
            Just(("x-kubernetes-list-type", json!("map"))),
            Just(("x-kubernetes-list-map-keys", json!(["a"]))),
            Just(("x-kubernetes-map-type", json!("atomic"))),
            Just(("x-kubernetes-embedded-resource", json!(true))),
            Just(("definitions", json!({ "A": {} }))),
            Just(("required", json!(["b", "a", "b"]))),
            Just(("required", json!(["a"]))),
        ];
        let named = || {
            vec((name.clone(), inner.clone()), 0..3).prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, field)| (name.to_owned(), field))
                        .collect(),
                )
            })
        };
        let one = inner.clone();
        let list = vec(inner.clone(), 0..4).prop_map(Value::from);
        let keyword = prop_oneof![
            named().prop_map(|fields| ("properties", fields)),
            named().prop_map(|fields| ("patternProperties", fields)),
            one.clone()
                .prop_map(|schema| ("additionalProperties", schema)),
            one.clone().prop_map(|schema| ("items", schema)),
            one.prop_map(|schema| ("not", schema)),
            (
                prop::sample::select(vec!["allOf", "anyOf", "oneOf", "items", "prefixItems"]),
                list
            ),
            extra,
        ];
        vec(keyword, 1..5).prop_map(|keywords| {
            Value::Object(
                keywords
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect(),
            )
        })
    })
}
