//! The floor: the writes that an operator has to make, by a client that watches nothing, compares nothing and is told
//! what to do. No operator can be faster on the same API server.

use futures::{channel::mpsc, stream};
use kube::{
    Client,
    api::{Patch, PatchParams},
    core::Request,
};
use serde_json::{Value, json};

use crate::objects::{
    DEPLOYMENTS, IMAGE, NAMESPACE, OBJECTS, Objects, REPLICAS, each, name, send_only,
};

/// As many as operators have workers: so many connections.
const WORKERS: usize = 4;
const MANAGER: &str = "floor";
const FINALIZER: &str = "apps.example.com/cleanup";

pub struct Floor<'a> {
    pub client: Client,
    pub objects: &'a Objects,
    pub uids: Vec<String>,
}

impl Floor<'_> {
    /// The work that is there at an operator's start.
    pub async fn create(&self) {
        each(
            stream::iter(0..self.objects.count),
            WORKERS,
            async |number| {
                self.finalizer(number, &[], &[FINALIZER]).await;
                self.deployment(number, REPLICAS[0]).await;
                self.status(number, 1).await;
            },
        )
        .await;
    }

    /// The edits, and what follows each of them.
    pub async fn edit(&self) {
        let (done, edited) = mpsc::unbounded();
        let follow = each(edited, WORKERS, async |number| {
            self.deployment(number, REPLICAS[1]).await;
            self.status(number, 2).await;
        });
        let edit = async move { self.objects.edit(|number| tell(&done, number)).await };
        futures::join!(edit, follow);
    }

    /// The deletions, and what follows each of them.
    pub async fn delete(&self) {
        let (done, deleted) = mpsc::unbounded();
        let follow = each(deleted, WORKERS, async |number| {
            self.finalizer(number, &[FINALIZER], &[]).await;
        });
        let delete = async move { self.objects.delete(|number| tell(&done, number)).await };
        futures::join!(delete, follow);
    }

    async fn finalizer(&self, number: u32, before: &[&str], after: &[&str]) {
        let before = if before.is_empty() {
            Value::Null
        } else {
            json!(before)
        };
        let operations = json!([
            { "op": "test", "path": "/metadata/uid", "value": self.uids[number as usize] },
            { "op": "test", "path": "/metadata/finalizers", "value": before },
            { "op": "add", "path": "/metadata/finalizers", "value": after },
        ]);
        let patch: Patch<()> = Patch::Json(serde_json::from_value(operations).unwrap());
        let request = Request::new(OBJECTS).patch(&name(number), &PatchParams::default(), &patch);
        send_only(&self.client, request).await;
    }

    async fn deployment(&self, number: u32, replicas: u32) {
        let name = name(number);
        let labels = json!({
            "app.kubernetes.io/name": "myapp",
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/managed-by": "myapp",
        });
        let owner = json!({
            "apiVersion": "apps.example.com/v1",
            "kind": "MyApp",
            "name": name,
            "uid": self.uids[number as usize],
            "controller": true,
        });
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "labels": labels,
                "ownerReferences": [owner],
            },
            "spec": {
                "replicas": replicas,
                "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "app", "image": IMAGE }] },
                },
            },
        });
        let apply = PatchParams::apply(MANAGER).force();
        let request = Request::new(DEPLOYMENTS).patch(&name, &apply, &Patch::Apply(&deployment));
        send_only(&self.client, request).await;
    }

    async fn status(&self, number: u32, generation: u32) {
        let name = name(number);
        let condition = |kind: &str, status: &str, message: &str| {
            json!({
                "type": kind,
                "status": status,
                "reason": "DeploymentNotObserved",
                "message": message,
                "observedGeneration": generation,
                "lastTransitionTime": "2000-01-01T00:00:00Z",
            })
        };
        let object = json!({
            "apiVersion": "apps.example.com/v1",
            "kind": "MyApp",
            "metadata": { "name": name, "uid": self.uids[number as usize] },
            "status": {
                "observedGeneration": generation,
                "availableReplicas": 0,
                "conditions": [
                    condition("Available", "False", "0 of 2 replicas are available"),
                    condition("Progressing", "True", "the rollout has not begun yet"),
                ],
            },
        });
        let apply = PatchParams::apply(MANAGER).force();
        let patch = Patch::Apply(&object);
        let request = Request::new(OBJECTS).patch_subresource("status", &name, &apply, &patch);
        send_only(&self.client, request).await;
    }
}

fn tell(done: &mpsc::UnboundedSender<u32>, number: u32) {
    done.unbounded_send(number).unwrap();
}
