//! Memory does not grow with the work that has been done.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, TcpListener};

use opgen_runtime::envtest::Operator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::size;
use crate::stage::{Stage, names};

/// Widgets that are edited in each round, a quarter of them new ones that are deleted again. As many
/// others are reconciled all the time.
const OBJECTS: usize = 40;
/// What memory may grow by after the first fifth of the work, in kB: for the allocator, and
/// connections that come and go. After it there are 8,000 reconciles in the short form, so a leak
/// of 1 kB in each would be 8 MB, and 80,000 in the full one, so 100 bytes in each would be. Of
/// those that write there are some 640 and 10,000: a Deployment in each, about 8 kB in memory,
/// would be 5 MB and 80 MB.
const LARGEST_GROWTH: u64 = 3_000;

/// The memory that is really used, in kB.
fn resident(operator: &Operator) -> u64 {
    let path = format!("/proc/{}/status", operator.id());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// The number of reconciles so far, from `/metrics`.
async fn reconciles(port: u16) -> u64 {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let lines = answer.lines();
    let lines = lines.filter(|line| line.starts_with("controller_runtime_reconcile_total{"));
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn memory_is_flat_over_many_reconciles() {
    let stage = Stage::new().await;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let metrics = format!("METRICS_BIND_ADDRESS=127.0.0.1:{port}");
    let variables = [&*metrics, "METRICS_SECURE=false"];
    let operator = stage.operator("operator", &variables).await;
    operator.ready().await.unwrap();

    let busy: Vec<_> = (0..OBJECTS).map(|number| format!("busy{number}")).collect();
    stage.set_in_mode(&busy, "busy", Some("busy")).await;
    let mut warm = None;
    let mut round = 0;
    loop {
        let new = names(OBJECTS * (round + 1)..OBJECTS * (round + 1) + OBJECTS / 4);
        stage.set(&names(0..OBJECTS), &round.to_string()).await;
        stage.set(&new, "new").await;
        stage.converged().await;
        stage.delete(&new).await;
        round += 1;
        let done = reconciles(port).await;
        if warm.is_none() && done >= size::churn() / 5 && round >= size::edits() / 5 {
            warm = Some(resident(&operator));
        }
        if done >= size::churn() && round >= size::edits() {
            break;
        }
    }
    stage.converged().await;
    let (warm, end) = (warm.unwrap(), resident(&operator));
    eprintln!("memory went from {warm} kB to {end} kB");
    assert!(
        end < warm + LARGEST_GROWTH,
        "memory grew from {warm} kB to {end} kB"
    );
    assert!(operator.terminate().await.unwrap().success());
}
