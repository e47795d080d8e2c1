use serde_json::{Value, json};

use super::*;

fn messages(schema: &Value, value: &Value) -> Vec<String> {
    let mismatches = mismatches(schema, value);
    mismatches.iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_does_not_fit_is_said_with_its_place() {
    let text = json!({ "type": "string" });
    let keyed = json!({
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": { "type": "object", "properties": {
            "port": { "type": "integer" }, "protocol": { "type": "string", "default": "TCP" },
        } },
    });
    let choice = |name: &str| {
        let branches = json!([{ "required": ["a"] }, { "required": ["b"] }]);
        let mut schema = json!({ "type": "object", "properties": { "a": text, "b": text } });
        schema[name] = branches;
        schema
    };
    for (schema, value, expected) in [
        (text.clone(), json!("a"), vec![]),
        (text.clone(), json!(1), vec!["the object must be a string"]),
        (
            text.clone(),
            json!(null),
            vec!["the object must be a string"],
        ),
        (
            json!({ "type": "string", "nullable": true, "enum": ["a"] }),
            json!(null),
            vec![],
        ),
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            json!("c"),
            vec!["the object must be one of `a`, `b`"],
        ),
        (json!({ "type": "number", "enum": [1] }), json!(1.0), vec![]),
        (
            json!({ "type": "string", "minLength": 2 }),
            json!("é"),
            vec!["the object must have at least 2 characters"],
        ),
        (
            json!({ "type": "string", "maxLength": 1 }),
            json!("ab"),
            vec!["the object must have at most 1 character"],
        ),
        (
            json!({ "type": "string", "pattern": "^a$" }),
            json!("b"),
            vec!["the object must match `^a$`"],
        ),
        // Go's patterns are not all Rust's, and the API server is the judge of them.
        (
            json!({ "type": "string", "pattern": r"\Qa\E" }),
            json!("b"),
            vec![],
        ),
        (
            json!({ "type": "string", "format": "ipv4" }),
            json!("::1"),
            vec!["the object must be of the format `ipv4`"],
        ),
        (json!({ "type": "integer" }), json!(1.0), vec![]),
        (
            json!({ "type": "integer" }),
            json!(1.5),
            vec!["the object must be an integer"],
        ),
        (
            json!({ "type": "integer", "format": "int32" }),
            json!(4_294_967_296_i64),
            vec!["the object does not fit into int32"],
        ),
        (
            json!({ "type": "integer", "minimum": 9_007_199_254_740_993_i64 }),
            json!(9_007_199_254_740_992_i64),
            vec!["the object must be at least 9007199254740993"],
        ),
        (
            json!({ "type": "integer", "minimum": 1, "exclusiveMinimum": true }),
            json!(1),
            vec!["the object must be more than 1"],
        ),
        (
            json!({ "type": "number", "maximum": 1.5, "exclusiveMaximum": true }),
            json!(1.5),
            vec!["the object must be less than 1.5"],
        ),
        (
            json!({ "type": "number", "multipleOf": 0.1 }),
            json!(0.3),
            vec![],
        ),
        (
            json!({ "type": "number", "multipleOf": 0.1 }),
            json!(0.35),
            vec!["the object must be a multiple of 0.1"],
        ),
        (
            json!({ "x-kubernetes-int-or-string": true }),
            json!("a"),
            vec![],
        ),
        (
            json!({ "x-kubernetes-int-or-string": true }),
            json!(true),
            vec!["the object must be an integer or a string"],
        ),
        (
            json!({ "type": "array", "items": text }),
            json!(["a", 1]),
            vec!["`[1]` must be a string"],
        ),
        (
            json!({ "type": "array", "items": text, "x-kubernetes-list-type": "set" }),
            json!(["a", "a"]),
            vec!["`[1]` is there twice"],
        ),
        (
            keyed.clone(),
            json!([{ "port": 1 }, { "port": 1, "protocol": "UDP" }]),
            vec![],
        ),
        (
            keyed,
            json!([{ "port": 1 }, { "port": 1, "protocol": "TCP" }]),
            vec!["`[1]` has the same `port`, `protocol` as another item"],
        ),
        (
            json!({ "type": "object", "required": ["a", "b"], "properties": { "a": text, "b": { "type": "string", "default": "x" } } }),
            json!({ "c": 1 }),
            vec!["`.a` is required", "`.c` is no field of the schema"],
        ),
        (
            json!({ "type": "object", "properties": { "a": { "type": "string", "default": "x" } } }),
            json!({ "a": null }),
            vec![],
        ),
        (
            json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
            json!({ "c": 1 }),
            vec![],
        ),
        (
            json!({ "type": "object", "additionalProperties": text }),
            json!({ "c": 1 }),
            vec!["`.c` must be a string"],
        ),
        (
            json!({ "type": "object", "additionalProperties": text, "minProperties": 1 }),
            json!({}),
            vec!["the object must have at least 1 field"],
        ),
        (
            choice("oneOf"),
            json!({ "a": "", "b": "" }),
            vec!["the object must have exactly one of `a`, `b`"],
        ),
        (
            choice("anyOf"),
            json!({}),
            vec!["the object must have one of `a`, `b`"],
        ),
        (choice("anyOf"), json!({ "a": "", "b": "" }), vec![]),
        (
            choice("allOf"),
            json!({ "a": "" }),
            vec!["the object does not fit `allOf`: `.b` is required"],
        ),
        (
            json!({ "type": "integer", "not": { "minimum": 5 } }),
            json!(6),
            vec!["the object fits what `not` forbids"],
        ),
        (
            json!({ "type": "integer", "oneOf": [{ "minimum": 5 }, { "minimum": 3 }] }),
            json!(6),
            vec!["the object must fit exactly one of `oneOf`, and fits 2"],
        ),
    ] {
        assert_eq!(messages(&schema, &value), expected, "{schema} {value}");
    }
}

#[test]
fn an_object_is_one_of_a_version_of_its_crd() {
    let schema = json!({ "type": "object", "required": ["spec"], "properties": { "spec": { "type": "object" } } });
    let crd = json!({ "spec": {
        "group": "a.b", "names": { "kind": "C" },
        "versions": [{ "name": "v1", "schema": { "openAPIV3Schema": schema } }, { "name": "v2" }],
    } });
    let metadata = json!({ "name": "c", "labels": {} });
    for (object, expected) in [
        (
            json!({ "apiVersion": "a.b/v1", "kind": "C", "metadata": metadata, "spec": {} }),
            vec![],
        ),
        (
            json!({ "apiVersion": "a.b/v1", "kind": "C", "metadata": metadata }),
            vec!["`.spec` is required"],
        ),
        (
            json!({ "apiVersion": "a.c/v1", "kind": "D", "spec": {} }),
            vec![
                "`.kind` must be `C`",
                "`.metadata.name` is required",
                "`.apiVersion` must be one of `a.b/v1`, `a.b/v2`",
            ],
        ),
    ] {
        let mismatches = object_mismatches(&crd, &object);
        let messages: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
        assert_eq!(messages, expected, "{object}");
    }
}
