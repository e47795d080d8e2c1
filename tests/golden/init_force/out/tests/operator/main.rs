//! Tests on a real kube-apiserver and etcd, with the operator running under its own ServiceAccount and role.
//!
//! There is no controller-manager and no kubelet: Deployments get no pods, so a test writes their status itself.

use std::time::Duration;

use opgen_runtime::envtest::{Environment, Operator, eventually};

/// Where the operator runs.
const NAMESPACE: &str = "myapp-system";

/// An API server with everything below `config/`, and the operator as a user would start it.
async fn start() -> anyhow::Result<(Environment, Operator)> {
    let environment = Environment::start().await?;
    environment.apply_kustomization("config/default").await?;
    let program = env!("CARGO_BIN_EXE_myapp");
    let account = "myapp-controller-manager";
    // As config/manager starts it.
    let arguments = ["--leader-elect"];
    let operator = environment.operator(program, NAMESPACE, account, &arguments);
    let operator = operator.await?;
    operator.ready().await?;
    Ok((environment, operator))
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn every_manifest_is_accepted_and_the_operator_stops_when_asked() -> anyhow::Result<()> {
    let (_environment, operator) = start().await?;
    assert!(operator.terminate().await?.success());
    Ok(())
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn metrics_are_for_those_who_may_get_them() -> anyhow::Result<()> {
    let (environment, operator) = start().await?;
    let role = "--clusterrole=myapp-metrics-reader";
    let account = format!("--serviceaccount={NAMESPACE}:reader");
    let bind = ["create", "clusterrolebinding", "reader", role, &account];
    environment.kubectl(&bind).await?;
    let reader = environment.token(NAMESPACE, "reader").await?;
    let limit = Duration::from_secs(60);
    eventually("the reader gets them", limit, async || {
        match operator.metrics(&reader).await {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let stranger = environment.token(NAMESPACE, "stranger").await?;
    assert_eq!(operator.metrics(&stranger).await?.0, 403);
    // So that what it has asked is recorded for `opgen rbac verify`.
    assert!(operator.terminate().await?.success());
    Ok(())
}
