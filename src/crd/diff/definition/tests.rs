//! What differs outside of schemas, and between versions.

use serde_json::{Value, json};

use crate::crd::diff::{
    Class::{self, Breaking, Safe},
    diff,
    tests::{crd, found},
};

/// Says what a change of a CRD outside of its schema is, there and back.
fn definition(change: impl FnOnce(&mut Value), there: &[&str], back: &[&str]) {
    let (old, new) = (crd(|_| {}), crd(change));
    assert_eq!(found(&old, &new), there, "there");
    assert_eq!(found(&new, &old), back, "back");
}

#[test]
fn what_clients_know_a_crd_by_must_stay() {
    let changed = |id: &str, class: &str| [format!("{id}-changed {class}")];
    for (pointer, value, id) in [
        ("group", "example.org", "group"),
        ("scope", "Cluster", "scope"),
    ] {
        let expected = changed(id, "breaking");
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        definition(
            |crd| crd["spec"][pointer] = value.into(),
            &expected,
            &expected,
        );
    }
    for (name, value, expected) in [
        ("plural", "appses", "plural-changed breaking"),
        ("listKind", "Apps", "list-kind-changed breaking"),
        ("singular", "one", "singular-changed look"),
    ] {
        definition(
            |crd| crd["spec"]["names"][name] = value.into(),
            &[expected],
            &[expected],
        );
    }
    definition(
        |crd| crd["spec"]["names"]["kind"] = "Application".into(),
        &[
            "kind-changed breaking",
            "list-kind-changed breaking",
            "singular-changed look",
        ],
        &[
            "kind-changed breaking",
            "list-kind-changed breaking",
            "singular-changed look",
        ],
    );
    // What Kubernetes makes up is no difference.
    definition(
        |crd| {
            crd["spec"]["names"]["listKind"] = "AppList".into();
            crd["spec"]["names"]["singular"] = "app".into();
            crd["spec"]["conversion"] = json!({ "strategy": "None" });
        },
        &[],
        &[],
    );
    definition(
        |crd| {
            crd["spec"]["names"]["shortNames"] = json!(["a"]);
            crd["spec"]["names"]["categories"] = json!(["all"]);
            crd["spec"]["future"] = json!(1);
        },
        &[
            "keyword-added look",
            "category-added safe",
            "short-name-added safe",
        ],
        &[
            "category-removed look",
            "keyword-removed look",
            "short-name-removed look",
        ],
    );
}

#[test]
fn what_a_version_offers_must_stay() {
    fn version(crd: &mut Value) -> &mut Value {
        &mut crd["spec"]["versions"][0]
    }
    definition(
        |crd| version(crd)["served"] = false.into(),
        &["served-removed breaking"],
        &["served-added safe"],
    );
    definition(
        |crd| version(crd)["subresources"] = json!({}),
        &["status-subresource-removed breaking"],
        &["status-subresource-added breaking"],
    );
    definition(
        |crd| version(crd)["subresources"]["scale"] = json!({ "specReplicasPath": ".spec.a" }),
        &["scale-subresource-added safe"],
        &["scale-subresource-removed breaking"],
    );
    definition(
        |crd| version(crd)["selectableFields"] = json!([{ "jsonPath": ".spec.a" }]),
        &["selectable-field-added safe"],
        &["selectable-field-removed breaking"],
    );
    definition(
        |crd| version(crd)["additionalPrinterColumns"] = json!([{ "name": "A", "jsonPath": ".a" }]),
        &["printer-column-added safe"],
        &["printer-column-removed look"],
    );
    definition(
        |crd| version(crd)["deprecated"] = true.into(),
        &["deprecated-added look"],
        &["deprecated-removed look"],
    );
    definition(
        |crd| version(crd)["deprecationWarning"] = "use v2".into(),
        &["deprecation-warning-added look"],
        &["deprecation-warning-removed look"],
    );
}

#[test]
fn a_crd_that_is_gone_breaks() {
    let crd = crd(|_| {});
    let ids = |old: &[Value], new: &[Value]| -> Vec<(String, Class)> {
        diff(old, new)
            .into_iter()
            .map(|it| (it.id, it.class))
            .collect()
    };
    assert_eq!(
        ids(std::slice::from_ref(&crd), &[]),
        [("crd-removed".to_owned(), Breaking)]
    );
    assert_eq!(ids(&[], &[crd]), [("crd-added".to_owned(), Safe)]);
}

/// Two versions with one field each, of which one is stored.
fn two_versions(stored: &str, first: &str, second: &str) -> Value {
    crd(|crd| {
        let version = |name: &str, field: &str| {
            let spec = json!({ "type": "object", "properties": { field: { "type": "string" } } });
            let schema = json!({ "type": "object", "properties": { "spec": spec } });
            json!({
                "name": name, "served": true, "storage": name == stored,
                "schema": { "openAPIV3Schema": schema },
            })
        };
        crd["spec"]["versions"] = json!([version("v1", first), version("v2", second)]);
    })
}

#[test]
fn another_stored_version_breaks_where_it_loses_fields() {
    let moved = |first, second| {
        found(
            &two_versions("v1", first, second),
            &two_versions("v2", first, second),
        )
    };
    assert_eq!(moved("a", "a"), ["stored-version-changed look"]);
    assert_eq!(moved("a", "b"), ["stored-version-changed breaking"]);
    let converted = |stored| {
        let mut crd = two_versions(stored, "a", "b");
        crd["spec"]["conversion"] = json!({ "strategy": "Webhook" });
        crd
    };
    assert_eq!(
        found(&converted("v1"), &converted("v2")),
        ["stored-version-changed look"]
    );
    assert_eq!(
        found(&converted("v2"), &two_versions("v2", "a", "b")),
        [
            "conversion-changed breaking",
            "versions-differ look .spec.a",
            "versions-differ look .spec.b"
        ]
    );
}

#[test]
fn versions_that_drift_apart_are_worth_a_look() {
    let (alike, apart) = (two_versions("v1", "a", "a"), two_versions("v1", "a", "b"));
    assert_eq!(
        found(&alike, &apart),
        [
            "field-removed breaking .spec.a",
            "versions-differ look .spec.a",
            "versions-differ look .spec.b",
            "field-added safe .spec.b"
        ]
    );
    let mut one = alike.clone();
    one["spec"]["versions"].as_array_mut().unwrap().truncate(1);
    assert_eq!(found(&alike, &one), ["version-removed breaking"]);
    one["spec"]["versions"][0]["storage"] = false.into();
    assert!(found(&alike, &one).contains(&"stored-version-changed look".to_owned()));
}
