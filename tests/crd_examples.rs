//! Examples of kinds, and what is said to be wrong with objects, before the judge: a real kube-apiserver.

#![expect(clippy::unwrap_used, reason = "a test may end in a panic")]

use opgen::crd;
use opgen_runtime::envtest::Environment;
use serde_json::{Value, json};

/// The CRD of a kind with a spec of this schema.
fn definition(kind: &str, spec: &Value) -> Value {
    let singular = kind.to_lowercase();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{singular}s.a.example.com") },
        "spec": {
            "group": "a.example.com", "scope": "Namespaced",
            "names": { "kind": kind, "plural": format!("{singular}s"), "singular": singular },
            "versions": [{ "name": "v1", "storage": true, "served": true, "schema": { "openAPIV3Schema": {
                "type": "object", "required": ["spec"], "properties": { "spec": spec },
            } } }],
        },
    })
}

/// Kinds of many shapes, each with a few specs.
fn kinds() -> Vec<(Value, Vec<Value>)> {
    let object = |properties: Value| {
        let required: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        json!({ "type": "object", "properties": properties, "required": required })
    };
    let text = |more: Value| {
        let mut schema = json!({ "type": "string" });
        schema
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        schema
    };
    let formats = [
        "date-time",
        "date",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "email",
        "uri",
        "hostname",
        "byte",
        "duration",
        "hexcolor",
        "rgbcolor",
        "isbn",
        "isbn10",
        "isbn13",
        "ssn",
        "creditcard",
        "bsonobjectid",
        "password",
    ];
    let of_formats = formats
        .iter()
        .map(|format| (format.replace('-', ""), text(json!({ "format": format }))));
    let pair =
        object(json!({ "key": text(json!({})), "value": { "x-kubernetes-int-or-string": true } }));
    vec![
        (
            definition(
                "Format",
                &object(of_formats.collect::<serde_json::Map<_, _>>().into()),
            ),
            vec![
                json!({}),
                json!({ "ipv4": "::1", "uuid": "x", "byte": "%", "datetime": "now" }),
            ],
        ),
        (
            definition(
                "Text",
                &object(json!({
                    "pattern": text(json!({ "pattern": "^[a-z]{3}-[0-9]+$", "maxLength": 9 })), "long": text(json!({ "minLength": 40 })),
                    "choice": text(json!({ "enum": ["One", "Two"] })),
                })),
            ),
            vec![
                json!({ "pattern": "abc-1", "long": "é".repeat(39), "choice": "One" }),
                json!({ "pattern": "abc-1", "long": "é".repeat(40), "choice": "One" }),
                json!({ "pattern": "abc-", "long": "é".repeat(40), "choice": "Three" }),
                json!({ "pattern": "abc-1", "long": null, "choice": "One" }),
            ],
        ),
        (
            definition(
                "Number",
                &object(json!({
                    "small": { "type": "integer", "format": "int32", "minimum": 3, "exclusiveMinimum": true, "multipleOf": 5 },
                    "float": { "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 0.5, "multipleOf": 0.1 },
                    "either": { "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] },
                })),
            ),
            vec![
                json!({ "small": 5, "float": 0.3, "either": "x" }),
                json!({ "small": 5.0, "float": 0.25, "either": 1 }),
                json!({ "small": 2_147_483_650_i64, "float": 0.3, "either": 1 }),
                json!({ "small": 5, "float": 0, "either": 1.5 }),
                json!({ "small": "5", "float": 0.5, "either": true }),
            ],
        ),
        (
            definition(
                "Collection",
                &object(json!({
                    "set": { "type": "array", "minItems": 3, "x-kubernetes-list-type": "set", "items": text(json!({ "maxLength": 9 })) },
                    "map": {
                        "type": "array", "minItems": 2, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"], "items": pair,
                    },
                    "labels": { "type": "object", "minProperties": 2, "maxProperties": 3, "additionalProperties": text(json!({})) },
                    "any": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                    "template": { "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
                })),
            ),
            {
                let good = json!({
                    "set": ["a", "b", "c"], "map": [{ "key": "a", "value": 1 }, { "key": "b", "value": "1" }],
                    "labels": { "a": "", "b": "" }, "any": { "x": [] }, "template": { "apiVersion": "v1", "kind": "Pod" },
                });
                let with = |field: &str, value: Value| {
                    let mut spec = good.clone();
                    spec[field] = value;
                    spec
                };
                vec![
                    good.clone(),
                    with("set", json!(["a", "b", "a"])),
                    with(
                        "map",
                        json!([{ "key": "a", "value": 1 }, { "key": "a", "value": 2 }]),
                    ),
                    with("labels", json!({ "a": "" })),
                    with("labels", json!({ "a": "", "b": 1 })),
                    with("template", json!({ "apiVersion": "v1" })),
                    with("unknown", json!(1)),
                ]
            },
        ),
        (
            definition(
                "Union",
                &json!({
                    "type": "object",
                    "properties": { "a": text(json!({})), "b": object(json!({ "c": { "type": "boolean" } })), "d": text(json!({ "default": "x" })) },
                    "required": ["d"], "oneOf": [{ "required": ["a"] }, { "required": ["b"] }],
                    "not": { "properties": { "a": { "enum": ["example"] } }, "required": ["a"] },
                    "anyOf": [{ "properties": { "d": { "minLength": 2 } } }, { "required": ["a"] }],
                }),
            ),
            vec![
                json!({ "a": "x" }),
                json!({ "a": "x", "b": { "c": true } }),
                json!({ "b": { "c": true } }),
                json!({ "b": { "c": true }, "d": "xx" }),
                json!({ "b": {}, "d": "xx" }),
                json!({ "a": "example", "d": "xx" }),
                json!({ "a": "x", "d": null }),
                json!({}),
            ],
        ),
    ]
}

/// Whether the API server takes an object; what it says if not.
async fn refusal(environment: &Environment, object: &Value) -> Option<String> {
    let file = environment.directory().join("object.json");
    tokio::fs::write(&file, object.to_string()).await.unwrap();
    let arguments = [
        "create",
        "--dry-run=server",
        "--validate=strict",
        "-f",
        file.to_str().unwrap(),
    ];
    environment
        .kubectl(&arguments)
        .await
        .err()
        .map(|error| format!("{error:#}"))
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_api_server_takes_every_example_and_refuses_what_does_not_fit() {
    let environment = Environment::start().await.unwrap();
    let crds = environment.directory().join("crds");
    tokio::fs::create_dir(&crds).await.unwrap();
    for (crd, _) in kinds() {
        let name = format!("{}.yaml", crd["metadata"]["name"].as_str().unwrap());
        tokio::fs::write(crds.join(name), crd::to_text(&crd).unwrap())
            .await
            .unwrap();
    }
    environment.install_crds(&crds).await.unwrap();
    for (crd, specs) in kinds() {
        let example = crd::example(&crd, "v1").unwrap();
        let said = refusal(&environment, &example).await;
        assert_eq!(said, None, "{example:#}");
        for spec in specs {
            let mut object = example.clone();
            object["spec"] = spec;
            let ours = crd::object_mismatches(&crd, &object);
            let said = refusal(&environment, &object).await;
            assert_eq!(
                ours.is_empty(),
                said.is_none(),
                "{object:#}\n{ours:#?}\n{said:?}"
            );
        }
    }
}
