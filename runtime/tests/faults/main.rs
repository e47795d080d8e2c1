//! Faults: servers that fail, a network that cuts and delays, rights and kinds that go away,
//! leaders that freeze, operators that are killed. After each, everything is as it should be.
//!
//! `FAULTS=full` in the environment, which `make faults` sets, makes them long: see [`size`].
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[cfg(target_os = "linux")]
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod ends;
mod leaders;
mod memory;
mod network;
mod outages;
mod proxy;
mod size;
mod stage;
mod withdrawn;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn operator_process() {
    common::run_as_operator().await;
}
