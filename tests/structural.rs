//! The API server takes every schema that is normalised without an error, and refuses the others: opgen knows all of
//! its rules, and no more.

#[path = "../src/crd/normalise/any_schema.rs"]
mod any_schema;

use any_schema::any_schema;
use http::Request;
use kube::client::Body;
use opgen::crd::{Level, Schemas, normalise};
use opgen_runtime::envtest::Environment;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

const CREATE: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All&fieldValidation=Strict";
/// How many schemas are tried.
const ENOUGH: usize = 2000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn the_api_server_takes_just_the_schemas_without_an_error() {
    let environment = Environment::start().await.unwrap();
    let client = environment.client();
    let mut runner = TestRunner::deterministic();
    let mut failures = String::new();
    let mut tried = 0;
    while tried < ENOUGH {
        let field = any_schema().new_tree(&mut runner).unwrap().current();
        let normalised = normalise(&crd(&field), &Schemas::default());
        let silent = normalised.findings.is_empty();
        let findings = normalised.findings.into_iter();
        let errors: Vec<_> = findings
            .filter(|finding| finding.level == Level::Error)
            .collect();
        // It does not look at every default, and takes values that nobody can give.
        let lax = ["bad-default", "empty-enum", "unit-type"];
        let lax = errors.iter().any(|finding| lax.contains(&finding.id));
        tried += 1;
        let request = Request::post(CREATE)
            .header("content-type", "application/json")
            .body(Body::from(normalised.crd.to_string().into_bytes()))
            .unwrap();
        let response = client.send(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect_bytes().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        match (errors.is_empty(), status.is_success()) {
            (true, false) => failures += &format!("{field}\nis refused: {}\n", body["message"]),
            (false, true) if !lax => {
                failures += &format!("{field}\nis taken in spite of {errors:?}\n")
            }
            _ => {}
        }
        for warning in headers.get_all("warning").iter().filter(|_| silent) {
            failures += &format!("{field}\nis warned of: {warning:?}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn crd(field: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "any.example.com" },
        "spec": {
            "group": "example.com",
            "scope": "Cluster",
            "names": { "kind": "Any", "listKind": "AnyList", "plural": "any", "singular": "any" },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": { "field": field } } },
            }],
        },
    })
}
