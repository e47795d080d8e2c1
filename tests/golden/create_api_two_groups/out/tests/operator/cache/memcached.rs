//! `Memcached`: its Deployment is made, kept, rolled and removed, and its status tells.

use std::{fmt::Debug, time::Duration};

use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams},
};
use opgen_runtime::{conditions, envtest::eventually};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use myapp_api::cache::v1alpha1::memcached::Memcached;

use crate::{NAMESPACE, start};

const SAMPLE: &str = "config/samples/cache_v1alpha1_memcached.yaml";
const NAME: &str = "memcached-sample";
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_deployment_is_made_kept_rolled_and_removed() -> anyhow::Result<()> {
    let (environment, operator) = start().await?;
    let cluster = Cluster::new(environment.client());
    let apply = ["apply", "--server-side", "-n", NAMESPACE, "-f", SAMPLE];
    environment.kubectl(&apply).await?;

    let made = cluster.deployment("is made", |it| replicas(it) == 2).await;
    assert!(image(&made).contains("nginx"));
    cluster.object_is("not available", "False").await;

    cluster.report_available(2).await?;
    let object = cluster.object_is("available", "True").await;
    let status = object.status.unwrap_or_default();
    assert_eq!(status.available_replicas, 2);
    assert_eq!(status.observed_generation, object.metadata.generation);

    // Somebody else changes what is ours.
    let drift = json!({ "spec": { "replicas": 7 } });
    patch(&cluster.deployments, &drift).await?;
    let repaired = |it: &Deployment| replicas(it) == 2;
    cluster.deployment("is repaired", repaired).await;

    let change = json!({ "spec": { "image": "app:2" } });
    patch(&cluster.objects, &change).await?;
    let rolled = |it: &Deployment| image(it) == "app:2";
    cluster.deployment("is rolled", rolled).await;

    let objects = &cluster.objects;
    objects.delete(NAME, &DeleteParams::default()).await?;
    eventually("the object is gone", LIMIT, async || {
        match objects.get_opt(NAME).await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    // It gives its lease back.
    assert!(operator.terminate().await?.success());
    Ok(())
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn what_cannot_work_is_refused() -> anyhow::Result<()> {
    let (environment, _operator) = start().await?;
    let cluster = Cluster::new(environment.client());
    for (name, spec) in [
        ("negative", json!({ "replicas": -1, "image": "app:1" })),
        ("empty", json!({ "image": "" })),
        ("missing", json!({ "replicas": 1 })),
        (&*"long".repeat(16), json!({ "image": "app:1" })),
    ] {
        match cluster.create(name, &spec).await {
            Err(kube::Error::Api(refused)) => assert!(refused.is_invalid(), "{refused:?}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    Ok(())
}

/// The objects of the test, and the part of the Deployment controller.
struct Cluster {
    objects: Api<Memcached>,
    deployments: Api<Deployment>,
}

impl Cluster {
    fn new(client: Client) -> Self {
        Self {
            objects: Api::namespaced(client.clone(), NAMESPACE),
            deployments: Api::namespaced(client, NAMESPACE),
        }
    }

    async fn create(&self, name: &str, spec: &Value) -> kube::Result<()> {
        let object = json!({
            "apiVersion": "cache.example.com/v1alpha1",
            "kind": "Memcached",
            "metadata": { "name": name },
            "spec": spec,
        });
        let params = PatchParams::apply("test");
        let object = Patch::Apply(object);
        self.objects.patch(name, &params, &object).await?;
        Ok(())
    }

    /// There is no Deployment controller here: the test says that its pods are available.
    async fn report_available(&self, replicas: i32) -> kube::Result<()> {
        let status = json!({ "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
            "conditions": [
                { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable" },
                { "type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable" },
            ],
        }});
        let (params, status) = (PatchParams::default(), Patch::Merge(status));
        let deployments = &self.deployments;
        deployments.patch_status(NAME, &params, &status).await?;
        Ok(())
    }

    /// Waits until the condition `Available` has a status.
    async fn object_is(&self, what: &str, status: &str) -> Memcached {
        let what = format!("the object is {what}");
        eventually(&what, LIMIT, async || {
            let object = self.objects.get(NAME).await.map_err(|it| it.to_string())?;
            let conditions = object.status.as_ref().map(|it| it.conditions.as_slice());
            let found = conditions::find(conditions.unwrap_or_default(), "Available");
            match found.is_some_and(|it| it.status == status) {
                true => Ok(object),
                false => Err(format!("{object:?}")),
            }
        })
        .await
    }

    async fn deployment(&self, what: &str, done: impl Fn(&Deployment) -> bool) -> Deployment {
        let what = format!("the Deployment {what}");
        eventually(&what, LIMIT, async || {
            match self.deployments.get(NAME).await {
                Ok(deployment) if done(&deployment) => Ok(deployment),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }
}

async fn patch<K>(api: &Api<K>, patch: &Value) -> kube::Result<K>
where
    K: Clone + Debug + DeserializeOwned,
{
    let params = PatchParams::default();
    api.patch(NAME, &params, &Patch::Merge(patch)).await
}

fn replicas(deployment: &Deployment) -> i32 {
    deployment.spec.replicas.unwrap_or_default()
}

fn image(deployment: &Deployment) -> &str {
    let pod = deployment.spec.template.spec.as_ref();
    let container = pod.and_then(|pod| pod.containers.first());
    let image = container.and_then(|it| it.image.as_deref());
    image.unwrap_or_default()
}
