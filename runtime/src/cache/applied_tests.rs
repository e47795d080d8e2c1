//! The table of cases in which an apply is needed, or not.

use serde_json::{Value, json};

use super::object_matches;

/// A Deployment-like object with one container, its record of ownership, and the live object with
/// the server's defaults.
fn desired() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "a", "namespace": "n", "labels": { "app": "a" },
            "ownerReferences": [{ "apiVersion": "v1", "kind": "K", "name": "o", "uid": "u", "controller": true }],
        },
        "spec": {
            "replicas": 2,
            "template": { "spec": {
                "containers": [{ "name": "c", "image": "i", "ports": [{ "containerPort": 80 }], "args": ["x"] }],
                "volumes": [{ "name": "tmp", "emptyDir": {} }],
            } },
        },
    })
}

fn owned() -> Value {
    json!({
        "f:metadata": {
            "f:labels": { "f:app": {} },
            "f:ownerReferences": { "k:{\"uid\":\"u\"}": {} },
        },
        "f:spec": {
            "f:replicas": {},
            "f:template": { "f:spec": {
                "f:containers": { "k:{\"name\":\"c\"}": {
                    ".": {}, "f:name": {}, "f:image": {}, "f:args": {},
                    "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
                } },
                "f:volumes": { "k:{\"name\":\"tmp\"}": { ".": {}, "f:name": {}, "f:emptyDir": {} } },
            } },
        },
    })
}

fn live() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "a", "namespace": "n", "uid": "x", "resourceVersion": "7",
            "labels": { "app": "a", "theirs": "1" },
            "ownerReferences": [{ "apiVersion": "v1", "kind": "K", "name": "o", "uid": "u", "controller": true }],
        },
        "spec": {
            "replicas": 2, "paused": false,
            "template": { "spec": {
                "containers": [
                    { "name": "sidecar", "image": "theirs" },
                    { "name": "c", "image": "i", "imagePullPolicy": "Always", "args": ["x"],
                      "ports": [{ "containerPort": 80, "protocol": "TCP" }] },
                ],
                "volumes": [{ "name": "tmp", "emptyDir": {} }],
                "restartPolicy": "Always",
            } },
        },
        "status": { "replicas": 2 },
    })
}

fn applied(desired: &Value, owned: &Value, live: &Value) -> bool {
    object_matches(desired, owned.as_object().unwrap(), live)
}

/// `value` with what is at `pointer` replaced; `null` removes a field.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match (parent, new) {
        (Value::Object(fields), Value::Null) => drop(fields.remove(name)),
        (Value::Object(fields), new) => drop(fields.insert(name.to_owned(), new)),
        (Value::Array(items), new) => items[name.parse::<usize>().unwrap()] = new,
        _ => panic!("{pointer}"),
    }
    value
}

const CONTAINER: &str = "/spec/template/spec/containers/0";

#[test]
fn nothing_is_needed_while_all_is_as_desired() {
    assert!(applied(&desired(), &owned(), &live()));
}

#[test]
fn what_is_not_ours_does_not_matter() {
    for (pointer, value) in [
        ("/metadata/labels/theirs", json!("2")),
        ("/spec/paused", json!(true)),
        ("/spec/template/spec/containers/0/image", json!("other")),
        ("/status/replicas", json!(0)),
    ] {
        assert!(
            applied(&desired(), &owned(), &with(live(), pointer, value)),
            "{pointer}"
        );
    }
}

#[test]
fn a_changed_value_needs_an_apply() {
    for (pointer, value) in [
        ("/metadata/labels/app", json!("b")),
        ("/metadata/ownerReferences/0/uid", json!("v")),
        ("/spec/replicas", json!(3)),
        ("/spec/replicas", Value::Null),
        ("/spec/template/spec/containers/1/image", json!("j")),
        ("/spec/template/spec/containers/1/args", json!(["x", "y"])),
        (
            "/spec/template/spec/containers/1/ports/0/containerPort",
            json!(81),
        ),
        ("/spec/template/spec/volumes", json!([])),
    ] {
        assert!(
            !applied(&desired(), &owned(), &with(live(), pointer, value)),
            "{pointer}"
        );
    }
}

#[test]
fn a_field_that_is_new_in_desired_needs_an_apply() {
    for (pointer, value) in [
        ("/metadata/annotations", json!({ "note": "x" })),
        ("/spec/paused", json!(false)),
        (
            "/spec/template/spec/containers/0/imagePullPolicy",
            json!("Always"),
        ),
    ] {
        assert!(
            !applied(&with(desired(), pointer, value), &owned(), &live()),
            "{pointer}"
        );
    }
}

#[test]
fn a_field_that_is_no_longer_desired_needs_an_apply() {
    for pointer in [
        "/metadata/labels",
        "/spec/replicas",
        "/spec/template/spec/volumes",
        &format!("{CONTAINER}/args"),
        &format!("{CONTAINER}/ports"),
    ] {
        assert!(
            !applied(&with(desired(), pointer, Value::Null), &owned(), &live()),
            "{pointer}"
        );
    }
}

#[test]
fn null_and_empty_parts_set_nothing() {
    let desired = with(desired(), "/status", json!({}));
    let mut desired = with(desired, "/metadata/annotations", json!(0));
    desired["metadata"]["annotations"] = Value::Null;
    assert!(applied(&desired, &owned(), &live()));
}

#[test]
fn a_lost_field_in_our_record_needs_an_apply() {
    let taken = with(owned(), "/f:spec/f:replicas", Value::Null);
    assert!(!applied(&desired(), &taken, &live()));
    assert!(!applied(&desired(), &json!({}), &live()));
}

#[test]
fn one_port_number_with_two_protocols_is_two_items() {
    let ports = json!([{ "containerPort": 80 }, { "containerPort": 80, "protocol": "UDP" }]);
    let desired = with(desired(), &format!("{CONTAINER}/ports"), ports);
    let mut owned = owned();
    let container = r#"k:{"name":"c"}"#;
    owned["f:spec"]["f:template"]["f:spec"]["f:containers"][container]["f:ports"][r#"k:{"containerPort":80,"protocol":"UDP"}"#] =
        json!({ ".": {}, "f:containerPort": {}, "f:protocol": {} });
    let live = with(
        live(),
        "/spec/template/spec/containers/1/ports",
        json!([{ "containerPort": 80, "protocol": "TCP" }, { "containerPort": 80, "protocol": "UDP" }]),
    );
    assert!(applied(&desired, &owned, &live));
}

#[test]
fn a_set_is_compared_item_by_item() {
    let desired = json!({ "metadata": { "name": "a", "finalizers": ["x"] } });
    let owned = json!({ "f:metadata": { "f:finalizers": { ".": {}, "v:\"x\"": {} } } });
    let live = |list: &[&str]| json!({ "metadata": { "name": "a", "finalizers": list } });
    assert!(applied(&desired, &owned, &live(&["theirs", "x"])));
    assert!(!applied(&desired, &owned, &live(&["theirs"])));
}

#[test]
fn equal_numbers_are_equal_however_they_are_written() {
    let owned = json!({ "f:spec": { "f:ratio": {} } });
    assert!(applied(
        &json!({ "spec": { "ratio": 1 } }),
        &owned,
        &json!({ "spec": { "ratio": 1.0 } })
    ));
}

#[test]
fn a_rewritten_quantity_is_a_doubt_and_so_needs_an_apply() {
    let owned = json!({ "f:spec": { "f:cpu": {} } });
    assert!(!applied(
        &json!({ "spec": { "cpu": "1000m" } }),
        &owned,
        &json!({ "spec": { "cpu": "1" } })
    ));
}
