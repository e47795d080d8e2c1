//! Several operators and one lease: never do two of them write.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use opgen_runtime::envtest::{Environment, Operator, eventually};
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::clock;
use crate::common::*;
use crate::proxy::Proxy;
use crate::size;
use crate::stage::{Stage, names};

/// A lease that is soon over, but which a slow machine can renew in time.
const ELECT: [&str; 4] = [
    "LEADER_ELECT=true",
    "LEADER_ELECT_LEASE_DURATION=6s",
    "LEADER_ELECT_RENEW_DEADLINE=4s",
    "LEADER_ELECT_RETRY_PERIOD=1s",
];
const LEASE: &str = "widgets-leader";
/// By how much a clock is wrong.
const SKEW: i64 = 30;

async fn lease(stage: &Stage) -> Result<Lease, String> {
    let leases: Api<Lease> = Api::namespaced(stage.environment.client(), "operators");
    leases.get(LEASE).await.map_err(|error| error.to_string())
}

/// Waits until the lease is held by that replica.
async fn held_by(stage: &Stage, replica: &str) {
    eventually(&format!("{replica} leads"), size::patience(), async || {
        let spec = lease(stage).await?.spec.unwrap_or_default();
        let holder = spec.holder_identity.unwrap_or_default();
        let leads = holder.starts_with(&format!("{replica}_"));
        leads
            .then_some(())
            .ok_or_else(|| format!("held by `{holder}`"))
    })
    .await;
}

async fn has_ended(operator: &Operator, why: &str) {
    eventually(
        "the operator ends",
        size::patience(),
        async || match operator.check() {
            Err(ended) if ended.to_string().contains("exit status: 101") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
    .await;
    let log = operator.log();
    assert!(log.contains(why), "{log}");
}

fn variables<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    ELECT.iter().chain([&name]).chain(more).copied().collect()
}

/// An operator whose account and part in the election have one name.
async fn replica(stage: &Stage, name: &str, more: &[&str]) -> Operator {
    let pod = format!("POD_NAME={name}");
    stage.operator(name, &variables(&pod, more)).await
}

/// Each replica had an account of its own, and leads once: so the times of their writes may not
/// overlap. By the API server's clock alone, from the receipt of the first to the answer of the
/// last.
fn one_wrote_at_a_time(environment: &Environment, replicas: usize) {
    let log = std::fs::read_to_string(environment.audit_log()).unwrap();
    let mut times: BTreeMap<String, (String, String)> = BTreeMap::new();
    for event in log.lines() {
        // The last line may be half written.
        let Ok(event) = serde_json::from_str::<Value>(event) else {
            continue;
        };
        let text = |pointer| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let user = text("/user/username");
        let is_read = ["get", "list", "watch"].contains(&text("/verb"));
        let is_aside = ["leases", "events"].contains(&text("/objectRef/resource"));
        if is_read || is_aside || !user.starts_with("system:serviceaccount:operators:") {
            continue;
        }
        // Of one length and in UTC, so they compare as text.
        let from = text("/requestReceivedTimestamp").to_owned();
        let until = text("/stageTimestamp").to_owned();
        let (first, last) = times
            .entry(user.to_owned())
            .or_insert_with(|| (from.clone(), until.clone()));
        if from < *first {
            *first = from;
        }
        if until > *last {
            *last = until;
        }
    }
    assert_eq!(times.len(), replicas, "who wrote: {times:#?}");
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort_by(|(_, one), (_, other)| one.cmp(other));
    for pair in times.windows(2) {
        let ((former, (_, end)), (next, (begin, _))) = (&pair[0], &pair[1]);
        assert!(
            end < begin,
            "{former} wrote after {next} had begun: {times:#?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_leader_that_was_frozen_writes_nothing_more() {
    let stage = Stage::new().await;
    let count = size::few_objects();
    let mut leader = replica(&stage, "r0", &[]).await;
    for round in 1..=size::leaders() {
        held_by(&stage, &format!("r{}", round - 1)).await;
        stage
            .set(&names(0..count), &format!("before-{round}"))
            .await;
        stage.converged().await;

        // It sleeps 3 s in a reconcile before it writes.
        let begun = || leader.log().matches("begins to be slow").count();
        let before = begun();
        stage
            .set_in_mode(&["slow".to_owned()], &format!("slow-{round}"), Some("slow"))
            .await;
        eventually("a reconcile has begun", PATIENCE, async || {
            let more = begun() > before;
            more.then_some(()).ok_or_else(|| "not yet".to_owned())
        })
        .await;
        leader.freeze().unwrap();
        let next = format!("r{round}");
        let second = replica(&stage, &next, &[]).await;
        held_by(&stage, &next).await;
        // The frozen one will hear of these when it goes on.
        stage.set(&names(0..count), &format!("after-{round}")).await;
        stage.converged().await;
        leader.thaw().unwrap();
        has_ended(&leader, "lost the lease `widgets-leader`").await;
        stage.converged().await;
        leader = second;
    }
    one_wrote_at_a_time(&stage.environment, size::leaders() + 1);
    assert!(leader.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn leaders_are_killed_ended_and_cut_off() {
    let stage = Stage::new().await;
    let seed = fastrand::u64(..);
    eprintln!("the seed: {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let count = size::few_objects();
    let mut proxy = Proxy::start(&stage.environment).await;
    let mut leader = behind(&stage, &proxy, "r0").await;
    for round in 1..=size::leaders() {
        held_by(&stage, &format!("r{}", round - 1)).await;
        let name = format!("r{round}");
        let next_proxy = Proxy::start(&stage.environment).await;
        let next = behind(&stage, &next_proxy, &name).await;
        let edits = names(0..count);
        let image = format!("round-{round}");
        let pause = Duration::from_millis(random.u64(..500));
        let fate = (round + random.usize(..3)) % 3;
        let fault = async {
            tokio::time::sleep(pause).await;
            match fate {
                0 => leader.kill(),
                1 => assert!(leader.terminate().await.unwrap().success()),
                _ => {
                    proxy.down();
                    has_ended(&leader, "lost the lease `widgets-leader`").await;
                }
            }
        };
        tokio::join!(stage.set(&edits, &image), fault);
        held_by(&stage, &name).await;
        stage.converged().await;
        (leader, proxy) = (next, next_proxy);
    }
    stage.set(&names(0..count), "last").await;
    stage.converged().await;
    assert!(leader.terminate().await.unwrap().success());
    one_wrote_at_a_time(&stage.environment, size::leaders() + 1);
}

async fn behind(stage: &Stage, proxy: &Proxy, name: &str) -> Operator {
    let pod = format!("POD_NAME={name}");
    let variables = variables(&pod, &[]);
    stage.operator_behind(proxy, name, &variables).await
}

#[cfg(target_os = "linux")]
async fn a_replica_with_a_wrong_clock(leader: i64, other: i64) {
    let stage = Stage::new().await;
    let count = size::few_objects();
    let directory = stage.environment.directory();
    let (leaders, others) = (
        clock::off_by(leader, directory),
        clock::off_by(other, directory),
    );
    let leaders: Vec<_> = leaders.iter().map(String::as_str).collect();
    let others: Vec<_> = others.iter().map(String::as_str).collect();
    let first = replica(&stage, "r0", &leaders).await;
    held_by(&stage, "r0").await;
    let renewed = lease(&stage).await.unwrap().spec.unwrap().renew_time;
    let ahead = renewed.unwrap().0.as_second() - Timestamp::now().as_second();
    assert!(
        (ahead - leader).abs() < SKEW / 2,
        "its clock is off by {ahead} s"
    );

    let second = replica(&stage, "r1", &others).await;
    second.ready().await.unwrap();
    // Longer than the lease of a leader that says nothing.
    for round in 0..8 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stage.set(&names(0..count), &round.to_string()).await;
    }
    stage.converged().await;
    held_by(&stage, "r0").await;
    first.kill();
    stage.set(&names(0..count), "second").await;
    stage.converged().await;
    held_by(&stage, "r1").await;
    assert!(second.terminate().await.unwrap().success());
    one_wrote_at_a_time(&stage.environment, 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_leader_has_a_clock_that_is_wrong() {
    a_replica_with_a_wrong_clock(-SKEW, 0).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_replica_that_waits_has_a_clock_that_is_wrong() {
    a_replica_with_a_wrong_clock(0, SKEW).await;
}
