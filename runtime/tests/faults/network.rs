//! A network that cuts, refuses and delays.

use std::time::Duration;

use crate::proxy::{Faults, Proxy};
use crate::size;
use crate::stage::{Stage, names};

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn watches_are_cut_every_second() {
    let stage = Stage::new().await;
    let proxy = Proxy::start(&stage.environment).await;
    let longest_watch = Some(Duration::from_secs(1));
    proxy.inject(Faults {
        longest_watch,
        ..Faults::default()
    });
    let operator = stage.operator_behind(&proxy, "operator", &[]).await;
    let count = size::objects();
    let mut round = 0;
    // Fast servers are through with a round before a watch is cut.
    while round < 3 || proxy.injected() < 10 {
        round += 1;
        stage.set(&names(0..count), &format!("image-{round}")).await;
        stage.converged().await;
    }
    stage.delete(&names(0..count / 2)).await;
    stage.converged().await;
    assert!(operator.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_tenth_of_all_requests_fails() {
    let stage = Stage::new().await;
    let proxy = Proxy::start(&stage.environment).await;
    proxy.inject(Faults {
        one_in: Some(10),
        ..Faults::default()
    });
    let operator = stage.operator_behind(&proxy, "operator", &[]).await;
    let count = size::objects();
    for image in ["one", "two"] {
        stage.set(&names(0..count), image).await;
        stage.converged().await;
    }
    stage.delete(&names(0..count / 2)).await;
    stage.converged().await;
    let failed = proxy.injected();
    assert!(failed > count / 10, "only {failed} requests failed");
    assert!(operator.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn every_request_takes_five_seconds() {
    let stage = Stage::new().await;
    let proxy = Proxy::start(&stage.environment).await;
    let latency = Duration::from_secs(5);
    proxy.inject(Faults {
        latency,
        ..Faults::default()
    });
    let count = size::few_objects();
    stage.set(&names(0..count), "one").await;
    let concurrency = format!("CONCURRENCY={count}");
    let operator = stage
        .operator_behind(&proxy, "operator", &[&concurrency])
        .await;
    stage.converged().await;
    stage.set(&names(0..count / 2), "two").await;
    stage.converged().await;
    assert!(operator.terminate().await.unwrap().success());
}
