//! Every check of kubernetes-sigs/crdify, in both directions.

use serde_json::{Value, json};

use super::tests::{cells, crd, found, spec};

/// crdify's check, the type, what its schema has before and after, what is found, and what the other way round.
const PROPERTY_CHECKS: &str = r#"
type             | {}      | {"type": "string"}            | {"type": "integer"}       | type-changed breaking          | type-changed breaking
type             | {}      | {"type": "number"}            | {"type": "integer"}       | type-narrowed breaking         | type-widened look
enum             | string  | {}                            | {"enum": ["a"]}           | enum-added breaking            | enum-removed look
enum             | string  | {"enum": ["a", "b"]}          | {"enum": ["b"]}           | enum-value-removed breaking    | enum-value-added look
default          | string  | {}                            | {"default": "a"}          | default-added breaking         | default-removed breaking
default          | string  | {"default": "a"}              | {"default": "b"}          | default-changed breaking       | default-changed breaking
maximum          | integer | {}                            | {"maximum": 3}            | maximum-added breaking         | maximum-removed look
maximum          | integer | {"maximum": 4}                | {"maximum": 3}            | maximum-tightened breaking     | maximum-loosened safe
exclusiveMaximum | integer | {"maximum": 4}                | {"maximum": 4, "exclusiveMaximum": true} | maximum-tightened breaking | maximum-loosened safe
minimum          | integer | {}                            | {"minimum": 0}            | minimum-added breaking         | minimum-removed look
minimum          | integer | {"minimum": 2}                | {"minimum": 3}            | minimum-tightened breaking     | minimum-loosened safe
exclusiveMinimum | integer | {"minimum": 4}                | {"minimum": 4, "exclusiveMinimum": true} | minimum-tightened breaking | minimum-loosened safe
multipleOf       | integer | {}                            | {"multipleOf": 2}         | multiple-of-added breaking     | multiple-of-removed look
multipleOf       | integer | {"multipleOf": 2}             | {"multipleOf": 4}         | multiple-of-tightened breaking | multiple-of-loosened safe
multipleOf       | integer | {"multipleOf": 2}             | {"multipleOf": 3}         | multiple-of-changed breaking   | multiple-of-changed breaking
maxLength        | string  | {}                            | {"maxLength": 3}          | max-length-added breaking      | max-length-removed look
maxLength        | string  | {"maxLength": 4}              | {"maxLength": 3}          | max-length-tightened breaking  | max-length-loosened safe
minLength        | string  | {}                            | {"minLength": 1}          | min-length-added breaking      | min-length-removed look
minLength        | string  | {"minLength": 1}              | {"minLength": 2}          | min-length-tightened breaking  | min-length-loosened safe
maxItems         | array   | {}                            | {"maxItems": 3}           | max-items-added breaking       | max-items-removed look
maxItems         | array   | {"maxItems": 4}               | {"maxItems": 3}           | max-items-tightened breaking   | max-items-loosened safe
minItems         | array   | {}                            | {"minItems": 1}           | min-items-added breaking       | min-items-removed look
minItems         | array   | {"minItems": 1}               | {"minItems": 2}           | min-items-tightened breaking   | min-items-loosened safe
maxProperties    | object  | {}                            | {"maxProperties": 3}      | max-properties-added breaking  | max-properties-removed look
maxProperties    | object  | {"maxProperties": 4}          | {"maxProperties": 3}      | max-properties-tightened breaking | max-properties-loosened safe
minProperties    | object  | {}                            | {"minProperties": 1}      | min-properties-added breaking  | min-properties-removed look
minProperties    | object  | {"minProperties": 1}          | {"minProperties": 2}      | min-properties-tightened breaking | min-properties-loosened safe
required         | object  | {}                            | {"required": ["a"]}       | required-added breaking .a     | required-removed safe .a
pattern          | string  | {}                            | {"pattern": "a"}          | pattern-added breaking         | pattern-removed look
pattern          | string  | {"pattern": "a"}              | {"pattern": "b"}          | pattern-changed breaking       | pattern-changed breaking
format           | string  | {}                            | {"format": "uri"}         | format-added breaking          | format-removed look
format           | string  | {"format": "date-time"}       | {"format": "ipv4"}        | format-changed breaking        | format-changed breaking
nullable         | string  | {"nullable": true}            | {}                        | nullable-removed breaking      | nullable-added safe
description      | string  | {"description": "a"}          | {"description": "b"}      | description-changed look       | description-changed look
description      | string  | {}                            | {"description": "b"}      | description-added look         | description-removed look
oneOf            | object  | {}                            | {"oneOf": [{"not": {}}]}  | one-of-added breaking          | one-of-removed look
oneOf            | object  | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]} | {"oneOf": [{"required": ["b"]}]} | one-of-tightened breaking | one-of-loosened look
oneOf            | object  | {"oneOf": [{"required": ["a"]}]} | {"oneOf": [{"required": ["b"]}]} | one-of-changed breaking | one-of-changed breaking
anyOf            | object  | {}                            | {"anyOf": [{"not": {}}]}  | any-of-added breaking          | any-of-removed look
anyOf            | object  | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]} | {"anyOf": [{"required": ["b"]}]} | any-of-tightened breaking | any-of-loosened safe
anyOf            | object  | {"anyOf": [{"required": ["a"]}]} | {"anyOf": [{"required": ["b"]}]} | any-of-changed breaking | any-of-changed breaking
allOf            | object  | {}                            | {"allOf": [{"not": {}}]}  | all-of-added breaking          | all-of-removed look
allOf            | object  | {"allOf": [{"required": ["b"]}]} | {"allOf": [{"required": ["a"]}, {"required": ["b"]}]} | all-of-tightened breaking | all-of-loosened look
allOf            | object  | {"allOf": [{"required": ["a"]}]} | {"allOf": [{"required": ["b"]}]} | all-of-changed breaking | all-of-changed breaking
not              | object  | {}                            | {"not": {"required": ["a"]}} | not-added breaking          | not-removed look
not              | object  | {"not": {"required": ["b"]}}  | {"not": {"required": ["a"]}} | not-changed breaking        | not-changed breaking
uniqueItems      | array   | {}                            | {"uniqueItems": true}     | unique-items-added breaking    | unique-items-removed look
xvalidations     | string  | {}                            | {"x-kubernetes-validations": [{"rule": "self != 'a'"}]} | rule-added breaking | rule-removed look
"#;

#[test]
fn every_property_check_of_crdify_is_there() {
    for [check, kind, old, new, there, back] in cells(PROPERTY_CHECKS) {
        let schema = |more: &str| {
            let mut schema: Value = serde_json::from_str(more).unwrap();
            if kind != "{}" {
                schema["type"] = kind.into();
            }
            spec(schema)
        };
        let (old, new) = (schema(old), schema(new));
        let whole = |row: &str| match row.split_once(" .") {
            Some((row, field)) => format!("{row} .spec.{field}"),
            None => format!("{row} .spec"),
        };
        assert_eq!(found(&old, &new), [whole(there)], "{check}");
        assert_eq!(
            found(&new, &old),
            [whole(back)],
            "{check}, the other way round"
        );
    }
}

/// What crdify refuses by default and opgen lets pass, since no stored object and no writer of it stops working: said all
/// the same, and here is why.
const MILDER: &str = r#"
enum         | string | {"enum": ["a"]} | {"enum": ["a", "b"]} | enum-value-added look | a reader may meet a value that it does not know
nullable     | string | {}              | {"nullable": true}   | nullable-added safe   | what was written before still may be, and a reader of optional fields takes none for null
xvalidations | string | {"x-kubernetes-validations": [{"rule": "self != 'a'"}]} | {} | rule-removed look | more is accepted, and somebody may have relied on less
xvalidations | string | {"x-kubernetes-validations": [{"rule": "a", "reason": "FieldValueInvalid"}]} | {"x-kubernetes-validations": [{"rule": "a", "reason": "FieldValueForbidden"}]} | rule-detail-changed look | the same objects are refused, with another word
xvalidations | string | {"x-kubernetes-validations": [{"rule": "a", "optionalOldSelf": true}]} | {"x-kubernetes-validations": [{"rule": "a"}]} | rule-loosened look | objects that are created are not checked any more
anyOf        | object | {"anyOf": [{"required": ["a"]}]} | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]} | any-of-loosened safe | whatever fitted still does
anyOf        | object | {"anyOf": [{"required": ["a"]}]} | {} | any-of-removed look | more is accepted, and somebody may have relied on less
"#;

/// Of the same keywords, what does narrow a type.
const AS_STRICT: &str = r#"
xvalidations | string | {"x-kubernetes-validations": [{"rule": "a"}]} | {"x-kubernetes-validations": [{"rule": "a", "optionalOldSelf": true}]} | rule-tightened breaking
anyOf        | object | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]} | {"anyOf": [{"required": ["a"]}]} | any-of-tightened breaking
anyOf        | object | {} | {"anyOf": [{"required": ["a"]}]} | any-of-added breaking
"#;

#[test]
fn what_crdify_refuses_and_opgen_does_not_is_told() {
    let of_type = |kind: &str, schema: &str| {
        let mut schema: Value = serde_json::from_str(schema).unwrap();
        schema["type"] = kind.into();
        spec(schema)
    };
    for [check, kind, old, new, told, why] in cells(MILDER) {
        let found = found(&of_type(kind, old), &of_type(kind, new));
        assert_eq!(found, [format!("{told} .spec")], "{check}: {why}");
        assert!(!told.contains("breaking") && !why.is_empty(), "{check}");
    }
    for [check, kind, old, new, told] in cells(AS_STRICT) {
        let found = found(&of_type(kind, old), &of_type(kind, new));
        assert_eq!(found, [format!("{told} .spec")], "{check}");
    }
}

fn check(name: &str, old: &Value, new: &Value, there: &str, back: &str) {
    assert_eq!(found(old, new), [there], "{name}");
    assert_eq!(found(new, old), [back], "{name}, the other way round");
}

#[test]
fn every_check_of_crdify_on_a_crd_as_a_whole_is_there() {
    let string = json!({ "type": "string" });
    let fields = |fields: Value| spec(json!({ "type": "object", "properties": fields }));
    let (with, without) = (fields(json!({ "a": string })), fields(json!({})));
    let (there, back) = ("field-removed breaking .spec.a", "field-added safe .spec.a");
    check("existingFieldRemoval", &with, &without, there, back);

    let cluster = crd(|crd| crd["spec"]["scope"] = "Cluster".into());
    let changed = "scope-changed breaking";
    check("scope", &crd(|_| {}), &cluster, changed, changed);

    // crdify reads `status.storedVersions`, which a CRD from a cluster has.
    let two = crd(|crd| {
        let mut beta = crd["spec"]["versions"][0].clone();
        beta["name"] = "v1beta1".into();
        beta["served"] = false.into();
        beta["storage"] = false.into();
        crd["spec"]["versions"].as_array_mut().unwrap().push(beta);
        crd["status"] = json!({ "storedVersions": ["v1beta1", "v1"] });
    });
    let (there, back) = (
        "stored-version-removed breaking",
        "stored-version-added safe",
    );
    check("storedVersionRemoval", &two, &crd(|_| {}), there, back);
}

#[test]
fn served_versions_are_compared_with_each_other_as_crdify_does() {
    let one = spec(json!({ "type": "string" }));
    let mut two = one.clone();
    let mut next = spec(json!({ "type": "integer" }))["spec"]["versions"][0].clone();
    next["name"] = "v2".into();
    next["storage"] = false.into();
    two["spec"]["versions"].as_array_mut().unwrap().push(next);
    assert_eq!(
        found(&one, &two),
        ["versions-differ look .spec", "version-added safe"]
    );
    assert_eq!(
        found(&two, &one),
        ["version-removed breaking", "versions-agree safe .spec"]
    );

    // What was so before is no difference, and neither is it with a conversion.
    assert_eq!(found(&two, &two), [""; 0]);
    two["spec"]["conversion"] = json!({ "strategy": "Webhook" });
    assert_eq!(
        found(&one, &two),
        ["conversion-changed look", "version-added safe"]
    );
}
