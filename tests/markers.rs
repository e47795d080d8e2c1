//! Holds `src/crd/normalise/markers.txt`, how Kubernetes merges the lists and maps of its own types, equal to what a
//! real API server says of itself.
//!
//! `BLESS=1` writes it anew.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the table is written by this test alone"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use opgen_runtime::envtest::Environment;
use serde_json::{Map, Value};

/// Only the types of Kubernetes, and no others that the server has.
const KUBERNETES: &str = "io.k8s.";

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_table_has_every_marker_of_the_api_server() {
    let environment = Environment::start().await.unwrap();
    let index = raw(&environment, "/openapi/v3").await;
    let mut types = Map::new();
    for document in index["paths"].as_object().unwrap().values() {
        let url = document["serverRelativeURL"].as_str().unwrap();
        let document = raw(&environment, url).await;
        let schemas = document.pointer("/components/schemas");
        for (name, schema) in schemas.and_then(Value::as_object).into_iter().flatten() {
            if name.starts_with(KUBERNETES) {
                types.insert(name.clone(), schema.clone());
            }
        }
    }
    let expected: String = rows(&types)
        .into_iter()
        .map(|row| format!("{row}\n"))
        .collect();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/crd/normalise/markers.txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&table, &expected).unwrap();
    }
    let table = fs::read_to_string(&table).unwrap();
    let difference = similar::TextDiff::from_lines(&table, &expected);
    let difference = difference.unified_diff().to_string();
    assert!(
        difference.is_empty(),
        "markers.txt is not what the API server says:\n{difference}"
    );
}

async fn raw(environment: &Environment, path: &str) -> Value {
    let text = environment.kubectl(&["get", "--raw", path]).await.unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The lines of the table, sorted.
fn rows(types: &Map<String, Value>) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    // How the lists of a type of items are merged, `None` for those that are replaced as a whole.
    let mut lists: BTreeMap<&str, BTreeSet<Option<String>>> = BTreeMap::new();
    for (name, schema) in types {
        if schema["x-kubernetes-map-type"] == "atomic" {
            rows.insert(format!("atomic {name}"));
        }
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            if schema["x-kubernetes-map-type"] == "atomic" {
                rows.insert(format!("atomic {name} {field}"));
            }
            if schema["x-kubernetes-list-type"] == "set" {
                rows.insert(format!("set {name} {field}"));
            }
            if schema["type"] != "array" {
                continue;
            }
            let items = reference(&schema["items"]);
            let keys = keys(schema);
            if !items.is_empty() {
                lists.entry(items).or_default().insert(keys.clone());
            }
            if let Some(keys) = keys {
                for key in keys.split(',') {
                    let default = &types[items]["properties"][key]["default"];
                    // Go has an empty text or a zero for every key that is required.
                    if !default.is_null() && default != "" && default != 0 {
                        rows.insert(format!("default {items} {key} {default}"));
                    }
                }
                rows.insert(format!("map {name} {field} {keys}"));
            }
        }
    }
    for (items, keys) in lists {
        let keys: Vec<_> = keys.into_iter().collect();
        if let [Some(keys)] = keys.as_slice() {
            rows.insert(format!("keys {items} {keys}"));
        }
    }
    rows
}

/// The keys of a list that is merged as a map.
fn keys(schema: &Value) -> Option<String> {
    let is_map = schema["x-kubernetes-list-type"] == "map";
    let keys = schema["x-kubernetes-list-map-keys"]
        .as_array()
        .filter(|_| is_map)?;
    let keys: Vec<_> = keys.iter().filter_map(Value::as_str).collect();
    Some(keys.join(","))
}

/// The type that a schema refers to, by itself or with a default beside it.
fn reference(schema: &Value) -> &str {
    let wrapped = &schema["allOf"][0]["$ref"];
    let name = schema["$ref"].as_str().or(wrapped.as_str());
    name.and_then(|name| name.rsplit('/').next())
        .unwrap_or_default()
}
