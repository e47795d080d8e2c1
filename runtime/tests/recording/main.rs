//! The recording, beside the audit log of the API server that answered.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "../common/mod.rs"]
mod common;
mod operator;
mod requests;
mod stage;
mod uris;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn operator_process() {
    common::run_as_operator().await;
}
