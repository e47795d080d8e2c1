//! `/readyz` of an operator in a process of its own: what is missing, and when it is there.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::*;
use opgen_runtime::envtest::{Environment, Operator, eventually};
use serde_json::json;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn operator_process() {
    run_as_operator().await;
}

async fn readyz_says(operator: &Operator, expected: &str) {
    eventually(expected, PATIENCE, async || match operator.readyz().await {
        Ok((503, body)) if body.contains(expected) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_missing_crd_is_named_and_then_found() {
    let environment = Environment::start().await.unwrap();
    allow_everything(&environment, "operators:operator").await;
    let operator = operator(&environment, "operator", &[]).await;
    readyz_says(
        &operator,
        "widgets.test.example.com: the CRD is not installed (404)\n",
    )
    .await;

    install(&environment, &[widget_crd()]).await;
    operator.ready().await.unwrap();
    let client = environment.client();
    apply(&client, NAMESPACE, "w", json!({ "image": "i" })).await;
    reconciled(&client, NAMESPACE, "w").await;

    let log = operator.log();
    assert_eq!(
        log.matches("the CRD is not installed").count(),
        1,
        "said once:\n{log}"
    );
    assert!(operator.terminate().await.unwrap().success());
    let requests = environment.requests().unwrap();
    let asked = |resource: &str| requests.iter().any(|request| request.resource == resource);
    assert!(
        asked("widgets") && !asked("leases"),
        "no lease without an election"
    );
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_missing_permission_is_named_and_then_used() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    let operator = operator(&environment, "operator", &["WATCH_NAMESPACE=default"]).await;
    let expected = "deployments.apps: not allowed to list (403): deployments.apps is forbidden: \
                    User \"system:serviceaccount:operators:operator\" cannot list";
    readyz_says(&operator, expected).await;
    readyz_says(
        &operator,
        "widgets.test.example.com: not allowed to list (403)",
    )
    .await;
    allow_everything(&environment, "operators:operator").await;
    operator.ready().await.unwrap();
    let log = operator.log();
    assert_eq!(
        log.matches("deployments.apps is forbidden").count(),
        1,
        "said once:\n{log}"
    );
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn each_namespace_and_a_kind_without_namespaces_have_their_line() {
    let environment = Environment::start().await.unwrap();
    let namespaces = ["a", "b"];
    for namespace in namespaces {
        let create = ["create", "namespace", namespace];
        environment.kubectl(&create).await.unwrap();
    }
    let variables = ["WATCH_NAMESPACE=a,b", "TEST_FLEETS=1"];
    let operator = operator(&environment, "operator", &variables).await;
    let fleets = "fleets.test.example.com: not allowed to list (403): ";
    readyz_says(&operator, fleets).await;
    for namespace in namespaces {
        let widgets = format!("widgets.test.example.com in {namespace}: not allowed to list (403)");
        readyz_says(&operator, &widgets).await;
        let deployments = format!("deployments.apps in {namespace}: not allowed to list (403)");
        readyz_says(&operator, &deployments).await;
    }

    allow_everything(&environment, "operators:operator").await;
    let expected = "fleets.test.example.com: the CRD is not installed (404)\n\
                    widgets.test.example.com in a: the CRD is not installed (404)\n\
                    widgets.test.example.com in b: the CRD is not installed (404)\n";
    readyz_says(&operator, expected).await;
    install(&environment, &[widget_crd(), fleet_crd()]).await;
    operator.ready().await.unwrap();
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_address_that_is_taken_ends_the_start() {
    let environment = Environment::start().await.unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let variable = format!("METRICS_BIND_ADDRESS={address}");
    let operator = operator(&environment, "operator", &[&variable]).await;
    let error = operator.ready().await.unwrap_err().to_string();
    assert!(error.contains("ended (exit status: 101)"), "{error}");
    let log = operator.log();
    assert!(
        log.contains(&format!("cannot listen on `{address}` for metrics")),
        "{log}"
    );
}
