use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A CRD whose spec has the schema.
fn crd(spec: &Value) -> Value {
    json!({ "spec": {
        "group": "a.example.com", "names": { "kind": "Thing", "plural": "things", "singular": "thing" },
        "versions": [{ "name": "v1", "storage": true, "served": true, "schema": { "openAPIV3Schema": {
            "type": "object", "required": ["spec"], "properties": { "spec": spec, "status": { "type": "object" } },
        } } }],
    } })
}

fn value(schema: &Value) -> Result<Value, String> {
    let place = Place::root("Thing", "v1");
    let unmet = |unmet: Vec<Unmet>| {
        let lines: Vec<_> = unmet.iter().map(ToString::to_string).collect();
        lines.join("; ")
    };
    let value = make(schema, &place, 0).map_err(unmet)?;
    assert_eq!(mismatches(schema, &value), [], "{schema}");
    Ok(value)
}

#[test]
fn a_schema_has_the_example_that_a_reader_wants() {
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required });
    let text = json!({ "type": "string" });
    for (schema, expected) in [
        // What the schema says itself.
        (
            json!({ "type": "integer", "example": 3, "default": 2 }),
            json!(3),
        ),
        (
            json!({ "type": "integer", "example": 30, "maximum": 9, "default": 2 }),
            json!(2),
        ),
        (
            json!({ "type": "string", "description": "An image, e.g. `app:1`, or so." }),
            json!("app:1"),
        ),
        (
            json!({ "type": "integer", "description": "A port, e.g. `8080`." }),
            json!(8080),
        ),
        (
            json!({ "type": "string", "description": "e.g. `A`", "pattern": "^[a-z]$" }),
            json!("a"),
        ),
        (
            json!({ "type": "string", "enum": [null, "Low", "High"], "nullable": true }),
            json!("Low"),
        ),
        // Texts.
        (text.clone(), json!("example")),
        (json!({ "type": "string", "maxLength": 3 }), json!("exa")),
        (
            json!({ "type": "string", "minLength": 9 }),
            json!("exampleex"),
        ),
        (json!({ "type": "string", "maxLength": 0 }), json!("")),
        (
            json!({ "type": "string", "format": "date-time" }),
            json!("2025-01-01T00:00:00Z"),
        ),
        (
            json!({ "type": "string", "format": "ipv4" }),
            json!("192.0.2.1"),
        ),
        (
            json!({ "type": "string", "format": "ipv6" }),
            json!("2001:db8::1"),
        ),
        (
            json!({ "type": "string", "format": "byte" }),
            json!("ZXhhbXBsZQ=="),
        ),
        (
            json!({ "type": "string", "format": "duration" }),
            json!("30s"),
        ),
        (
            json!({ "type": "string", "format": "unheard-of" }),
            json!("example"),
        ),
        (
            json!({ "type": "string", "pattern": r"^\S+$" }),
            json!("example"),
        ),
        (
            json!({ "type": "string", "pattern": r"^v\d+$" }),
            json!("v1"),
        ),
        (
            json!({ "type": "string", "pattern": "^sk-[a-f0-9]{4}$" }),
            json!("sk-aaaa"),
        ),
        (
            json!({ "type": "string", "pattern": "^(?:x|yy)-[0-9]*$", "minLength": 6 }),
            json!("yy-111"),
        ),
        (
            json!({ "type": "string", "pattern": "^[a-z]+$", "minLength": 9 }),
            json!("exampleex"),
        ),
        (
            json!({ "type": "string", "pattern": "^([a-z]{2}:)+[a-z]{2}$", "minLength": 8 }),
            json!("aa:aa:aa"),
        ),
        // Numbers.
        (json!({ "type": "integer" }), json!(1)),
        (
            json!({ "type": "integer", "minimum": 0, "exclusiveMinimum": true }),
            json!(1),
        ),
        (json!({ "type": "integer", "minimum": 5.5 }), json!(6)),
        (
            json!({ "type": "integer", "maximum": -1, "exclusiveMaximum": true }),
            json!(-2),
        ),
        (json!({ "type": "integer", "multipleOf": 5 }), json!(5)),
        (
            json!({ "type": "integer", "multipleOf": 5, "minimum": 7 }),
            json!(10),
        ),
        (json!({ "type": "integer", "multipleOf": 1.5 }), json!(3)),
        (
            json!({ "type": "number", "maximum": 1, "exclusiveMaximum": true, "minimum": 0, "exclusiveMinimum": true }),
            json!(0.5),
        ),
        (
            json!({ "type": "number", "multipleOf": 0.25, "maximum": 0.6 }),
            json!(0.25),
        ),
        (json!({ "type": "boolean" }), json!(true)),
        (json!({ "x-kubernetes-int-or-string": true }), json!(1)),
        (
            json!({ "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] }),
            json!(1),
        ),
        (
            json!({ "x-kubernetes-int-or-string": true, "pattern": "^[0-9]+Mi$", "anyOf": [{ "type": "string" }] }),
            json!("1Mi"),
        ),
        (
            json!({ "x-kubernetes-preserve-unknown-fields": true }),
            json!({}),
        ),
        // Lists and maps.
        (
            json!({ "type": "array", "items": text }),
            json!(["example"]),
        ),
        (
            json!({ "type": "array", "items": text, "maxItems": 0 }),
            json!([]),
        ),
        (
            json!({ "type": "array", "items": { "type": "integer" }, "minItems": 2 }),
            json!([1, 2]),
        ),
        (
            json!({ "type": "array", "items": { "type": "boolean" }, "minItems": 3 }),
            json!([true, false, true]),
        ),
        (
            json!({ "type": "array", "minItems": 2, "x-kubernetes-list-type": "set", "items": { "type": "string", "maxLength": 1 } }),
            json!(["e", "b"]),
        ),
        (
            json!({
                "type": "array", "minItems": 2, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": object(
                    json!({ "port": { "type": "integer" }, "protocol": { "type": "string", "default": "TCP" } }), json!(["port"]),
                ),
            }),
            json!([{ "port": 1, "protocol": "TCP" }, { "port": 2, "protocol": "example-2" }]),
        ),
        (
            json!({ "type": "object", "additionalProperties": text }),
            json!({ "example": "example" }),
        ),
        (
            json!({ "type": "object", "additionalProperties": { "type": "integer" }, "minProperties": 2 }),
            json!({ "example": 1, "example-2": 1 }),
        ),
        // Objects: what is required, and what carries an example.
        (
            object(
                json!({
                    "b": text, "a": { "type": "boolean" }, "c": { "type": "integer", "example": 7 }, "d": { "type": "integer", "default": 7 },
                }),
                json!(["b"]),
            ),
            json!({ "b": "example", "c": 7 }),
        ),
        (
            json!({ "type": "object", "minProperties": 1, "properties": { "a": text, "b": text } }),
            json!({ "a": "example" }),
        ),
        (
            json!({
                "type": "object", "properties": { "a": text, "b": text },
                "oneOf": [{ "required": ["a"] }, { "required": ["b"] }],
            }),
            json!({ "a": "example" }),
        ),
        (
            // What carries an example gives way to a choice.
            json!({
                "type": "object", "properties": { "a": text, "b": { "type": "string", "example": "x" } },
                "oneOf": [{ "required": ["a"] }, { "required": ["b"] }],
            }),
            json!({ "a": "example" }),
        ),
        (
            json!({
                "type": "object", "properties": { "a": { "type": "integer" }, "b": text },
                "allOf": [{ "required": ["b"] }], "anyOf": [{ "properties": { "a": { "minimum": 5 } }, "required": ["a"] }],
            }),
            json!({ "a": 5, "b": "example" }),
        ),
        (
            json!({
                "type": "object", "properties": { "a": text, "b": text }, "not": { "required": ["a"] },
                "anyOf": [{ "required": ["a"] }, { "required": ["b"] }],
            }),
            json!({ "b": "example" }),
        ),
        (
            json!({ "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }),
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "example" } }),
        ),
    ] {
        assert_eq!(value(&schema).as_ref(), Ok(&expected), "{schema}");
    }
}

#[test]
fn every_place_without_a_value_is_named() {
    for (schema, expected) in [
        (
            json!({ "type": "string", "pattern": "^[a-z]{3}$", "maxLength": 2 }),
            "the object has no value that its bounds, format and pattern all let through",
        ),
        (
            json!({ "type": "string", "pattern": "(" }),
            "the object has no value that its bounds, format and pattern all let through",
        ),
        (
            json!({ "type": "integer", "minimum": 2, "maximum": 1 }),
            "the object has no value that its bounds, format and pattern all let through",
        ),
        (
            json!({ "type": "array", "minItems": 3, "x-kubernetes-list-type": "set", "items": { "type": "boolean" } }),
            "the object has no value that fits: the object must have at least 3 items",
        ),
        (
            json!({
                "type": "object", "required": ["a", "b"],
                "properties": { "a": { "type": "integer", "minimum": 2, "maximum": 1 }, "b": { "description": "b" } },
            }),
            "`.a` has no value that its bounds, format and pattern all let through; `.b` has no type",
        ),
        (
            json!({ "type": "object", "required": ["a"], "properties": {} }),
            "`.a` is required, and not in the schema",
        ),
        (
            json!({ "type": "string", "minLength": 1_000_000 }),
            "the object has no value that its bounds, format and pattern all let through",
        ),
        (
            json!({ "type": "string", "pattern": "^((a{50}){50}){50}$" }),
            "the object has no value that its bounds, format and pattern all let through",
        ),
        (
            json!({ "type": "array", "minItems": 1_000_000, "items": { "type": "string" } }),
            "the object needs 1000000 items",
        ),
        (json!(true), "the object has no type"),
    ] {
        assert_eq!(value(&schema), Err(expected.to_owned()), "{schema}");
    }
}

#[test]
fn an_object_has_a_name_and_no_status() {
    let spec = json!({ "type": "object", "required": ["image"], "properties": { "image": { "type": "string" } } });
    let expected = json!({
        "apiVersion": "a.example.com/v1", "kind": "Thing", "metadata": { "name": "thing-sample" },
        "spec": { "image": "example" },
    });
    assert_eq!(example(&crd(&spec), "v1"), Ok(expected));
    let unknown = example(&crd(&spec), "v2").unwrap_err();
    assert_eq!(unknown[0].to_string(), "the object has no such version");
}

#[test]
fn the_name_of_an_object_is_one_that_the_schema_lets_through() {
    let mut crd = crd(&json!({ "type": "object" }));
    crd["spec"]["versions"][0]["storage"] = false.into();
    let name = |crd: &Value| example(crd, "v1").unwrap()["metadata"]["name"].clone();
    assert_eq!(name(&crd), "thing-sample-v1");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["metadata"] = json!({ "type": "object", "properties": { "name": { "type": "string", "pattern": "^default$" } } });
    assert_eq!(name(&crd), "default");
}

#[test]
fn a_sample_is_yaml_with_what_every_object_has_first() {
    let mut crd = crd(&json!({ "type": "object", "properties": {
        "image": { "type": "string", "description": "e.g. `nginxinc/nginx-unprivileged:1.29`" }, "replicas": { "type": "integer", "example": 2 },
    } }));
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["data"] =
        json!({ "type": "string", "example": "yes" });
    assert_eq!(
        sample(&crd, "v1", "mine").unwrap().unwrap(),
        "apiVersion: a.example.com/v1\nkind: Thing\nmetadata:\n  name: mine\ndata: \"yes\"\nspec:\n  \
         image: nginxinc/nginx-unprivileged:1.29\n  replicas: 2\n",
    );
}

/// A schema that has values, of every type and with bounds of every sort.
fn satisfiable() -> impl Strategy<Value = Value> {
    let text =
        (0..9_usize, 0..9_usize, prop::option::of(pattern())).prop_map(|(least, more, pattern)| {
            match pattern {
                Some(pattern) => json!({ "type": "string", "pattern": pattern }),
                None => json!({ "type": "string", "minLength": least, "maxLength": least + more }),
            }
        });
    let integer = (-50..50_i64, 0..50_i64, 1..9_i64, any::<bool>()).prop_map(|(least, more, step, exclusive)| {
        json!({
            "type": "integer", "minimum": least, "maximum": least + more + 2 * step, "multipleOf": step,
            "exclusiveMinimum": exclusive, "exclusiveMaximum": exclusive,
        })
    });
    let number = (-5.0..5.0_f64, 0.1..5.0_f64).prop_map(|(least, more)| {
        json!({ "type": "number", "minimum": least, "maximum": least + more, "exclusiveMinimum": true, "exclusiveMaximum": true })
    });
    let scalar = prop_oneof![
        text,
        integer,
        number,
        Just(json!({ "type": "boolean" })),
        Just(json!({ "x-kubernetes-int-or-string": true, "nullable": true })),
        Just(json!({ "type": "string", "enum": ["A", "B", "C", "D"] })),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        let named = prop::collection::btree_map("[a-d]", (inner.clone(), any::<bool>()), 1..4);
        let object = (named, 0..3_usize).prop_map(|(named, choice)| {
            let required: Vec<_> = named.iter().filter(|(_, (_, required))| *required).map(|(name, _)| name).collect();
            let mut schema = json!({ "type": "object", "required": required, "minProperties": 1 });
            let branch = |name: &String| json!({ "required": [name] });
            match choice {
                // Exactly one of what is not required anyway.
                1 if required.is_empty() => schema["oneOf"] = named.keys().map(branch).collect(),
                2 => schema["anyOf"] = named.keys().rev().map(branch).collect(),
                _ => {}
            }
            schema["properties"] = named.into_iter().map(|(name, (schema, _))| (name, schema)).collect();
            schema
        });
        let list = (inner.clone(), 0..4_usize).prop_map(|(items, least)| json!({ "type": "array", "items": items, "minItems": least }));
        let keyed = (inner.clone(), 0..4_usize).prop_map(|(value, least)| {
            json!({
                "type": "array", "minItems": least, "maxItems": least.max(1),
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" }, "value": value } },
            })
        });
        let map = (inner, 0..3_usize)
            .prop_map(|(values, least)| json!({ "type": "object", "additionalProperties": values, "minProperties": least }));
        prop_oneof![object, list, keyed, map]
    })
}

/// A pattern that matches something, made of parts that do.
fn pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("[a-z]"),
        Just("[0-9]{2,4}"),
        Just(r"\d"),
        Just("(?:ab|c)+"),
        Just(r"\."),
        Just("x?"),
        Just("[^/]*"),
        Just(r"\w{3}"),
        Just("é"),
    ];
    prop::collection::vec(part, 1..6).prop_map(|parts| format!("^{}$", parts.concat()))
}

proptest! {
    #[test]
    fn a_satisfiable_schema_has_an_example_that_it_accepts(schema in satisfiable()) {
        let crd = crd(&schema);
        match example(&crd, "v1") {
            Ok(object) => prop_assert_eq!(object_mismatches(&crd, &object), []),
            Err(unmet) => prop_assert!(false, "{:?}", unmet),
        }
    }

    #[test]
    fn no_schema_makes_a_panic(schema in anything(), pattern in any::<String>()) {
        let _ = example(&crd(&schema), "v1");
        let _ = crate::crd::page(&crd(&schema));
        let _ = example(&json!({ "spec": { "versions": [schema] } }), "v1");
        let _ = value(&json!({ "type": "string", "pattern": pattern }));
    }
}

/// What only looks like a schema.
fn anything() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "properties",
        "required",
        "items",
        "additionalProperties",
        "enum",
        "default",
        "example",
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxItems",
        "minProperties",
        "pattern",
        "format",
        "nullable",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-validations",
        "x-kubernetes-int-or-string",
        "description",
        "name",
    ]);
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "object",
            "string",
            "array",
            "integer",
            "number",
            "map",
            "set",
            "(",
            "e.g. `",
            "e.g. `é`|"
        ])
        .prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}
