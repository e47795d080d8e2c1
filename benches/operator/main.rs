//! Measures the operator that opgen makes beside operators in Go and beside the API server's own floor:
//! `make bench-operator`. benches/README.md says what the figures mean.
//!
//! - `SIZES`: numbers of objects and rounds, `1000x3,10000x1` unless it is set;
//! - `OPERATORS`: who is measured beside opgen's, of `floor,careful,scaffold`;
//! - `IDLE`: how many seconds nothing is asked for in the first round, 60 unless it is set.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench makes a project, prints figures and may panic"
)]

mod binaries;
#[path = "../common/mod.rs"]
mod common;
mod floor;
mod objects;
mod process;
mod progress;
mod report;
mod requests;

use std::{
    collections::BTreeMap,
    env,
    path::Path,
    time::{Duration, Instant},
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use opgen_runtime::envtest::{Environment, Operator};
use tokio::signal::unix::{SignalKind, signal};

use binaries::Contender;
use floor::Floor;
use objects::{Objects, REPLICAS};
use process::Process;
use progress::Progress;
use report::{Idle, Phase, Run, Runs};
use requests::AuditLog;

/// The operators' service accounts are in it.
const ACCOUNTS: &str = "bench";

#[tokio::main]
async fn main() {
    let project = common::directory("operator").join("project");
    let contenders = binaries::build(&project);
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    // What is dropped here, ends: operators and servers.
    tokio::select! {
        () = measure(&project, &contenders) => {}
        _ = tokio::signal::ctrl_c() => println!("interrupted"),
        _ = terminated.recv() => println!("terminated"),
    }
}

async fn measure(project: &Path, contenders: &[Contender]) {
    let environment = Environment::start().await.unwrap();
    environment
        .install_crds(project.join("config/crd"))
        .await
        .unwrap();
    // Whoever asks, the API server has the same to look up.
    let group = format!("--group=system:serviceaccounts:{ACCOUNTS}");
    let bind = [
        "create",
        "clusterrolebinding",
        "bench",
        "--clusterrole=cluster-admin",
        &group,
    ];
    environment.kubectl(&bind).await.unwrap();
    let bench = Bench {
        progress: Progress::follow(environment.client()),
        environment,
    };
    let mut all = Vec::new();
    for (objects, rounds) in sizes() {
        let runs = bench.rounds(contenders, objects, rounds).await;
        runs.print(contenders);
        all.push(runs);
    }
    report::print_targets(&all);
}

/// Numbers of objects, each with its number of rounds.
fn sizes() -> Vec<(u32, usize)> {
    let sizes = env::var("SIZES").unwrap_or_else(|_| "1000x3,10000x1".to_owned());
    let size = |text: &str| {
        let (objects, rounds) = text.split_once('x').unwrap_or((text, "1"));
        (objects.parse().unwrap(), rounds.parse().unwrap())
    };
    sizes.split(',').map(size).collect()
}

fn idle_time() -> Duration {
    let seconds = env::var("IDLE").map_or(60, |seconds| seconds.parse().unwrap());
    Duration::from_secs(seconds)
}

struct Bench {
    environment: Environment,
    progress: Progress,
}

impl Bench {
    async fn rounds(&self, contenders: &[Contender], objects: u32, rounds: usize) -> Runs {
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for round in 0..rounds {
            // Who goes first changes: what is in the API server grows.
            let order = contenders.iter().cycle().skip(round);
            for contender in order.take(contenders.len()) {
                let run = self.run(contender, objects, round == 0).await;
                print_progress(contender.name, objects, round, &run);
                by_name.entry(contender.name).or_default().push(run);
            }
        }
        Runs { objects, by_name }
    }

    async fn run(&self, contender: &Contender, objects: u32, with_idle: bool) -> Run {
        let objects = Objects::new(self.environment.client(), objects);
        let uids = objects.create().await;
        self.progress
            .reaches("the objects are there", |it| it.present == uids.len())
            .await;
        let run = match &contender.binary {
            None => self.floor(&objects, uids).await,
            Some(binary) => self.operator(binary, &objects, with_idle).await,
        };
        objects.clear().await;
        run
    }

    async fn floor(&self, objects: &Objects, uids: Vec<String>) -> Run {
        let kubeconfig = self.environment.service_account(ACCOUNTS, binaries::FLOOR);
        let kubeconfig = Kubeconfig::read_from(kubeconfig.await.unwrap()).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options);
        let floor = Floor {
            client: Client::try_from(config.await.unwrap()).unwrap(),
            objects,
            uids,
        };
        let begin = Instant::now();
        floor.create().await;
        let created = begin.elapsed();
        objects.check_deployments(REPLICAS[0]).await;
        let begin = Instant::now();
        floor.edit().await;
        let edited = begin.elapsed();
        objects.check_deployments(REPLICAS[1]).await;
        let begin = Instant::now();
        floor.delete().await;
        self.progress
            .reaches("all are gone", |it| it.present == 0)
            .await;
        let deleted = begin.elapsed();
        let phase = |wall: Duration| Phase {
            wall: wall.as_secs_f64(),
            ..Phase::default()
        };
        Run {
            phases: [created, edited, deleted].map(phase),
            ..Run::default()
        }
    }

    async fn operator(&self, binary: &Path, objects: &Objects, with_idle: bool) -> Run {
        let account = binary.file_name().unwrap().to_str().unwrap();
        let mut audit_log = AuditLog::new(self.environment.audit_log().to_owned());
        audit_log.skip();
        let begin = Instant::now();
        let operator = self.environment.operator(binary, ACCOUNTS, account, &[]);
        let operator = operator.await.unwrap();
        let mut meter = Meter {
            process: Process(operator.id()),
            user: format!("system:serviceaccount:{ACCOUNTS}:{account}"),
            audit_log,
            cpu: 0.0,
        };
        ready(&operator).await;
        let ready = begin.elapsed().as_secs_f64();

        let count = objects.count as usize;
        let is_done = |it: &progress::State| it.observed[0] == count;
        self.progress.reaches("all have a status", is_done).await;
        let created = meter.phase(begin).await;
        objects.check_deployments(REPLICAS[0]).await;

        let begin = Instant::now();
        objects.edit(|_| {}).await;
        let is_done = |it: &progress::State| it.observed[1] == count;
        self.progress
            .reaches("all have a new status", is_done)
            .await;
        let edited = meter.phase(begin).await;
        objects.check_deployments(REPLICAS[1]).await;

        let idle = if with_idle {
            Some(meter.idle().await)
        } else {
            None
        };

        let begin = Instant::now();
        objects.delete(|_| {}).await;
        self.progress
            .reaches("all are gone", |it| it.present == 0)
            .await;
        let deleted = meter.phase(begin).await;

        let peak_memory = meter.process.peak_memory();
        operator.terminate().await.unwrap();
        Run {
            ready: Some(ready),
            phases: [created, edited, deleted],
            idle,
            peak_memory: Some(peak_memory),
            binary: Some(binary.metadata().unwrap().len() as f64 / 1e6),
        }
    }
}

/// Oftener than [`Operator::ready`] asks: how long it takes is of interest.
async fn ready(operator: &Operator) {
    while !matches!(operator.readyz().await, Ok((200, _))) {
        operator.check().unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What an operator has used since the phase before.
struct Meter {
    process: Process,
    user: String,
    audit_log: AuditLog,
    cpu: f64,
}

impl Meter {
    /// A phase that began then and has just ended for who waits; what the operator does after is its cost as well.
    async fn phase(&mut self, begin: Instant) -> Phase {
        let wall = begin.elapsed().as_secs_f64();
        self.process.settle().await;
        Phase {
            wall,
            cpu: Some(self.cpu()),
            requests: Some(self.audit_log.since(&self.user)),
        }
    }

    async fn idle(&mut self) -> Idle {
        self.audit_log.since(&self.user);
        self.cpu();
        tokio::time::sleep(idle_time()).await;
        Idle {
            cpu: self.cpu(),
            requests: self.audit_log.since(&self.user).all(),
            memory: self.process.resident_memory(),
        }
    }

    fn cpu(&mut self) -> f64 {
        let before = self.cpu;
        self.cpu = self.process.cpu_seconds();
        self.cpu - before
    }
}

/// A run of many minutes shows what it is at, and has shown something if it is interrupted.
fn print_progress(name: &str, objects: u32, round: usize, run: &Run) {
    let mut line = format!("{objects} objects, round {}, {name}:", round + 1);
    for (what, phase) in report::PHASES.iter().zip(&run.phases) {
        line += &format!(" {what} {:.1} s", phase.wall);
        if let Some(cpu) = phase.cpu {
            line += &format!(", CPU {cpu:.2} s");
        }
        if let Some(requests) = &phase.requests {
            line += &format!(", {requests:?}");
        }
        line += ";";
    }
    if let Some(memory) = run.peak_memory {
        line += &format!(" {memory:.1} MB at most");
    }
    println!("{line}");
}
