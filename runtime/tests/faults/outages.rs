//! Servers that are killed in the middle of the work.

use std::time::Duration;

use kube::api::DeleteParams;
use opgen_runtime::envtest::{Server, eventually};

use crate::common::PATIENCE;
use crate::proxy::Proxy;
use crate::size;
use crate::stage::{Stage, names};

/// Long enough for reconciles and watches to fail more than once.
const OUTAGE: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_api_server_is_killed_in_the_middle_of_the_work() {
    outages(Server::ApiServer).await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn etcd_is_killed_in_the_middle_of_the_work() {
    outages(Server::Etcd).await;
}

async fn outages(server: Server) {
    let stage = Stage::new().await;
    let count = size::objects();
    stage.set(&names(0..count), "one").await;
    let operator = stage.operator("operator", &[]).await;
    stage.deployments(count / 3).await;
    stage.environment.kill(server);
    tokio::time::sleep(OUTAGE).await;
    stage.environment.revive().await.unwrap();
    stage.converged().await;

    stage.environment.kill(server);
    let edited = names(0..count / 2);
    let edit = stage.set(&edited, "two");
    let revive = async {
        tokio::time::sleep(OUTAGE).await;
        stage.environment.revive().await.unwrap();
    };
    tokio::join!(edit, revive);
    stage.delete(&names(0..count / 10)).await;
    stage.converged().await;
    assert!(operator.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_version_that_has_expired_is_listed_anew_and_no_deletion_is_missed() {
    let stage = Stage::new().await;
    let mut proxy = Proxy::start(&stage.environment).await;
    let operator = stage.operator_behind(&proxy, "operator", &[]).await;
    let count = size::few_objects();
    stage.set(&names(0..count), "one").await;
    stage.converged().await;

    proxy.down();
    let third = count / 3;
    stage.set(&names(0..third), "two").await;
    stage.delete_by_force(&names(third..2 * third)).await;
    for name in names(2 * third..count) {
        let parameters = DeleteParams::default();
        stage.deployments.delete(&name, &parameters).await.unwrap();
    }
    stage.set(&names(count..count + third), "one").await;
    // It knows of no change before its start, so it cannot go on from an earlier version.
    stage.environment.kill(Server::ApiServer);
    stage.environment.revive().await.unwrap();
    proxy.up();
    stage.converged().await;
    eventually("the version has expired", PATIENCE, async || {
        let expired = operator.log().contains("(Expired)");
        expired.then_some(()).ok_or_else(|| "not said".to_owned())
    })
    .await;
    assert!(operator.terminate().await.unwrap().success());
}
