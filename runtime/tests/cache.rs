//! Caches and writes against a real API server: how many requests each situation costs.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::sync::Arc;

use common::*;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client};
use opgen_runtime::Manager;
use opgen_runtime::envtest::{Environment, eventually};
use serde_json::{Value, json};

/// How the operator keeps its Deployments.
#[derive(Clone, Copy)]
enum Kept {
    Compact,
    /// Somebody else in the operator has asked for them typed.
    Typed,
}

/// One widget, `w`, and the operator that looks after it.
struct Stage {
    environment: Environment,
    operator: Client,
    kept: Kept,
    widgets: Api<Widget>,
    deployments: Api<Deployment>,
    context: Arc<Context>,
    running: Option<Running>,
    touches: u32,
}

impl Stage {
    async fn new(kept: Kept, note: Option<&'static str>, spec: Value) -> Self {
        let environment = Environment::start().await.unwrap();
        install(&environment, &[widget_crd()]).await;
        let operator = operator_client(&environment).await;
        apply(&environment.client(), NAMESPACE, "w", spec).await;
        let (context, running) = run_kept(kept, &operator, note);
        let mut stage = Self {
            widgets: Api::namespaced(environment.client(), NAMESPACE),
            deployments: Api::namespaced(environment.client(), NAMESPACE),
            environment,
            operator,
            kept,
            context,
            running: Some(running),
            touches: 0,
        };
        stage.settle().await;
        stage
    }

    async fn restart(&mut self, note: Option<&'static str>) {
        self.stop().await;
        let (context, running) = run_kept(self.kept, &self.operator, note);
        self.context = context;
        self.running = Some(running);
        self.settle().await;
    }

    async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// Touches the widget and waits until the operator has reconciled what came of it.
    async fn settle(&mut self) {
        self.touches += 1;
        let touch = json!({ "metadata": { "annotations": { "touch": self.touches.to_string() } } });
        let parameters = PatchParams::default();
        let touched = self
            .widgets
            .patch("w", &parameters, &Patch::Merge(&touch))
            .await
            .unwrap();
        eventually("the touched widget is reconciled", PATIENCE, async || {
            let seen = self.context.seen_version("w");
            (seen >= version(&touched))
                .then_some(())
                .ok_or_else(|| format!("saw {seen}"))
        })
        .await;
    }

    async fn patch(&self, patch: Value) {
        let parameters = PatchParams::default();
        self.deployments
            .patch("w", &parameters, &Patch::Strategic(&patch))
            .await
            .unwrap();
    }

    async fn remove(&self, path: &str) {
        let operations = json!([{ "op": "remove", "path": path }]);
        let patch: Patch<()> = Patch::Json(serde_json::from_value(operations).unwrap());
        let parameters = PatchParams::default();
        let patched = self.deployments.patch("w", &parameters, &patch).await;
        patched.unwrap();
    }

    /// Server-side apply by force, as another manager.
    async fn apply_as(&self, manager: &str, mut content: Value) -> kube::Result<Deployment> {
        content["apiVersion"] = json!("apps/v1");
        content["kind"] = json!("Deployment");
        let parameters = PatchParams::apply(manager).force();
        let patch = Patch::Apply(&content);
        self.deployments.patch("w", &parameters, &patch).await
    }

    /// The Deployment in JSON, `null` when there is none.
    async fn deployment(&self) -> Value {
        let deployment = self.deployments.get_opt("w").await.unwrap();
        serde_json::to_value(deployment).unwrap()
    }

    /// Waits until what `pointer` points to in the Deployment is `expected`.
    async fn becomes(&self, pointer: &str, expected: Value) {
        eventually(pointer, PATIENCE, async || {
            let deployment = self.deployment().await;
            let found = deployment.pointer(pointer).cloned().unwrap_or_default();
            (found == expected)
                .then_some(())
                .ok_or_else(|| found.to_string())
        })
        .await;
    }

    /// The operator's writes since `from`, when all is quiet.
    async fn writes_since(&mut self, from: usize) -> Vec<String> {
        self.settle().await;
        writes(&self.environment).split_off(from)
    }

    fn writes(&self) -> usize {
        writes(&self.environment).len()
    }
}

fn run_kept(kept: Kept, client: &Client, note: Option<&'static str>) -> (Arc<Context>, Running) {
    let mut manager = Manager::with_client("widgets", options(&[]), client.clone());
    let context = register(&mut manager, note);
    if let Kept::Typed = kept {
        manager.controller("other").cache::<Deployment>(owned());
    }
    (context, Running::start(manager))
}

const APPLIED: [&str; 1] = ["patch deployments"];
const CONTAINER: &str = "/spec/template/spec/containers/0";

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_operator_writes_only_what_differs() {
    writes_only_what_differs(Kept::Compact).await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_operator_with_a_typed_cache_writes_only_what_differs() {
    writes_only_what_differs(Kept::Typed).await;
}

async fn writes_only_what_differs(kept: Kept) {
    let mut stage = Stage::new(kept, Some("old"), json!({ "image": "one" })).await;
    let creation = ["patch widgets", "patch deployments", "patch widgets/status"];
    assert_eq!(
        writes(&stage.environment),
        creation,
        "finalizer, Deployment, status"
    );

    let from = stage.writes();
    assert!(stage.writes_since(from).await.is_empty(), "a touch");

    stage
        .patch(json!({ "metadata": { "labels": { "theirs": "1" } } }))
        .await;
    let sidecar = json!({ "name": "sidecar", "image": "theirs" });
    let sidecar = json!({ "spec": { "template": { "spec": { "containers": [sidecar] } } } });
    stage.patch(sidecar).await;
    assert!(
        stage.writes_since(from).await.is_empty(),
        "fields of another manager"
    );
    let containers = stage.deployment().await["spec"]["template"]["spec"]["containers"].clone();
    assert_eq!(
        containers.as_array().unwrap().len(),
        2,
        "the sidecar is left alone"
    );

    let same = json!({ "spec": { "replicas": 1 } });
    stage.apply_as("other", same).await.unwrap();
    assert!(
        stage.writes_since(from).await.is_empty(),
        "the same value, set by another manager too"
    );

    stage.restart(Some("old")).await;
    assert!(stage.writes_since(from).await.is_empty(), "a restart");

    stage.patch(json!({ "spec": { "replicas": 5 } })).await;
    stage.becomes("/spec/replicas", json!(1)).await;
    assert_eq!(stage.writes_since(from).await, APPLIED, "a changed value");

    let from = stage.writes();
    // Behind the sidecar.
    let ports = "/spec/template/spec/containers/1/ports";
    stage.remove(ports).await;
    let ours = json!([{ "containerPort": 80, "protocol": "TCP" }]);
    stage.becomes(ports, ours).await;
    assert_eq!(stage.writes_since(from).await, APPLIED, "a removed port");

    let from = stage.writes();
    stage.remove("/metadata/labels/app").await;
    stage.becomes("/metadata/labels/app", json!("w")).await;
    assert_eq!(stage.writes_since(from).await, APPLIED, "a removed label");

    let from = stage.writes();
    stage.remove("/metadata/labels/managed-by").await;
    stage
        .becomes("/metadata/labels/managed-by", json!(CONTROLLER))
        .await;
    assert_eq!(
        stage.writes_since(from).await,
        APPLIED,
        "the label that the cache selects by"
    );

    let from = stage.writes();
    let other = json!({ "spec": { "replicas": 3 } });
    stage.apply_as("other", other).await.unwrap();
    stage.becomes("/spec/replicas", json!(1)).await;
    assert_eq!(
        stage.writes_since(from).await,
        APPLIED,
        "a field that another manager has taken over"
    );

    let from = stage.writes();
    stage.restart(None).await;
    stage
        .becomes("/metadata/annotations/note", Value::Null)
        .await;
    assert_eq!(
        stage.writes_since(from).await,
        APPLIED,
        "a field that is dropped"
    );

    let from = stage.writes();
    stage
        .deployments
        .delete("w", &DeleteParams::background())
        .await
        .unwrap();
    stage
        .becomes(&format!("{CONTAINER}/image"), json!("one"))
        .await;
    assert_eq!(
        stage.writes_since(from).await,
        APPLIED,
        "a deleted child is made again"
    );

    let from = stage.writes();
    let status = json!({ "status": {
        "replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1,
    } });
    let merge = Patch::Merge(&status);
    stage
        .deployments
        .patch_status("w", &PatchParams::default(), &merge)
        .await
        .unwrap();
    eventually("the widget is available", PATIENCE, async || {
        let widget = stage.widgets.get("w").await.unwrap();
        let conditions = widget.status.unwrap_or_default().conditions;
        let available = conditions
            .iter()
            .any(|condition| condition.status == "True");
        available
            .then_some(())
            .ok_or_else(|| format!("{conditions:?}"))
    })
    .await;
    assert_eq!(
        stage.writes_since(from).await,
        ["patch widgets/status"],
        "a child's status"
    );

    stage
        .widgets
        .delete("w", &DeleteParams::default())
        .await
        .unwrap();
    eventually("the finalizer is taken off", PATIENCE, async || {
        let found = stage.widgets.get_opt("w").await.unwrap();
        found.map_or(Ok(()), |widget| {
            Err(format!("{:?}", widget.metadata.finalizers))
        })
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_quantity_that_the_server_rewrites_is_applied_once() {
    applies_a_rewritten_quantity_once(Kept::Compact).await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_quantity_that_the_server_rewrites_is_applied_once_to_a_typed_cache() {
    applies_a_rewritten_quantity_once(Kept::Typed).await;
}

async fn applies_a_rewritten_quantity_once(kept: Kept) {
    let spec = json!({ "image": "one", "cpu": "1000m" });
    let mut stage = Stage::new(kept, None, spec).await;
    let cpu = format!("{CONTAINER}/resources/limits/cpu");
    stage.becomes(&cpu, json!("1")).await;
    let from = stage.writes();
    assert!(stage.writes_since(from).await.is_empty(), "a touch");
    stage.restart(None).await;
    assert_eq!(
        stage.writes_since(from).await,
        APPLIED,
        "once after a restart"
    );
    let from = stage.writes();
    assert!(stage.writes_since(from).await.is_empty(), "and no more");
    stage.stop().await;
}
