//! What differs, case by case. The checks that crdify has stand in `crdify.rs`.

use serde_json::{Value, json};

use super::{
    Class::{Breaking, Look, Safe},
    allow, diff,
};
use crate::crd::Allowance;

pub(super) fn crd(change: impl FnOnce(&mut Value)) -> Value {
    let mut crd = json!({
        "metadata": { "name": "apps.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": { "kind": "App", "plural": "apps" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": {
                    "type": "object",
                    "properties": { "spec": { "type": "object" }, "status": { "type": "object" } },
                } },
            }],
        },
    });
    change(&mut crd);
    crd
}

/// A CRD whose `.spec` has this schema.
pub(super) fn spec(schema: Value) -> Value {
    crd(|crd| {
        let root = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        root["properties"]["spec"] = schema;
    })
}

/// What is found, as `id class path`.
pub(super) fn found(old: &Value, new: &Value) -> Vec<String> {
    let word = |class| match class {
        Breaking => "breaking",
        Look => "look",
        Safe => "safe",
    };
    diff(std::slice::from_ref(old), std::slice::from_ref(new))
        .iter()
        .inspect(|it| assert!(super::is_id(&it.id), "{}", it.id))
        .map(|it| format!("{} {} {}", it.id, word(it.class), it.place.path()))
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// The rows of a table, whose cells are parted by `|`.
pub(super) fn cells<const N: usize>(table: &str) -> Vec<[&str; N]> {
    let rows = table.lines().filter(|line| !line.is_empty());
    rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .map(|row| <[&str; N]>::try_from(row).unwrap_or_else(|row| panic!("{row:?}")))
        .collect()
}

/// What is found where the schema of `.spec` is changed from one cell to another.
fn found_in_spec(old: &str, new: &str) -> Vec<String> {
    let schema = |cell: &str| spec(serde_json::from_str(cell).unwrap());
    found(&schema(old), &schema(new))
}

fn fields(fields: Value) -> Value {
    spec(json!({ "type": "object", "properties": fields }))
}

/// Zero values, which Kubernetes leaves out; defaults that are written out; order; numbers of one value; maps of
/// anything; the two ways to write a number or a string.
const SAME: &str = r#"
{"type": "string"} | {"type": "string", "nullable": false, "pattern": "", "minLength": 0, "enum": []}
{"type": "object"} | {"type": "object", "properties": {}, "required": [], "additionalProperties": false}
{"type": "array"}  | {"type": "array", "x-kubernetes-list-type": "atomic"}
{"type": "object"} | {"type": "object", "x-kubernetes-map-type": "granular"}
{"enum": ["a", "b"], "required": ["x", "y"]} | {"enum": ["b", "a"], "required": ["y", "x"]}
{"anyOf": [{"minimum": 1}, {"maximum": 0}]}  | {"anyOf": [{"maximum": 0.0}, {"minimum": 1}]}
{"x-kubernetes-list-map-keys": ["a", "b"]}   | {"x-kubernetes-list-map-keys": ["b", "a"]}
{"x-kubernetes-validations": [{"rule": "a"}, {"rule": "b"}]} | {"x-kubernetes-validations": [{"rule": "b"}, {"rule": "a"}]}
{"type": "number", "maximum": 10, "default": 1} | {"type": "number", "maximum": 10.0, "default": 1.0}
{"type": "object", "additionalProperties": true} | {"type": "object", "additionalProperties": {}}
{"x-kubernetes-int-or-string": true} | {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}
{"x-kubernetes-int-or-string": true, "allOf": [{"minimum": 1}]} | {"x-kubernetes-int-or-string": true, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"minimum": 1}]}
"#;

#[test]
fn what_means_the_same_does_not_differ() {
    for [old, new] in cells(SAME) {
        assert_eq!(found_in_spec(old, new), [""; 0], "{old} {new}");
        assert_eq!(found_in_spec(new, old), [""; 0], "{new} {old}");
    }
}

#[test]
fn the_root_has_its_three_fields_whether_they_are_written_or_not() {
    let written = crd(|crd| {
        let root = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        root["properties"]["apiVersion"] = json!({ "type": "string", "description": "…" });
        root["properties"]["kind"] = json!({ "type": "string", "description": "…" });
        root["properties"]["metadata"] = json!({ "type": "object", "description": "…" });
        root["required"] = json!(["apiVersion", "kind", "metadata"]);
    });
    assert_eq!(found(&crd(|_| {}), &written), [""; 0]);
    let limited = crd(|crd| {
        let root = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        root["properties"]["metadata"] = json!({ "type": "object", "properties": { "name": { "type": "string", "maxLength": 10 } } });
    });
    assert_eq!(
        found(&crd(|_| {}), &limited),
        ["field-added safe .metadata.name"]
    );
}

#[test]
fn differences_are_found_wherever_a_schema_goes() {
    let nested = |inner: Value| {
        fields(json!({
            "list": { "type": "array", "items": { "type": "object", "properties": { "a": inner } } },
            "map": { "type": "object", "additionalProperties": inner },
        }))
    };
    let (old, new) = (
        json!({ "type": "string" }),
        json!({ "type": "string", "maxLength": 1 }),
    );
    assert_eq!(
        found(&nested(old), &nested(new)),
        [
            "max-length-added breaking .spec.list[*].a",
            "max-length-added breaking .spec.map{*}"
        ]
    );
}

#[test]
fn fields_that_come_and_go_are_told_once() {
    let deep = json!({
        "type": "object", "required": ["b"],
        "properties": { "b": { "type": "string", "x-kubernetes-validations": [{ "rule": "self != ''" }] } },
    });
    let (without, with) = (fields(json!({})), fields(json!({ "a": deep })));
    assert_eq!(found(&without, &with), ["field-added safe .spec.a"]);
    assert_eq!(found(&with, &without), ["field-removed breaking .spec.a"]);
}

#[test]
fn a_new_field_that_is_required_breaks_unless_it_has_a_default() {
    let with = |field: Value| {
        spec(json!({ "type": "object", "required": ["a"], "properties": { "a": field } }))
    };
    let old = fields(json!({}));
    assert_eq!(
        found(&old, &with(json!({ "type": "string" }))),
        [
            "required-added breaking .spec.a",
            "field-added safe .spec.a"
        ]
    );
    assert_eq!(
        found(&old, &with(json!({ "type": "string", "default": "x" }))),
        ["field-added safe .spec.a", "required-added safe .spec.a"]
    );
}

#[test]
fn unknown_fields_that_are_kept_make_a_difference_to_those_that_are_named() {
    let keeps = |fields: Value| {
        spec(json!({
            "type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": fields,
        }))
    };
    let field = json!({ "a": { "type": "string" } });
    assert_eq!(
        found(&keeps(json!({})), &keeps(field.clone())),
        ["field-added look .spec.a"]
    );
    assert_eq!(
        found(&keeps(field.clone()), &keeps(json!({}))),
        ["field-removed look .spec.a"]
    );
    let prunes = "preserve-unknown-fields-removed breaking .spec";
    assert_eq!(
        found(&keeps(field.clone()), &fields(field.clone())),
        [prunes]
    );
    let keeps_now = "preserve-unknown-fields-added look .spec";
    assert_eq!(found(&fields(field.clone()), &keeps(field)), [keeps_now]);
}

const OF_KUBERNETES: &str = r#"
{"x-kubernetes-int-or-string": true} | {"type": "string"} | type-narrowed breaking .spec
{"type": "integer"} | {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]} | type-widened look .spec
{"x-kubernetes-preserve-unknown-fields": true} | {"type": "object", "x-kubernetes-preserve-unknown-fields": true} | type-narrowed breaking .spec
{"type": "array"} | {"type": "array", "x-kubernetes-list-type": "set"} | list-type-changed breaking .spec
{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]} | {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"]} | list-map-keys-changed breaking .spec
{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]} | {} | list-type-changed breaking .spec
{"type": "object"} | {"type": "object", "x-kubernetes-map-type": "atomic"} | map-type-changed breaking .spec
{"type": "object"} | {"type": "object", "x-kubernetes-embedded-resource": true} | embedded-resource-added breaking .spec
{"type": "object", "additionalProperties": {"type": "string"}} | {"type": "object"} | additional-properties-removed breaking .spec
{"type": "object"} | {"type": "object", "additionalProperties": true} | additional-properties-added safe .spec
{"type": "object", "additionalProperties": true} | {"type": "object", "additionalProperties": {"type": "string"}} | type-narrowed breaking .spec{*}
{"type": "array"} | {"type": "array", "items": {"type": "string"}} | items-added breaking .spec
{"type": "integer", "format": "int32"} | {"type": "integer", "format": "int64"} | format-changed look .spec
{"type": "integer", "format": "int64"} | {"type": "integer", "format": "int32"} | format-changed breaking .spec
{"type": "integer"} | {"type": "integer", "format": "uint32"} | format-added look .spec
{"maximum": 9007199254740993} | {"maximum": 9007199254740992} | maximum-tightened breaking .spec
{"maximum": "a"} | {"maximum": 1} | maximum-changed breaking .spec
{"title": "a"} | {"title": "b"} | title-changed look .spec
{"x-kubernetes-future": 1} | {"x-kubernetes-future": 2} | keyword-changed look .spec
{} | {"patternProperties": {"a": {}}} | keyword-added look .spec
true | {} | schema-changed look .spec
"#;

#[test]
fn schemas_differ_in_what_only_kubernetes_has() {
    for [old, new, expected] in cells(OF_KUBERNETES) {
        assert_eq!(found_in_spec(old, new), [expected], "{old} {new}");
    }
}

const RULES: &str = r#"
[{"rule": "a"}] | [] | rule-removed look
[] | [{"rule": "self.a == oldSelf.a"}] | rule-added breaking
[{"rule": "a"}] | [{"rule": "b"}] | rule-added breaking, rule-removed look
[{"rule": "a", "message": "no"}] | [{"rule": " a ", "message": "never"}] | rule-message-changed safe
[{"rule": "a"}] | [{"rule": "a", "messageExpression": "b"}] | rule-message-changed safe
[{"rule": "a"}] | [{"rule": "a", "optionalOldSelf": true}] | rule-tightened breaking
[{"rule": "a", "optionalOldSelf": true}] | [{"rule": "a"}] | rule-loosened look
[{"rule": "a", "reason": "FieldValueInvalid"}] | [{"rule": "a", "reason": "FieldValueForbidden"}] | rule-detail-changed look
[{"rule": "a", "fieldPath": ".a"}, {"rule": "a", "fieldPath": ".b"}] | [{"rule": "a", "fieldPath": ".b"}] | rule-removed look
"#;

#[test]
fn a_cel_rule_is_known_by_its_expression() {
    for [old, new, expected] in cells(RULES) {
        let with = |rules: &str| format!(r#"{{"x-kubernetes-validations": {rules}}}"#);
        let expected: Vec<_> = expected
            .split(", ")
            .map(|it| format!("{it} .spec"))
            .collect();
        assert_eq!(
            found_in_spec(&with(old), &with(new)),
            expected,
            "{old} {new}"
        );
    }
}

#[test]
fn an_allowance_holds_for_its_id_and_path() {
    let old = fields(json!({ "a": { "type": "string" }, "b": { "type": "string" } }));
    let mut differences = diff(&[old], &[fields(json!({}))]);
    let allowances: Vec<Allowance> = [
        "field-removed:.spec.a because nobody used it",
        "field-removed:.spec.c because of a slip",
        "scope-changed because why not",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    let unused = allow(&mut differences, &allowances);
    assert_eq!(unused, allowances[1..].iter().collect::<Vec<_>>());
    assert_eq!(differences[0].allowed.as_deref(), Some("nobody used it"));
    assert!(!differences[0].breaks());
    assert!(differences[1].breaks(), "another field");
    let everywhere = ["field-removed because it is new".parse().unwrap()];
    assert!(allow(&mut differences, &everywhere).is_empty());
    assert!(!differences.iter().any(super::Difference::breaks));
    assert_eq!(
        differences[0].allowed.as_deref(),
        Some("nobody used it"),
        "the first reason stays"
    );
}

#[test]
fn every_keyword_of_a_schema_is_told_when_it_comes() {
    // As apiextensions.k8s.io/v1 has them, but for those that it refuses.
    let known = json!({
        "type": "string", "x-kubernetes-int-or-string": true, "description": "a", "title": "a",
        "format": "uri", "default": 1, "maximum": 1, "minimum": 1, "maxLength": 1, "minLength": 1,
        "pattern": "a", "maxItems": 1, "minItems": 1, "uniqueItems": true, "multipleOf": 2,
        "enum": ["a"], "maxProperties": 1, "minProperties": 1, "required": ["a"], "items": {},
        "allOf": [{}], "oneOf": [{}], "anyOf": [{}], "not": {}, "properties": { "a": {} },
        "additionalProperties": {}, "externalDocs": { "url": "a" }, "example": "a", "nullable": true,
        "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-embedded-resource": true,
        "x-kubernetes-list-type": "set", "x-kubernetes-list-map-keys": ["a"],
        "x-kubernetes-map-type": "atomic", "x-kubernetes-validations": [{ "rule": "a" }],
    });
    let known = known.as_object().unwrap();
    for (keyword, value) in known {
        let new = spec(json!({ keyword: value }));
        assert_eq!(found(&spec(json!({})), &new).len(), 1, "{keyword}");
    }
    // Without a bound they mean nothing.
    let alone = ["exclusiveMaximum", "exclusiveMinimum"];
    for (keyword, _) in super::schema::KEYWORDS {
        assert!(
            known.contains_key(*keyword) || alone.contains(keyword),
            "{keyword}"
        );
    }
}

#[test]
fn the_ends_of_ids_are_listed_once_and_in_order() {
    assert!(super::ENDS.windows(2).all(|pair| pair[0] < pair[1]));
}
