use serde_json::json;

use super::*;

fn crd(versions: &[Value]) -> Value {
    json!({ "spec": { "names": { "kind": "A" }, "versions": versions } })
}

/// A CRD of one version with these fields below `spec`.
fn with(spec: Value, more: Value) -> Value {
    let mut version = json!({ "name": "v1", "storage": true, "served": true, "schema": { "openAPIV3Schema": {
        "properties": { "spec": { "description": "d", "properties": spec } },
    }}});
    for (key, value) in more.as_object().unwrap() {
        version[key] = value.clone();
    }
    crd(&[version])
}

/// Every finding as `id path: message`.
fn found(crd: &Value) -> Vec<String> {
    let line = |found: &Finding| {
        format!(
            "{} {}: {}",
            found.id,
            found.place.path(),
            found.problem.message
        )
    };
    lint(crd).iter().map(line).collect()
}

#[test]
fn fields_against_the_conventions_are_found() {
    for (field, schema, expected) in [
        ("a", json!({ "type": "string", "description": "d" }), None),
        ("aB2", json!({ "type": "string", "description": "d" }), None),
        (
            "a_b",
            json!({ "type": "string", "description": "d" }),
            Some("field-name .spec.a_b: `a_b` is not in camelCase"),
        ),
        (
            "a-b",
            json!({ "type": "string", "description": "d" }),
            Some("field-name .spec.a-b: `a-b` is not in camelCase"),
        ),
        (
            "A",
            json!({ "type": "string", "description": "d" }),
            Some("field-name .spec.A: `A` is not in camelCase"),
        ),
        (
            "a",
            json!({ "type": "string" }),
            Some("description .spec.a: no description"),
        ),
        (
            "a",
            json!({ "type": "string", "description": " " }),
            Some("description .spec.a: no description"),
        ),
        (
            "a",
            json!({ "type": "boolean", "description": "d" }),
            Some("boolean .spec.a: a boolean"),
        ),
        (
            "a",
            json!({ "type": "number", "description": "d" }),
            Some("float .spec.a: a floating-point number"),
        ),
        (
            "a",
            json!({ "description": "d", "type": "array", "items": { "properties": { "b": { "type": "string" } } } }),
            Some("description .spec.a[*].b: no description"),
        ),
        (
            "a",
            json!({ "description": "d", "additionalProperties": { "properties": { "b": { "type": "string" } } } }),
            Some("description .spec.a{*}.b: no description"),
        ),
        (
            "a",
            json!({ "description": "d", "properties": { "b": { "description": "d", "default": 1 } }, "required": ["b", "c"] }),
            Some(
                "required-default .spec.a.b: is required and has a default, so it can be left out",
            ),
        ),
    ] {
        let expected: Vec<_> = expected.into_iter().collect();
        let mut spec = json!({});
        spec[field] = schema;
        assert_eq!(found(&with(spec.clone(), json!({}))), expected, "{spec}");
    }
}

#[test]
fn paths_that_lead_nowhere_are_found() {
    let text = json!({ "type": "string", "description": "d" });
    let spec = json!({
        "image": text, "replicas": { "type": "integer", "description": "d" },
        "when": { "type": "string", "format": "date-time", "description": "d" },
        "either": { "x-kubernetes-int-or-string": true, "description": "d" },
        "list": { "type": "array", "description": "d", "items": text },
    });
    let column = |ty: &str, path: &str| json!({ "additionalPrinterColumns": [{ "name": "C", "type": ty, "jsonPath": path }] });
    let scale = |key: &str, path: &str| {
        let mut scale = json!({});
        scale[key] = path.into();
        json!({ "subresources": { "scale": scale } })
    };
    let selectable = |path: &str| json!({ "selectableFields": [{ "jsonPath": path }] });
    for (more, expected) in [
        (column("string", ".spec.image"), None),
        (column("string", ".spec.list"), None),
        (column("string", ".spec.list[0]"), None),
        (column("integer", ".spec.replicas"), None),
        (column("integer", ".spec.either"), None),
        (column("date", ".spec.when"), None),
        (column("string", ".spec.when"), None),
        (column("date", ".metadata.creationTimestamp"), None),
        (column("string", ".metadata.creationTimestamp"), None),
        (column("string", ".metadata.labels.a"), None),
        (
            column("integer", ".spec.replica"),
            Some(
                "printer-column .spec.replica: the printer column `C` (`.spec.replica`) has no field `replica` in the schema (did you mean `replicas`?)",
            ),
        ),
        (
            column("string", ".spec.image.tag"),
            Some(
                "printer-column .spec.image.tag: the printer column `C` (`.spec.image.tag`) has no field `tag` in the schema (it has no fields there)",
            ),
        ),
        (
            column("string", ".metadata.nam"),
            Some(
                "printer-column .metadata.nam: the printer column `C` (`.metadata.nam`) has no field `nam` in the schema (did you mean `name`?)",
            ),
        ),
        (
            column("integer", ".spec.image"),
            Some(
                "printer-column .spec.image: the printer column `C` (`.spec.image`) is of type string in the schema (write `type_ = \"string\"`)",
            ),
        ),
        (
            column("boolean", ".spec.replicas"),
            Some(
                "printer-column .spec.replicas: the printer column `C` (`.spec.replicas`) is of type integer in the schema (write `type_ = \"integer\"`)",
            ),
        ),
        (
            column("integer", ".spec.when"),
            Some(
                "printer-column .spec.when: the printer column `C` (`.spec.when`) is of type string in the schema (write `type_ = \"string\"`)",
            ),
        ),
        (
            column("string", "spec.image"),
            Some(
                "printer-column : the printer column `C` (`spec.image`) is no path that Kubernetes reads (write a path such as `.spec.replicas`, or `.status.conditions[?(@.type==\"Ready\")].status`)",
            ),
        ),
        (scale("specReplicasPath", ".spec.replicas"), None),
        (
            scale("specReplicasPath", ".spec.replica"),
            Some(
                "scale-path .spec.replica: the scale subresource's `specReplicasPath` (`.spec.replica`) has no field `replica` in the schema (did you mean `replicas`?)",
            ),
        ),
        (
            scale("specReplicasPath", ".spec.image"),
            Some(
                "scale-path .spec.image: the scale subresource's `specReplicasPath` (`.spec.image`) is of type string in the schema (it must be of type integer)",
            ),
        ),
        (
            scale("statusReplicasPath", ".spec.replicas"),
            Some(
                "scale-path .spec.replicas: the scale subresource's `statusReplicasPath` (`.spec.replicas`) is not where Kubernetes looks for it (name a field below `.status`)",
            ),
        ),
        (scale("labelSelectorPath", ".spec.image"), None),
        (selectable(".spec.image"), None),
        (
            selectable(".spec.imag"),
            Some(
                "selectable-field .spec.imag: the selectable field (`.spec.imag`) has no field `imag` in the schema (did you mean `image`?)",
            ),
        ),
        (
            selectable(".spec.list"),
            Some(
                "selectable-field .spec.list: the selectable field (`.spec.list`) is of type array in the schema (strings, booleans and integers are selectable)",
            ),
        ),
    ] {
        let findings = lint(&with(spec.clone(), more.clone()));
        let line = |found: &Finding| {
            let Problem { message, help, .. } = &found.problem;
            let path = found.place.path();
            format!(
                "{} {path}: {message} ({})",
                found.id,
                help.as_deref().unwrap()
            )
        };
        let lines: Vec<_> = findings.iter().map(line).collect();
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(lines, expected, "{more}");
    }
}

#[test]
fn a_status_has_its_subresource() {
    let status = json!({ "schema": { "openAPIV3Schema": { "properties": { "status": { "description": "d" } } } } });
    let subresource = json!({ "subresources": { "status": {} } });
    assert!(
        found(&with(json!({}), status.clone()))[0]
            .contains("a status without the status subresource")
    );
    assert!(
        found(&with(json!({}), subresource.clone()))[0]
            .contains("a status subresource without a status")
    );
    let mut both = status;
    both["subresources"] = subresource["subresources"].clone();
    assert_eq!(found(&with(json!({}), both)), [""; 0]);
}

fn version(name: &str, storage: bool, spec: Value) -> Value {
    json!({ "name": name, "storage": storage, "served": true, "schema": { "openAPIV3Schema": {
        "properties": { "spec": { "description": "d", "properties": spec } },
    }}})
}

#[test]
fn versions_that_lose_fields_are_found() {
    let text = json!({ "type": "string", "description": "d" });
    let number = json!({ "type": "integer", "description": "d" });
    let old = version(
        "v1",
        true,
        json!({ "a": text, "b": text, "c": { "description": "d", "properties": { "d": text } } }),
    );
    let new = version("v2", false, json!({ "a": number, "b": text, "ab": text }));
    let expected = "versions-differ : fields that get lost between versions: `.spec.ab` (the stored version v1 lacks); \
                    `.spec.c` (only the stored version v1 has); `.spec.a` (v1 has as another type)";
    assert_eq!(found(&crd(&[old.clone(), new.clone()])), [expected]);
    let mut unserved = new.clone();
    unserved["served"] = false.into();
    assert_eq!(found(&crd(&[old.clone(), unserved])), [""; 0]);
    let mut converted = crd(&[old.clone(), new.clone()]);
    converted["spec"]["conversion"] = json!({ "strategy": "Webhook" });
    assert_eq!(found(&converted), [""; 0]);
    let same = version(
        "v2",
        false,
        json!({ "a": text, "b": text, "c": { "description": "e", "properties": { "d": text } } }),
    );
    assert_eq!(found(&crd(&[old, same])), [""; 0]);
}

#[test]
fn versions_that_check_a_field_otherwise_are_found() {
    let field = |more: Value| {
        let mut field = json!({ "type": "string", "description": "d" });
        field
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        field
    };
    let spec = |a: Value, required: Value| {
        let c = json!({ "description": "d", "properties": { "b": field(json!({})) }, "required": required });
        json!({ "a": field(a), "c": c })
    };
    let plain = || version("v1", true, spec(json!({}), json!([])));
    let says = |fields: &str| {
        format!("versions-differ : the stored version v1 checks fields otherwise: {fields}")
    };
    for (a, required, expected) in [
        (json!({ "maxLength": 3 }), json!([]), Some("`.spec.a`")),
        (json!({ "enum": ["x"] }), json!([]), Some("`.spec.a`")),
        (json!({ "default": "x" }), json!([]), Some("`.spec.a`")),
        (
            json!({ "x-kubernetes-validations": [{ "rule": "self == 'x'" }] }),
            json!([]),
            Some("`.spec.a`"),
        ),
        (json!({}), json!(["b"]), Some("`.spec.c.b`")),
        (
            json!({ "description": "other", "title": "T" }),
            json!([]),
            None,
        ),
    ] {
        let new = version("v2", false, spec(a, required));
        let expected: Vec<_> = expected.into_iter().map(says).collect();
        assert_eq!(found(&crd(&[plain(), new.clone()])), expected, "{new}");
    }
    // What only one of them has is checked by one alone.
    let mut more = spec(json!({}), json!(["e"]));
    more["c"]["properties"]["e"] = field(json!({ "maxLength": 1 }));
    let lost = "versions-differ : fields that get lost between versions: `.spec.c.e` (the stored version v1 lacks)";
    assert_eq!(found(&crd(&[plain(), version("v2", false, more)])), [lost]);
}

#[test]
fn a_stored_version_that_moves_says_what_is_lost() {
    let text = json!({ "type": "string" });
    let with_both = |stored: bool| version("v1", stored, json!({ "a": text, "b": text }));
    let with_one = |stored: bool| version("v2", stored, json!({ "a": text }));
    let before = crd(&[with_both(true), with_one(false)]);
    let moved = stored_version_moved(&before, &crd(&[with_both(false), with_one(true)])).unwrap();
    assert_eq!(
        (moved.level, moved.place.version.as_str()),
        (Level::Error, "v2")
    );
    let message =
        "v1 is no longer the stored version: the next write of each object drops `.spec.b`";
    assert_eq!(moved.problem.message, message);
    assert_eq!(stored_version_moved(&before, &before), None);
    // Nothing is lost in the other direction, until the version itself goes.
    let back = crd(&[with_both(true), with_one(false)]);
    let from = crd(&[with_both(false), with_one(true)]);
    assert_eq!(stored_version_moved(&from, &back), None);
    let gone = stored_version_moved(&from, &crd(&[with_both(true)])).unwrap();
    assert_eq!(
        gone.problem.message,
        "v2, in which objects are stored, is gone"
    );
    let mut converted = crd(&[with_both(false), with_one(true)]);
    converted["spec"]["conversion"] = json!({ "strategy": "Webhook" });
    assert_eq!(stored_version_moved(&before, &converted), None);
}

#[test]
fn whatever_is_no_crd_has_no_findings() {
    for value in [
        json!(null),
        json!([]),
        json!({ "spec": 1 }),
        json!({ "spec": { "versions": [1, {}] } }),
    ] {
        assert_eq!(lint(&value), []);
        assert_eq!(stored_version_moved(&value, &value), None);
    }
}

#[test]
fn every_id_is_listed_once_and_in_order() {
    assert!(LINTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
}
