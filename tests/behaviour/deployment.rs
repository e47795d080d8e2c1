//! How the tutorial's operator behaves over time. opgen's tests put this file into a fresh project.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use opgen_runtime::envtest::{Environment, Operator, eventually};
use serde_json::{Value, json};
use tutorial_api::apps::v1::my_app::MyApp;

const LIMIT: Duration = Duration::from_secs(60);
const ACCOUNT: &str = "tutorial-controller-manager";
const NAMESPACE: &str = "tutorial-system";

async fn operator(environment: &Environment, extra: &[&str]) -> Operator {
    let program = env!("CARGO_BIN_EXE_tutorial");
    let operator = environment.operator(program, NAMESPACE, ACCOUNT, extra).await.unwrap();
    operator.ready().await.unwrap();
    operator
}

struct Cluster {
    environment: Environment,
    objects: Api<MyApp>,
    deployments: Api<Deployment>,
}

impl Cluster {
    async fn new() -> Self {
        let environment = Environment::start().await.unwrap();
        environment.apply_kustomization("config/default").await.unwrap();
        let client = environment.client();
        Self {
            objects: Api::namespaced(client.clone(), "default"),
            deployments: Api::namespaced(client, "default"),
            environment,
        }
    }

    async fn put(&self, name: &str, spec: Value) {
        let object = json!({ "apiVersion": "apps.example.com/v1", "kind": "MyApp", "metadata": { "name": name }, "spec": spec });
        self.objects.patch(name, &PatchParams::apply("test"), &Patch::Apply(object)).await.unwrap();
    }

    async fn deployment(&self, name: &str, what: &str, done: impl Fn(&Deployment) -> bool) -> Deployment {
        eventually(what, LIMIT, async || match self.deployments.get(name).await {
            Ok(found) if done(&found) => Ok(found),
            other => Err(format!("{other:?}")),
        })
        .await
    }

    async fn status(&self, name: &str, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        eventually(what, LIMIT, async || {
            let object = self.objects.get(name).await.map_err(|error| error.to_string())?;
            let status = serde_json::to_value(&object.status).unwrap();
            if done(&status) { Ok(status) } else { Err(status.to_string()) }
        })
        .await
    }

    /// There is no Deployment controller here.
    async fn report(&self, name: &str, generation: i64, available: i32) {
        let is = if available > 0 { "True" } else { "False" };
        let status = json!({ "status": {
            "observedGeneration": generation, "replicas": available, "readyReplicas": available, "availableReplicas": available,
            "conditions": [
                { "type": "Available", "status": is, "reason": "Reported" },
                { "type": "Progressing", "status": "True", "reason": "Reported" },
            ],
        }});
        self.deployments.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    }

    /// The operator's own requests but leases and watches, which are renewed for ever.
    fn requests(&self) -> Vec<String> {
        let account = format!("system:serviceaccount:{NAMESPACE}:{ACCOUNT}");
        let requests = self.environment.requests().unwrap();
        let own = requests.iter().filter(|it| it.user == account && it.verb != "watch" && it.resource != "leases");
        own.map(|it| format!("{it:?}")).collect()
    }
}

fn condition<'a>(status: &'a Value, type_: &str) -> &'a Value {
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|it| it["type"] == type_).unwrap_or(&Value::Null)
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn conditions_tell_what_the_deployment_reports_and_move_their_time_on_a_transition_only() {
    let cluster = Cluster::new().await;
    let _operator = operator(&cluster.environment, &[]).await;
    cluster.put("a", json!({ "replicas": 2, "image": "app:1" })).await;
    cluster.deployment("a", "a Deployment", |it| it.spec.replicas == Some(2)).await;
    cluster.report("a", 1, 1).await;
    let first = cluster.status("a", "one of two", |it| it["availableReplicas"] == 1).await;
    assert_eq!(condition(&first, "Available")["status"], "True");
    assert_eq!(condition(&first, "Available")["message"], "1 of 2 replicas are available");
    assert_eq!(condition(&first, "Available")["observedGeneration"], 1);
    assert_eq!(condition(&first, "Progressing")["status"], "True");
    // Times have a resolution of a second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    cluster.report("a", 1, 2).await;
    let second = cluster.status("a", "two of two", |it| it["availableReplicas"] == 2).await;
    let time = |status: &Value| condition(status, "Available")["lastTransitionTime"].clone();
    assert_eq!(time(&first), time(&second));
    cluster.report("a", 1, 0).await;
    let third = cluster.status("a", "none", |it| condition(it, "Available")["status"] == "False").await;
    assert_ne!(time(&second), time(&third));
    let events = eventually("two Events", LIMIT, async || {
        let text = cluster.environment.kubectl(&["get", "events.events.k8s.io", "-n", "default", "-o", "json"]).await;
        let text = text.map_err(|error| error.to_string())?;
        if text.contains("\"Available\"") && text.contains("\"NotAvailable\"") { Ok(text) } else { Err(text) }
    })
    .await;
    assert!(events.contains("apps.example.com/myapp"), "{events}");
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn creation_takes_three_writes_and_a_quiet_minute_no_request() {
    let cluster = Cluster::new().await;
    let operator = operator(&cluster.environment, &["--leader-elect"]).await;
    cluster.put("a", json!({ "image": "app:1" })).await;
    cluster.status("a", "a status", |it| it["observedGeneration"] == 1).await;
    // What the writes themselves set off is over after this.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let writes: Vec<_> = cluster.requests().into_iter().filter(|it| it.contains("\"patch\"")).collect();
    assert_eq!(writes.len(), 3, "finalizer, Deployment, status: {writes:#?}");
    let before = cluster.requests();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let after = cluster.requests();
    assert_eq!(before.len(), after.len(), "{:#?}", &after[before.len()..]);
    assert!(operator.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_restart_loses_nothing_and_writes_nothing() {
    let cluster = Cluster::new().await;
    let first = operator(&cluster.environment, &[]).await;
    cluster.put("kept", json!({ "image": "app:1" })).await;
    cluster.put("gone", json!({ "image": "app:1" })).await;
    for name in ["kept", "gone"] {
        cluster.status(name, "a status", |it| it["observedGeneration"] == 1).await;
    }
    first.kill();
    let before = cluster.requests().len();
    cluster.objects.delete("gone", &DeleteParams::default()).await.unwrap();
    let _second = operator(&cluster.environment, &[]).await;
    eventually("the finalizer of what was deleted meanwhile", LIMIT, async || match cluster.objects.get_opt("gone").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let requests = cluster.requests();
    let writes: Vec<_> = requests[before..].iter().filter(|it| it.contains("\"patch\"") && it.contains("\"kept\"")).collect();
    assert!(writes.is_empty(), "{writes:#?}");
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn another_field_manager_does_not_break_it() {
    let cluster = Cluster::new().await;
    let _operator = operator(&cluster.environment, &[]).await;
    cluster.put("a", json!({ "replicas": 2, "image": "app:1" })).await;
    cluster.deployment("a", "a Deployment", |it| it.spec.replicas == Some(2)).await;
    let forced = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "a", "annotations": { "theirs": "stays" } },
        "spec": { "replicas": 9, "revisionHistoryLimit": 3 },
    });
    let other = PatchParams::apply("somebody").force();
    cluster.deployments.patch("a", &other, &Patch::Apply(forced)).await.unwrap();
    let repaired = cluster.deployment("a", "ours again", |it| it.spec.replicas == Some(2)).await;
    assert_eq!(repaired.spec.revision_history_limit, Some(3));
    assert_eq!(repaired.metadata.annotations.unwrap()["theirs"], "stays");
}

/// The Deployment goes with its owner in a real cluster: here, the owner reference must say so.
#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_child_is_made_again_and_belongs_to_its_owner() {
    let cluster = Cluster::new().await;
    let _operator = operator(&cluster.environment, &[]).await;
    cluster.put("a", json!({ "image": "app:1" })).await;
    let made = cluster.deployment("a", "a Deployment", |_| true).await;
    let object = cluster.objects.get("a").await.unwrap();
    assert_eq!(made.metadata.owner_references.as_ref().unwrap()[0].uid, object.metadata.uid.clone().unwrap());
    cluster.deployments.delete("a", &DeleteParams::default()).await.unwrap();
    cluster.deployment("a", "another Deployment", |it| it.metadata.uid != made.metadata.uid).await;
}
