use proptest::prelude::*;
use serde_json::{Value, json};

use super::{any_schema::any_schema, *};
use crate::manifests::crdgen::Kind;

/// A CRD with one field, and what schemars says of it.
pub(super) fn crd(field: &Value) -> Value {
    json!({ "spec": {
        "group": "a.b", "names": { "plural": "cs", "kind": "C" },
        "versions": [{ "name": "v1", "schema": { "openAPIV3Schema": {
            "type": "object", "properties": { "f": field },
        } } }],
    } })
}

pub(super) fn schemas(field: &Value, definitions: &Value) -> Schemas {
    let schema = json!({
        "type": "object", "properties": { "f": field }, "components": { "schemas": definitions },
    });
    Schemas::new(&[Kind {
        type_name: "x::C".to_owned(),
        schema,
        crd: Ok(crd(&Value::Null)),
    }])
}

/// What becomes of a field, and the ids of what is found; a second time changes nothing.
fn normal(field: &Value, schemas: &Schemas) -> (Value, Vec<&'static str>) {
    let once = normalise(&crd(field), schemas);
    let twice = normalise(&once.crd, schemas);
    assert_eq!(once.crd, twice.crd, "{field}");
    let pointer = "/spec/versions/0/schema/openAPIV3Schema/properties/f";
    let ids = once.findings.iter().map(|finding| finding.id).collect();
    (once.crd.pointer(pointer).cloned().unwrap_or_default(), ids)
}

#[test]
fn what_kube_writes_becomes_what_kubernetes_takes() {
    for (field, expected) in [
        (
            json!({ "type": "integer", "format": "uint16", "minimum": 1, "maximum": 65535 }),
            json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 65535 }),
        ),
        (
            json!({ "type": "integer", "format": "uint32" }),
            json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": 4_294_967_295_u32 }),
        ),
        (
            json!({ "type": "integer", "format": "uint" }),
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
        ),
        (
            json!({ "type": "string", "format": "ip" }),
            json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] }),
        ),
        (
            json!({ "type": "string", "format": "semver", "title": "", "required": [] }),
            json!({ "type": "string" }),
        ),
        (
            json!({ "type": "string", "format": "date-time", "examples": ["x"] }),
            json!({ "type": "string", "format": "date-time" }),
        ),
        (
            json!({ "type": "string", "nullable": true, "enum": ["b", "a", "b", null] }),
            json!({ "type": "string", "nullable": true, "allOf": [{ "enum": ["a", "b"] }] }),
        ),
        (
            json!({ "anyOf": [{ "type": "string", "enum": ["a"] }, { "enum": [null], "nullable": true }] }),
            json!({ "type": "string", "nullable": true, "anyOf": [{ "enum": ["a"] }] }),
        ),
        (
            json!({ "type": ["integer", "null"], "const": 1 }),
            json!({ "type": "integer", "nullable": true, "allOf": [{ "enum": [1] }] }),
        ),
        (
            json!({}),
            json!({ "nullable": true, "x-kubernetes-preserve-unknown-fields": true }),
        ),
        (
            json!({ "type": "object", "additionalProperties": true }),
            json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
        ),
        (
            json!({ "type": "array", "items": [{ "type": "string" }, { "type": "string", "description": "b" }], "maxItems": 2 }),
            json!({ "type": "array", "items": { "type": "string" }, "maxItems": 2 }),
        ),
        (
            json!({ "type": "integer", "exclusiveMinimum": 1 }),
            json!({ "type": "integer", "exclusiveMinimum": true, "minimum": 1 }),
        ),
        (
            json!({ "oneOf": [
                { "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false },
                { "type": "object", "properties": { "b": { "type": "string" } }, "required": ["b"], "description": "B" },
            ] }),
            json!({
                "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } },
                "oneOf": [{ "required": ["a"] }, { "required": ["b"] }],
            }),
        ),
    ] {
        assert_eq!(
            normal(&field, &Schemas::default()),
            (expected, vec![]),
            "{field}"
        );
    }
}

#[test]
fn what_only_schemars_knows_is_brought_back() {
    for (field, raw, definitions, expected) in [
        (
            json!({ "anyOf": [{ "format": "int32" }, {}] }),
            json!({ "$ref": "#/components/schemas/U" }),
            json!({ "U": { "anyOf": [{ "type": "integer", "format": "int32" }, { "type": "string" }] } }),
            json!({ "x-kubernetes-int-or-string": true }),
        ),
        (
            json!({ "type": "array", "items": { "type": "string" } }),
            json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
            json!({}),
            json!({ "type": "array", "items": { "type": "string" }, "x-kubernetes-list-type": "set" }),
        ),
        (
            json!({ "type": "string", "description": "How.", "enum": ["B", "A"] }),
            json!({ "$ref": "#/components/schemas/E" }),
            json!({ "E": { "oneOf": [{ "const": "B", "description": "Bee.\nLong." }, { "enum": ["A"], "description": "Ay." }] } }),
            json!({ "type": "string", "description": "How.\n\n- `A`: Ay.\n- `B`: Bee. Long.", "enum": ["A", "B"] }),
        ),
        (
            json!({ "type": "object" }),
            json!({ "$ref": "#/components/schemas/io.k8s.apimachinery.pkg.runtime.RawExtension" }),
            json!({ "io.k8s.apimachinery.pkg.runtime.RawExtension": { "type": "object" } }),
            json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
        ),
        (
            json!({ "type": "array", "items": { "type": "object", "required": ["containerPort"],
                "properties": { "containerPort": { "type": "integer" }, "protocol": { "type": "string" } } } }),
            json!({ "type": "array", "items": { "$ref": "#/components/schemas/io.k8s.api.core.v1.ContainerPort" } }),
            json!({ "io.k8s.api.core.v1.ContainerPort": { "type": "object" } }),
            json!({ "type": "array", "items": { "type": "object", "required": ["containerPort"],
                "properties": { "containerPort": { "type": "integer" }, "protocol": { "type": "string", "default": "TCP" } } },
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerPort", "protocol"] }),
        ),
    ] {
        let schemas = schemas(&raw, &definitions);
        assert_eq!(normal(&field, &schemas), (expected, vec![]), "{field}");
    }
}

#[test]
fn a_merge_strategy_of_the_users_stays() {
    let field = json!({ "type": "array", "x-kubernetes-list-type": "atomic", "items": { "type": "string" } });
    let raw = json!({ "type": "array", "uniqueItems": true, "items": { "type": "string" } });
    assert_eq!(normal(&field, &schemas(&raw, &json!({}))), (field, vec![]));
}

#[test]
fn what_cannot_be_made_right_is_said_with_its_place() {
    let text = json!({ "type": "string" });
    for (field, id) in [
        (
            json!({ "type": "array", "items": [{ "type": "string" }, { "type": "integer" }] }),
            "tuple",
        ),
        (
            json!({ "$ref": "#/components/schemas/Tree" }),
            "recursive-type",
        ),
        (json!({ "type": "null" }), "unit-type"),
        (
            json!({ "type": ["array", "string"], "items": text }),
            "open-value",
        ),
        (
            json!({ "type": "object", "properties": { "a": text }, "additionalProperties": text }),
            "open-map",
        ),
        (
            json!({ "type": "object", "patternProperties": { "^a": text }, "additionalProperties": false }),
            "unchecked-keys",
        ),
        (json!({ "type": "integer", "default": "a" }), "bad-default"),
        (
            json!({ "type": "string", "nullable": true, "enum": ["a"], "default": "b" }),
            "bad-default",
        ),
        (
            json!({ "type": "object", "properties": { "a": text }, "default": { "b": 1 } }),
            "bad-default",
        ),
        (
            json!({ "type": "string", "x-kubernetes-list-type": "set" }),
            "merge-strategy",
        ),
        (
            json!({ "type": "array", "items": { "type": "object" }, "x-kubernetes-list-type": "set" }),
            "merge-strategy",
        ),
        (
            json!({ "type": "array", "items": { "type": "object", "properties": { "a": text } },
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"] }),
            "merge-strategy",
        ),
        (
            json!({ "type": "string", "pattern": "(?!a)" }),
            "not-structural",
        ),
        (
            json!({ "type": "string", "minLength": -1 }),
            "not-structural",
        ),
        (json!({ "type": "strange" }), "not-structural"),
        (
            json!({ "type": "string", "x-kubernetes-validations": [{ "rule": " " }] }),
            "not-structural",
        ),
        (
            json!({ "type": "object", "dependencies": { "a": ["b"] } }),
            "not-structural",
        ),
    ] {
        let found = normalise(&crd(&field), &Schemas::default()).findings;
        let found: Vec<_> = found
            .iter()
            .map(|finding| (finding.id, finding.place.to_string()))
            .collect();
        assert_eq!(found, [(id, "C v1 .f".to_owned())], "{field}");
    }
}

#[test]
fn a_crd_that_is_too_large_loses_the_words_of_kubernetes_first() {
    let words = format!("First. {}", "x".repeat(150_000));
    let definition = json!({ "type": "object", "description": words, "properties": { "name": { "type": "string", "description": words } } });
    let mut field = definition.clone();
    field["description"] = "Mine. And more.".into();
    let raw = json!({ "$ref": "#/components/schemas/io.k8s.X", "description": "Mine. And more." });
    let schemas = schemas(&raw, &json!({ "io.k8s.X": definition.clone() }));
    let mut large = field.clone();
    large["properties"]["other"] = definition["properties"]["name"].clone();
    let (small, ids) = normal(&large, &schemas);
    assert_eq!(ids, ["shortened"]);
    assert_eq!(small["description"], "Mine. And more.");
    assert_eq!(small["properties"]["name"]["description"], "First.");
    assert_eq!(
        normal(&field, &schemas),
        (field, vec![]),
        "a CRD that fits stays as it is"
    );
}

#[test]
fn shapes_that_kube_panics_on_are_found_by_their_place() {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let tagged = |tag: &str, field: &str, of: &Value| json!({ "type": "object", "properties": { "t": { "const": tag }, field: of }, "required": ["t"] });
    for (shape, id) in [
        (
            json!({ "oneOf": [tagged("A", "a", &text), tagged("B", "b", &text)] }),
            "internally-tagged-enum",
        ),
        (
            json!({ "oneOf": [tagged("A", "c", &text), tagged("B", "c", &number)] }),
            "adjacently-tagged-enum",
        ),
        (
            json!({ "oneOf": [{ "type": "string", "enum": ["A"] }, { "type": "object", "properties": { "B": text } }] }),
            "mixed-enum",
        ),
        (
            json!({ "anyOf": [{ "type": "object", "properties": { "a": text } }, { "type": "object", "properties": { "a": number } }] }),
            "clashing-variants",
        ),
        (json!({ "type": ["array", "string"] }), "open-value"),
    ] {
        let schema = json!({
            "properties": { "spec": { "properties": {
                "first": { "type": "array", "items": { "$ref": "#/components/schemas/S" } },
                "fine": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            } } },
            "components": { "schemas": { "S": shape } },
        });
        let kind = Kind {
            type_name: "x_api::apps::v1beta1::c::C".to_owned(),
            schema,
            crd: Err("oh".to_owned()),
        };
        let found: Vec<_> = refused(&[kind])
            .into_iter()
            .map(|finding| (finding.id, finding.place.to_string()))
            .collect();
        assert_eq!(
            found,
            [(id, "C v1beta1 .spec.first[*]".to_owned())],
            "{shape}"
        );
    }
    let kind = Kind {
        type_name: "C".to_owned(),
        schema: json!({}),
        crd: Err("oh\nno".to_owned()),
    };
    let found = refused(&[kind]);
    assert_eq!(found[0].problem.message, "kube makes no CRD of `C`: oh");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_ends_well(field in any_schema(), raw in any_schema(), definition in any_schema()) {
        for schemas in [Schemas::default(), schemas(&raw, &json!({ "A": definition.clone() })), schemas(&field, &json!({ "A": definition }))] {
            let once = normalise(&crd(&field), &schemas);
            let twice = normalise(&once.crd, &schemas);
            prop_assert_eq!(&once.crd, &twice.crd);
            let errors = |normalised: &Normalised| {
                let errors = normalised.findings.iter().filter(|finding| finding.level == Level::Error);
                errors.map(|finding| finding.place.clone()).collect::<Vec<_>>()
            };
            // What is still wrong is said the second time as it was the first.
            for place in errors(&twice) {
                prop_assert!(errors(&once).contains(&place), "{}", place);
            }
        }
    }

    #[test]
    fn any_raw_schema_is_searched(raw in any_schema(), definition in any_schema()) {
        let schema = json!({ "properties": { "spec": raw }, "components": { "schemas": { "A": definition } } });
        let found = refused(&[Kind { type_name: "C".to_owned(), schema, crd: Err("oh".to_owned()) }]);
        prop_assert!(!found.is_empty());
    }
}

#[test]
fn the_types_that_tagged_variants_hold_are_not_taken_for_variants() {
    let variant = |tag: &str| json!({ "type": "object", "properties": { "t": { "const": tag } }, "$ref": "#/components/schemas/Inner" });
    let schema = json!({
        "properties": { "spec": { "oneOf": [variant("A"), variant("B")] } },
        "components": { "schemas": { "Inner": { "type": "object", "properties": { "a": { "type": "string" } } } } },
    });
    let crd = Err("oh".to_owned());
    let found = refused(&[Kind {
        type_name: "v1::C".to_owned(),
        schema,
        crd,
    }]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].id, "internally-tagged-enum");
    let help = found[0].problem.help.as_deref().unwrap_or_default();
    assert!(help.contains("each variant is then a field"), "{help}");
}

#[test]
fn bounds_that_a_format_cannot_hold_are_left_out() {
    let none = Schemas::default();
    for (format, key, bound) in [
        ("uint64", "maximum", json!(u64::MAX)),
        ("int64", "maximum", json!(1e19)),
        ("int64", "minimum", json!(-1e19)),
        ("int32", "maximum", json!(3_000_000_000_i64)),
        ("int32", "minimum", json!(-3_000_000_000_i64)),
    ] {
        let field = json!({ "type": "integer", "format": format, key: bound });
        let (made, _) = normal(&field, &none);
        assert!(made.get(key).is_none() || made[key] == 0, "{made}");
    }
    let field =
        json!({ "type": "integer", "format": "int32", "maximum": i32::MAX, "minimum": i32::MIN });
    assert_eq!(normal(&field, &none).0, field);
}

#[test]
fn a_variant_that_is_a_map_is_kept() {
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let fields = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let raw = json!({ "anyOf": [fields, map] });
    let (made, ids) = normal(&fields, &schemas(&raw, &json!({})));
    assert_eq!(made["x-kubernetes-preserve-unknown-fields"], true);
    assert_eq!(ids, ["open-map"]);
}
