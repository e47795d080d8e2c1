//! What an operator relies on is withdrawn and given back: its kind, its rights.

use opgen_runtime::envtest::{Operator, eventually};

use crate::common::*;
use crate::proxy::Proxy;
use crate::size;
use crate::stage::{Stage, names};

async fn logs(operator: &Operator, text: &str) {
    eventually(&format!("`{text}` is logged"), PATIENCE, async || {
        let logged = operator.log().contains(text);
        logged.then_some(()).ok_or_else(|| "not yet".to_owned())
    })
    .await;
}

/// Waits until `/readyz` says what is missing.
async fn unready(operator: &Operator, why: &str) {
    eventually(
        &format!("/readyz says `{why}`"),
        PATIENCE,
        async || match operator.readyz().await {
            Ok((503, body)) if body.contains(why) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
    .await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_crd_is_removed_and_made_again() {
    let stage = Stage::new().await;
    let operator = stage.operator("operator", &[]).await;
    let count = size::few_objects();
    stage.set(&names(0..count), "one").await;
    stage.converged().await;

    stage.forget_all();
    let crd = "widgets.test.example.com";
    let delete = ["delete", "crd", crd, "--timeout=60s"];
    stage.environment.kubectl(&delete).await.unwrap();
    let gone = "widgets.test.example.com: the CRD is not installed (404)";
    unready(&operator, gone).await;
    install(&stage.environment, &[widget_crd()]).await;
    stage.set(&names(count / 2..count * 2), "two").await;
    stage.converged().await;
    assert!(operator.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn every_right_is_withdrawn_and_given_back() {
    let stage = Stage::new().await;
    let mut proxy = Proxy::start(&stage.environment).await;
    let operator = stage.operator_behind(&proxy, "operator", &[]).await;
    let count = size::few_objects();
    stage.set(&names(0..count), "one").await;
    stage.converged().await;

    stage.take_rights().await;
    // The watch is still open: RBAC was asked when it began.
    stage.set(&names(0..count / 2), "two").await;
    logs(&operator, "cannot patch resource").await;
    // Not any more.
    proxy.up();
    unready(&operator, "not allowed to watch (403)").await;
    stage.delete(&names(0..count / 4)).await;
    stage.set(&names(count..count * 2), "two").await;

    stage.give_rights().await;
    stage.converged().await;
    operator.ready().await.unwrap();
    assert!(operator.terminate().await.unwrap().success());
}
