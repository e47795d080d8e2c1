//! What holds for the comparison of any two CRDs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    strategy::ValueTree as _,
    test_runner::TestRunner,
};
use serde_json::{Map, Value, json};

use super::{diff, edits::edited};

/// The id of a difference, seen from the other side.
fn mirror(id: &str) -> String {
    const PAIRS: &[(&str, &str)] = &[
        ("-added", "-removed"),
        ("-tightened", "-loosened"),
        ("-narrowed", "-widened"),
        ("-differ", "-agree"),
    ];
    for (one, other) in PAIRS {
        for (from, to) in [(one, other), (other, one)] {
            if let Some(stem) = id.strip_suffix(from) {
                return format!("{stem}{to}");
            }
        }
    }
    id.to_owned()
}

/// Anything that JSON can say, with the words of a CRD in it now and then.
fn json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "spec",
        "names",
        "kind",
        "versions",
        "name",
        "schema",
        "openAPIV3Schema",
        "type",
        "v1",
        "properties",
        "required",
        "items",
        "enum",
        "maximum",
        "allOf",
        "metadata",
        "status",
        "x-kubernetes-validations",
        "rule",
        "storedVersions",
        "served",
        "storage",
        "object",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(word.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A keyword with one of a few values, so that two schemas often differ in it alone.
fn keyword(name: &'static str, values: Vec<Value>) -> BoxedStrategy<Option<(String, Value)>> {
    option::weighted(0.2, prop::sample::select(values))
        .prop_map(move |value| value.map(|value| (name.to_owned(), value)))
        .boxed()
}

fn with(fields: Vec<Option<(String, Value)>>, base: Value) -> Value {
    let mut schema: Map<String, Value> = base.as_object().cloned().unwrap_or_default();
    schema.extend(fields.into_iter().flatten());
    Value::Object(schema)
}

/// A structural schema.
pub(super) fn schema() -> impl Strategy<Value = Value> {
    let everywhere = || {
        vec![
            keyword("description", vec![json!("one"), json!("two")]),
            keyword("nullable", vec![json!(true), json!(false)]),
            keyword(
                "x-kubernetes-validations",
                vec![
                    json!([{ "rule": "self == oldSelf" }]),
                    json!([{ "rule": "self == oldSelf", "optionalOldSelf": true }, { "rule": "true" }]),
                    json!([{ "rule": "true", "message": "a" }, { "rule": "true", "message": "b" }]),
                    json!([{ "rule": "true", "message": "b", "reason": "FieldValueInvalid" }]),
                ],
            ),
            keyword(
                "not",
                vec![json!({ "minimum": 1 }), json!({ "maxLength": 1 })],
            ),
            keyword("oneOf", branches()),
            keyword("anyOf", branches()),
            keyword("allOf", branches()),
            keyword("x-kubernetes-unheard-of", vec![json!(1), json!("a")]),
        ]
    };
    let leaf = |base: Value, more: Vec<BoxedStrategy<_>>| {
        let mut all = everywhere();
        all.extend(more);
        all.prop_map(move |fields| with(fields, base.clone()))
    };
    let string = leaf(
        json!({ "type": "string" }),
        vec![
            keyword(
                "enum",
                vec![json!(["a"]), json!(["b", "a"]), json!(["c", "b"])],
            ),
            keyword("pattern", vec![json!("^a"), json!("^b")]),
            keyword(
                "format",
                vec![json!("uri"), json!("date-time"), json!("odd")],
            ),
            keyword("maxLength", vec![json!(0), json!(5), json!(9)]),
            keyword("minLength", vec![json!(0), json!(1), json!(2)]),
            keyword("default", vec![json!(""), json!("a")]),
        ],
    );
    let numbers = || {
        vec![
            keyword("maximum", vec![json!(5), json!(5.0), json!(9.5)]),
            keyword("exclusiveMaximum", vec![json!(true), json!(false)]),
            keyword("minimum", vec![json!(0), json!(-2), json!(1)]),
            keyword("exclusiveMinimum", vec![json!(true)]),
            keyword("multipleOf", vec![json!(2), json!(3), json!(4), json!(0)]),
            keyword(
                "format",
                vec![json!("int32"), json!("int64"), json!("double")],
            ),
            keyword("default", vec![json!(1), json!(1.0), json!(2)]),
        ]
    };
    let integer = leaf(json!({ "type": "integer" }), numbers());
    let number = leaf(json!({ "type": "number" }), numbers());
    let either = leaf(json!({ "x-kubernetes-int-or-string": true }), Vec::new());
    let any = leaf(
        json!({ "x-kubernetes-preserve-unknown-fields": true }),
        Vec::new(),
    );
    let leaves = prop_oneof![string, integer, number, either, any];
    leaves.prop_recursive(3, 24, 4, move |inner| {
        let name = prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
        let mut of_list = everywhere();
        of_list.extend([
            keyword("maxItems", vec![json!(3), json!(4)]),
            keyword("minItems", vec![json!(0), json!(1)]),
            keyword("uniqueItems", vec![json!(true)]),
            keyword(
                "x-kubernetes-list-type",
                vec![json!("atomic"), json!("set"), json!("map")],
            ),
            keyword(
                "x-kubernetes-list-map-keys",
                vec![json!(["a"]), json!(["b", "a"])],
            ),
        ]);
        let mut of_object = everywhere();
        of_object.extend([
            keyword(
                "required",
                vec![json!(["a"]), json!(["c", "b"]), json!(["a", "c"])],
            ),
            keyword("maxProperties", vec![json!(3), json!(4)]),
            keyword(
                "x-kubernetes-map-type",
                vec![json!("granular"), json!("atomic")],
            ),
            keyword("x-kubernetes-preserve-unknown-fields", vec![json!(true)]),
            keyword("x-kubernetes-embedded-resource", vec![json!(true)]),
        ]);
        let of_map = of_object.clone();
        prop_oneof![
            (inner.clone(), of_list).prop_map(|(items, fields)| with(
                fields,
                json!({ "type": "array", "items": items })
            )),
            (inner.clone(), of_map).prop_map(|(values, fields)| {
                with(
                    fields,
                    json!({ "type": "object", "additionalProperties": values }),
                )
            }),
            (btree_map(name, inner, 0..4), of_object).prop_map(|(properties, fields)| {
                with(
                    fields,
                    json!({ "type": "object", "properties": properties }),
                )
            }),
        ]
    })
}

fn branches() -> Vec<Value> {
    vec![
        json!([{ "type": "integer" }, { "type": "string" }]),
        json!([{ "required": ["a"] }]),
        json!([{ "required": ["b"] }, { "required": ["a"] }]),
        json!([{ "required": ["c"] }]),
    ]
}

/// A version with most of what it may have.
fn version() -> impl Strategy<Value = Value> {
    let more = vec![
        keyword("deprecated", vec![json!(true), json!(false)]),
        keyword("deprecationWarning", vec![json!("a"), json!("b")]),
        keyword(
            "subresources",
            vec![
                json!({ "status": {} }),
                json!({ "scale": { "specReplicasPath": ".a" } }),
            ],
        ),
        keyword(
            "selectableFields",
            vec![json!([{ "jsonPath": ".a" }]), json!([{ "jsonPath": ".b" }])],
        ),
        keyword(
            "additionalPrinterColumns",
            vec![
                json!([{ "name": "A" }]),
                json!([{ "name": "A", "priority": 1 }]),
            ],
        ),
    ];
    let word = prop::sample::select(vec!["v1alpha1", "v1", "v2"]);
    (word, any::<bool>(), any::<bool>(), schema(), more).prop_map(
        |(name, served, storage, schema, more)| {
            let spec = json!({ "type": "object", "properties": { "spec": schema } });
            let base = json!({
                "name": name, "served": served, "storage": storage,
                "schema": { "openAPIV3Schema": spec },
            });
            with(more, base)
        },
    )
}

/// A CRD with versions of different names.
fn crd() -> impl Strategy<Value = Value> {
    let names = vec![
        keyword("shortNames", vec![json!(["a"]), json!(["b", "a"])]),
        keyword("listKind", vec![json!("AppList"), json!("Apps")]),
    ];
    let more = vec![
        keyword(
            "conversion",
            vec![
                json!({ "strategy": "Webhook" }),
                json!({ "strategy": "None" }),
            ],
        ),
        keyword("scope", vec![json!("Cluster"), json!("Namespaced")]),
    ];
    let name = prop::sample::select(vec!["as.b.c", "ds.b.c"]);
    (name, names, more, vec(version(), 1..3)).prop_map(|(name, names, more, versions)| {
        let versions: BTreeMap<_, _> = versions
            .into_iter()
            .map(|it| (it["name"].to_string(), it))
            .collect();
        let versions: Vec<_> = versions.into_values().collect();
        let names = with(names, json!({ "kind": "App", "plural": "as" }));
        let spec = with(
            more,
            json!({ "group": "b.c", "names": names, "versions": versions }),
        );
        json!({ "metadata": { "name": name }, "spec": spec })
    })
}

/// A CRD whose `.spec` has a schema.
fn of_schema(schema: &Value) -> Value {
    json!({
        "metadata": { "name": "as.b.c" },
        "spec": { "names": { "kind": "A" }, "versions": [{
            "name": "v1", "served": true, "storage": true,
            "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": schema } } },
        }] },
    })
}

/// What is found, without classes, so that it can be compared with the other direction.
fn places(old: &[Value], new: &[Value], name: impl Fn(&str) -> String) -> Vec<String> {
    let mut places: Vec<_> = diff(old, new)
        .iter()
        .map(|it| {
            let place = &it.place;
            format!(
                "{} {} {} {}",
                it.crd,
                place.version,
                place.path(),
                name(&it.id)
            )
        })
        .collect();
    places.sort();
    places
}

fn agree(old: &[Value], new: &[Value]) {
    assert_eq!(places(old, new, mirror), places(new, old, str::to_owned));
    assert_eq!(diff(old, old), []);
}

#[test]
fn edits_reach_what_only_schemas_that_share_keywords_differ_in() {
    let mut runner = TestRunner::deterministic();
    let mut found = BTreeSet::new();
    for _ in 0..500 {
        let (one, other) = edited().new_tree(&mut runner).unwrap().current();
        let differences = diff(&[of_schema(&one)], &[of_schema(&other)]);
        found.extend(differences.into_iter().map(|it| it.id));
    }
    for id in [
        "any-of-loosened",
        "default-changed",
        "list-type-changed",
        "max-items-tightened",
        "maximum-tightened",
        "multiple-of-changed",
        "one-of-changed",
    ] {
        assert!(found.contains(id), "{id}: {found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn structural_schemas_agree_in_both_directions(one in schema(), other in schema()) {
        agree(&[of_schema(&one)], &[of_schema(&other)]);
    }

    #[test]
    fn schemas_that_come_from_one_another_agree_in_both_directions((one, other) in edited()) {
        agree(&[of_schema(&one)], &[of_schema(&other)]);
    }

    #[test]
    fn crds_agree_in_both_directions(old in vec(crd(), 0..3), new in vec(crd(), 0..3)) {
        agree(&old, &new);
    }

    #[test]
    fn anything_can_be_compared(old in json(), new in json()) {
        agree(std::slice::from_ref(&old), std::slice::from_ref(&new));
        let named = |spec: Value| [json!({ "metadata": { "name": "a" }, "spec": spec })];
        agree(&named(old.clone()), &named(new.clone()));
        let schema = |schema: Value| {
            let version = json!({ "name": "v1", "served": true, "schema": { "openAPIV3Schema": schema } });
            named(json!({ "versions": [version] }))
        };
        agree(&schema(old), &schema(new));
    }

}
