//! Measures what it costs an operator to record its requests: `make bench-recording`.
//!
//! First requests alone, with and without the recording, in this process. Then a generated operator, built for release,
//! that makes 1,000 objects what they should be on a real API server, with and without in turn. `requests` or
//! `convergence` as an argument does just that.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench makes a project, prints figures and may panic"
)]

mod common;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams, PostParams},
};
use opgen_runtime::{Manager, Options, envtest::Environment};
use serde_json::json;
use tokio::task::JoinSet;

use common::{build, directory, median};

const OBJECTS: u32 = 1000;
const ROUNDS: u32 = 10;
/// Of the requests alone.
const REQUESTS: u32 = 500;
const REQUEST_ROUNDS: usize = 100;
/// What stays the same for this long has converged.
const QUIET: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() {
    let wanted: Vec<_> = env::args()
        .skip(1)
        .filter(|it| !it.starts_with('-'))
        .collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|it| it == part);
    let environment = Environment::start().await.unwrap();
    let account = environment
        .service_account("myapp-system", "myapp-controller-manager")
        .await;
    let directory = directory("recording");
    let bench = Bench {
        kubeconfig: account.unwrap(),
        client: environment.client(),
        recording: directory.join("recording"),
    };
    if wants("requests") {
        bench.requests().await;
    }
    if wants("convergence") {
        let project = directory.join("project");
        let binary = build(&project);
        environment
            .apply_kustomization(project.join("config/default"))
            .await
            .unwrap();
        environment
            .install_crds(project.join("config/crd"))
            .await
            .unwrap();
        bench.convergences(&binary).await;
    }
}

struct Bench {
    kubeconfig: PathBuf,
    client: Client,
    recording: PathBuf,
}

impl Bench {
    async fn convergences(&self, binary: &Path) {
        let _ = fs::remove_file(&self.recording);
        println!("CPU seconds of the operator for {OBJECTS} objects");
        println!(
            "{:<10} {:>9} {:>9} {:>9}",
            "round", "without", "with", "ratio"
        );
        let mut pairs = Vec::new();
        for round in 0..=ROUNDS {
            // Who goes first changes: what is in the API server grows.
            let mut pair = [0.0; 2];
            for turn in [round % 2, 1 - round % 2] {
                let namespace = format!("round-{round}-{turn}");
                pair[turn as usize] = self.convergence(binary, &namespace, turn == 1).await;
            }
            let [without, with] = pair;
            println!(
                "{round:<10} {without:>9.3} {with:>9.3} {:>9.3}",
                with / without
            );
            // The first one warms up.
            if round > 0 {
                pairs.push(pair);
            }
        }
        let without = median(pairs.iter().map(|pair| pair[0]));
        let with = median(pairs.iter().map(|pair| pair[1]));
        let ratio = median(pairs.iter().map(|pair| pair[1] / pair[0]));
        println!("{:<10} {without:>9.3} {with:>9.3} {ratio:>9.3}", "median");
        // What else the machine does can only add to a run.
        let least = |turn: usize| pairs.iter().map(|pair| pair[turn]).fold(f64::MAX, f64::min);
        let (without, with) = (least(0), least(1));
        let ratio = with / without;
        println!("{:<10} {without:>9.3} {with:>9.3} {ratio:>9.3}", "least");
        let text = fs::read_to_string(&self.recording).unwrap();
        let lines = text.lines().count();
        println!(
            "{:.2} lines an object",
            lines as f64 / f64::from(OBJECTS * (ROUNDS + 1))
        );
    }

    /// CPU seconds of an operator from its start until its objects are what they should be.
    async fn convergence(&self, binary: &Path, namespace: &str, recorded: bool) -> f64 {
        self.create_objects(namespace).await;
        let mut command = Command::new(binary);
        command
            .args([
                "--namespace",
                namespace,
                "--health-probe-bind-address=0",
                "--log-level=warn",
            ])
            .env("KUBECONFIG", &self.kubeconfig)
            .env_remove("RBAC_RECORDING");
        if recorded {
            command.arg("--rbac-recording").arg(&self.recording);
        }
        let operator = Operator(command.spawn().unwrap());
        let mut seen = (0.0, Instant::now());
        while seen.1.elapsed() < QUIET || self.unfinished(namespace).await > 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let seconds = cpu_seconds(&operator.0.id().to_string());
            if seconds > seen.0 + 0.001 {
                seen = (seconds, Instant::now());
            }
        }
        seen.0
    }

    async fn create_objects(&self, namespace: &str) {
        let namespaces = self.api("", "v1", "Namespace", None);
        let none = PostParams::default();
        let object = |value| serde_json::from_value::<DynamicObject>(value).unwrap();
        let made = json!({ "metadata": { "name": namespace } });
        namespaces.create(&none, &object(made)).await.unwrap();
        let objects = self.api("apps.example.com", "v1", "MyApp", Some(namespace));
        let some_at_once = 20;
        for first in (0..OBJECTS).step_by(some_at_once) {
            let mut running = JoinSet::new();
            for number in (first..).take(some_at_once) {
                let objects = objects.clone();
                let made = object(json!({
                    "apiVersion": "apps.example.com/v1", "kind": "MyApp",
                    "metadata": { "name": format!("myapp-{number}") },
                    "spec": { "image": "nginx:1.29", "replicas": 2 },
                }));
                running.spawn(async move { objects.create(&PostParams::default(), &made).await });
            }
            for made in running.join_all().await {
                made.unwrap();
            }
        }
    }

    /// How many objects have no status yet.
    async fn unfinished(&self, namespace: &str) -> usize {
        let objects = self.api("apps.example.com", "v1", "MyApp", Some(namespace));
        let list = objects.list(&ListParams::default()).await.unwrap();
        let done = |object: &&DynamicObject| object.data["status"]["observedGeneration"] == 1;
        list.items.len() - list.items.iter().filter(done).count()
    }

    fn api(
        &self,
        group: &str,
        version: &str,
        kind: &str,
        namespace: Option<&str>,
    ) -> Api<DynamicObject> {
        let kind = kube::core::GroupVersionKind::gvk(group, version, kind);
        let resource = ApiResource::from_gvk(&kind);
        match namespace {
            Some(name) => Api::namespaced_with(self.client.clone(), name, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// CPU of this process, which does nothing else, for one request after the other.
    async fn requests(&self) {
        let mut clients = Vec::new();
        for recording in [None, Some(self.recording.clone().into_os_string())] {
            let options = Options {
                kubeconfig: Some(self.kubeconfig.clone().into_os_string()),
                rbac_recording: recording,
                log_level: "warn".to_owned(),
                ..Options::default()
            };
            let manager = Manager::new("bench", options).await.unwrap();
            clients.push(manager.client().clone());
        }
        // The least of many short rounds: what else the machine does can only add to it.
        let mut least = [f64::MAX; 2];
        for turn in (0..2 * REQUEST_ROUNDS).map(|round| round % 2) {
            let begin = cpu_seconds("self");
            for _ in 0..REQUESTS {
                clients[turn].apiserver_version().await.unwrap();
            }
            let seconds = (cpu_seconds("self") - begin) / f64::from(REQUESTS);
            least[turn] = least[turn].min(seconds * 1e6);
        }
        let [without, with] = least;
        let more = with - without;
        println!(
            "CPU microseconds a request: {without:.1} without, {with:.1} with, {more:.1} more"
        );
    }
}

/// Ends with its owner, also when that panics.
struct Operator(Child);

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What all threads of a process have used so far, exactly: `stat` counts in hundredths of a second.
fn cpu_seconds(process: &str) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let nanoseconds = threads.map(|thread| {
        let text = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        let first = text.split(' ').next().unwrap();
        first.parse::<f64>().unwrap()
    });
    nanoseconds.sum::<f64>() / 1e9
}
