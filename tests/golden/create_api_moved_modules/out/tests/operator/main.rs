//! Tests on a real kube-apiserver and etcd, with the operator running under its own ServiceAccount and role.
//!
//! There is no controller-manager and no kubelet: Deployments get no pods, so a test writes their status itself.

mod apps;
mod cache;

use opgen_runtime::envtest::{Environment, Operator};

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
