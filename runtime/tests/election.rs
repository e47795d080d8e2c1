//! Leader election and shutdown, with operators in processes of their own.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::*;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{Patch, PatchParams};
use opgen_runtime::envtest::{Environment, Operator, eventually};
use serde_json::{Value, json};

const ELECT: &str = "LEADER_ELECT=true";
const LEASE: &str = "widgets-leader";

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn operator_process() {
    run_as_operator().await;
}

struct Stage {
    environment: Environment,
    leases: Api<Lease>,
}

impl Stage {
    async fn new() -> Self {
        let environment = Environment::start().await.unwrap();
        install(&environment, &[widget_crd()]).await;
        allow_everything(&environment, "operators:operator").await;
        Self {
            leases: Api::namespaced(environment.client(), "operators"),
            environment,
        }
    }

    async fn operator(&self, name: &str) -> Operator {
        self.operator_with(name, &[]).await
    }

    async fn operator_with(&self, name: &str, variables: &[&str]) -> Operator {
        let name = format!("POD_NAME={name}");
        let variables = [&[ELECT, &name], variables].concat();
        operator(&self.environment, "operator", &variables).await
    }

    /// Waits until the lease is held by the operator of that name, or by nobody.
    async fn held_by(&self, name: &str) {
        eventually("the lease is held", PATIENCE, async || {
            let lease = self.leases.get_opt(LEASE).await.unwrap();
            let lease = serde_json::to_value(lease).unwrap();
            let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
            let held = if name.is_empty() {
                holder.is_empty()
            } else {
                holder.starts_with(name)
            };
            held.then_some(())
                .ok_or_else(|| format!("held by `{holder}`"))
        })
        .await;
    }

    async fn widget(&self, name: &str, spec: Value) {
        apply(&self.environment.client(), NAMESPACE, name, spec).await;
    }

    async fn reconciled(&self, name: &str) {
        reconciled(&self.environment.client(), NAMESPACE, name).await;
    }
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn one_leads_and_the_other_takes_over_when_it_ends() {
    let stage = Stage::new().await;
    let first = stage.operator("first").await;
    first.ready().await.unwrap();
    stage.held_by("first_").await;
    let second = stage.operator("second").await;
    second.ready().await.unwrap();
    stage.widget("a", json!({ "image": "i" })).await;
    stage.reconciled("a").await;
    assert!(
        !second.log().contains("running the controllers"),
        "the second one waits:\n{}",
        second.log()
    );

    assert!(first.terminate().await.unwrap().success());
    stage.held_by("second_").await;
    stage.widget("b", json!({ "image": "i" })).await;
    stage.reconciled("b").await;
    assert!(second.terminate().await.unwrap().success());
    stage.held_by("").await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_lease_that_is_given_back_is_taken_at_once() {
    let stage = Stage::new().await;
    // Whoever asks only once in a while would not get it before this test gives up.
    let seldom = [
        "LEADER_ELECT_LEASE_DURATION=20m",
        "LEADER_ELECT_RENEW_DEADLINE=15m",
        "LEADER_ELECT_RETRY_PERIOD=10m",
    ];
    let first = stage.operator_with("first", &seldom).await;
    stage.held_by("first_").await;
    let second = stage.operator_with("second", &seldom).await;
    second.ready().await.unwrap();
    eventually("the second one watches the lease", PATIENCE, async || {
        let log = second.log();
        let waits = log.contains("waiting for the lease") && log.contains("holder=\"first_");
        waits.then_some(()).ok_or(log)
    })
    .await;
    assert!(first.terminate().await.unwrap().success());
    stage.held_by("second_").await;
    second.kill();
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_waiting_replica_ends_at_once_and_leaves_the_lease_alone() {
    let stage = Stage::new().await;
    let first = stage.operator("first").await;
    stage.held_by("first_").await;
    let second = stage.operator("second").await;
    second.ready().await.unwrap();
    assert!(second.terminate().await.unwrap().success());
    stage.held_by("first_").await;
    first.kill();
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_lost_lease_ends_the_operator_with_an_error() {
    let stage = Stage::new().await;
    let operator = stage.operator("first").await;
    stage.held_by("first_").await;
    let theft = json!({ "spec": { "holderIdentity": "thief" } });
    let parameters = PatchParams::default();
    stage
        .leases
        .patch(LEASE, &parameters, &Patch::Merge(&theft))
        .await
        .unwrap();
    eventually("the operator ends", PATIENCE, async || {
        match operator.check() {
            Err(ended) if ended.to_string().contains("exit status: 101") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let log = operator.log();
    assert!(log.contains("lost the lease `widgets-leader`"), "{log}");
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_running_reconcile_finishes_before_the_operator_ends() {
    let stage = Stage::new().await;
    let operator = stage.operator("first").await;
    operator.ready().await.unwrap();
    stage
        .widget("w", json!({ "image": "i", "mode": "slow" }))
        .await;
    eventually("the reconcile has begun", PATIENCE, async || {
        let begun = operator.log().contains("begins to be slow");
        begun.then_some(()).ok_or_else(|| "not yet".to_owned())
    })
    .await;
    assert!(operator.terminate().await.unwrap().success());
    stage.reconciled("w").await;
    stage.held_by("").await;
}
