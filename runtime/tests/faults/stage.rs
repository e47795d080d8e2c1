//! An API server, Widgets that should be there, and the question whether all is as it should be.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use opgen_runtime::envtest::{Environment, Operator, eventually};
use serde_json::json;

use crate::common::*;
use crate::proxy::Proxy;
use crate::size;

/// What the test asks of the API server at one time.
const REQUESTS: usize = 8;
/// The differences that a failure shows.
const SHOWN: usize = 10;

pub struct Stage {
    pub environment: Environment,
    pub widgets: Api<Widget>,
    pub deployments: Api<Deployment>,
    /// The image of each Widget that should be there.
    wanted: Mutex<BTreeMap<String, String>>,
}

/// `w0`, `w1` and so on.
pub fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("w{number}")).collect()
}

impl Stage {
    pub async fn new() -> Self {
        let environment = Environment::start().await.unwrap();
        install(&environment, &[widget_crd()]).await;
        let stage = Self {
            widgets: Api::namespaced(environment.client(), NAMESPACE),
            deployments: Api::namespaced(environment.client(), NAMESPACE),
            environment,
            wanted: Mutex::default(),
        };
        stage.give_rights().await;
        stage
    }

    /// Allows everything to every operator.
    pub async fn give_rights(&self) {
        let role = "--clusterrole=cluster-admin";
        let group = "--group=system:serviceaccounts:operators";
        let bind = ["create", "clusterrolebinding", "operators", role, group];
        self.environment.kubectl(&bind).await.unwrap();
    }

    /// Takes them away again.
    pub async fn take_rights(&self) {
        let unbind = ["delete", "clusterrolebinding", "operators"];
        self.environment.kubectl(&unbind).await.unwrap();
    }

    /// An operator under an account of its own.
    pub async fn operator(&self, account: &str, variables: &[&str]) -> Operator {
        operator(&self.environment, account, variables).await
    }

    /// As [`Stage::operator`], but all that it asks goes through a proxy.
    pub async fn operator_behind(
        &self,
        proxy: &Proxy,
        account: &str,
        variables: &[&str],
    ) -> Operator {
        let kubeconfig = proxy.kubeconfig(&self.environment, account).await;
        let kubeconfig = format!("KUBECONFIG={}", kubeconfig.display());
        let variables: Vec<_> = std::iter::once(&*kubeconfig)
            .chain(variables.iter().copied())
            .collect();
        self.operator(account, &variables).await
    }

    /// Makes Widgets, or gives them another image. The API server may be away for a while.
    pub async fn set(&self, names: &[String], image: &str) {
        self.set_in_mode(names, image, None).await;
    }

    /// As [`Stage::set`], with what the reconciler should do.
    pub async fn set_in_mode(&self, names: &[String], image: &str, mode: Option<&str>) {
        let set = async |name: &String| {
            let mut spec = json!({ "image": image });
            if let Some(mode) = mode {
                spec["mode"] = json!(mode);
            }
            let widget = json!({
                "apiVersion": "test.example.com/v1", "kind": "Widget",
                "metadata": { "name": name }, "spec": spec,
            });
            let parameters = PatchParams::apply("test").force();
            eventually("a Widget is set", size::patience(), async || {
                let patch = Patch::Apply(&widget);
                let set = self.widgets.patch(name, &parameters, &patch).await;
                set.map(drop).map_err(|error| error.to_string())
            })
            .await;
            let mut wanted = self.wanted.lock().unwrap();
            wanted.insert(name.clone(), image.to_owned());
        };
        let all = stream::iter(names);
        all.for_each_concurrent(REQUESTS, set).await;
    }

    /// Deletes Widgets, which are gone when an operator has seen to it.
    pub async fn delete(&self, names: &[String]) {
        let delete = async |name: &String| {
            let parameters = DeleteParams::default();
            self.widgets.delete(name, &parameters).await.unwrap();
            self.wanted.lock().unwrap().remove(name);
        };
        let all = stream::iter(names);
        all.for_each_concurrent(REQUESTS, delete).await;
    }

    /// Deletes Widgets although no operator takes its finalizer away.
    pub async fn delete_by_force(&self, names: &[String]) {
        self.delete(names).await;
        let free = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
        for name in names {
            let parameters = PatchParams::default();
            self.widgets.patch(name, &parameters, &free).await.unwrap();
        }
    }

    /// No Widget should be there any more.
    pub fn forget_all(&self) {
        self.wanted.lock().unwrap().clear();
    }

    /// Waits until there are that many Deployments.
    pub async fn deployments(&self, count: usize) {
        eventually("Deployments are made", size::patience(), async || {
            let all = ListParams::default();
            let made = self.deployments.list_metadata(&all).await;
            let made = made.map_err(|error| error.to_string())?;
            let made = made.items.len();
            if made >= count {
                Ok(())
            } else {
                Err(format!("{made} of {count}"))
            }
        })
        .await;
    }

    /// Waits until each Widget that should be there is, as it should be, with a status that says
    /// so and exactly one Deployment as it should be, and until there is nothing else.
    ///
    /// Meanwhile it does what a cluster's garbage collector would.
    pub async fn converged(&self) {
        eventually("all has converged", size::patience(), async || {
            let differences = self.differences().await?;
            if differences.is_empty() {
                return Ok(());
            }
            // Looking costs the API server more than the operator does.
            tokio::time::sleep(Duration::from_millis(200)).await;
            let more = differences.len().saturating_sub(SHOWN);
            let shown = differences[..differences.len() - more].join("\n");
            Err(format!("\n{shown}\nand {more} more"))
        })
        .await;
    }

    async fn differences(&self) -> Result<Vec<String>, String> {
        let all = ListParams::default();
        let (widgets, deployments) =
            tokio::try_join!(self.widgets.list(&all), self.deployments.list(&all))
                .map_err(|error| error.to_string())?;
        self.collect_garbage(&widgets.items, &deployments.items)
            .await;
        let widgets = by_name(widgets.items);
        let deployments = by_name(deployments.items);
        let wanted = self.wanted.lock().unwrap();
        let left_over = |kind: &str, name: &String| {
            let is_left_over = !wanted.contains_key(name);
            is_left_over.then(|| format!("{kind} `{name}` should be gone"))
        };
        let wrong = wanted.iter().filter_map(|(name, image)| {
            let wrong = match widgets.get(name) {
                Some(widget) => difference(widget, deployments.get(name), image),
                None => Err("is lost".to_owned()),
            };
            wrong.err().map(|wrong| format!("Widget `{name}` {wrong}"))
        });
        let widgets = widgets.keys().filter_map(|name| left_over("Widget", name));
        let deployments = deployments.keys();
        let deployments = deployments.filter_map(|name| left_over("Deployment", name));
        Ok(wrong.chain(widgets).chain(deployments).collect())
    }

    async fn collect_garbage(&self, widgets: &[Widget], deployments: &[Deployment]) {
        for deployment in deployments {
            let is_owner = |widget: &&Widget| widget.uid() == owner(deployment).map(|o| o.uid);
            if widgets.iter().any(|widget| is_owner(&widget)) {
                continue;
            }
            let mut parameters = DeleteParams::background();
            parameters = parameters.preconditions(kube::api::Preconditions {
                resource_version: deployment.resource_version(),
                uid: deployment.uid(),
            });
            // Somebody else may have been quicker, and the API server may be away.
            let _ = self
                .deployments
                .delete(&deployment.name_any(), &parameters)
                .await;
        }
    }
}

fn by_name<K: Resource>(objects: Vec<K>) -> BTreeMap<String, K> {
    let named = objects
        .into_iter()
        .map(|object| (object.name_any(), object));
    named.collect()
}

fn owner(deployment: &Deployment) -> Option<OwnerReference> {
    deployment.owner_references().first().cloned()
}

/// What is wrong with a Widget and its Deployment.
fn difference(widget: &Widget, deployment: Option<&Deployment>, image: &str) -> Result<(), String> {
    let equal = |what: &str, is: String, should: String| {
        let differs = is != should;
        if differs {
            return Err(format!("has {what} {is} instead of {should}"));
        }
        Ok(())
    };
    let name = widget.name_any();
    equal("the image", widget.spec.image.clone(), image.to_owned())?;
    equal(
        "the finalizers",
        format!("{:?}", widget.finalizers()),
        format!("{:?}", [FINALIZER]),
    )?;
    if widget.meta().deletion_timestamp.is_some() {
        return Err("is being deleted".to_owned());
    }
    let generation = widget.metadata.generation;
    let status = widget.status.clone().unwrap_or_default();
    let observed = format!("{:?}", status.observed_generation);
    equal("observed", observed, format!("{generation:?}"))?;
    let conditions: Vec<_> = status
        .conditions
        .iter()
        .map(|condition| &condition.type_)
        .collect();
    equal(
        "the conditions",
        format!("{conditions:?}"),
        format!("{:?}", ["Available"]),
    )?;

    let deployment = deployment.ok_or("has no Deployment")?;
    let owners = deployment.owner_references().iter();
    let owners: Vec<_> = owners
        .map(|owner| (owner.uid.clone(), owner.controller))
        .collect();
    let should = vec![(widget.uid().unwrap(), Some(true))];
    equal(
        "a Deployment with owners",
        format!("{owners:?}"),
        format!("{should:?}"),
    )?;
    let spec = deployment.spec.clone();
    equal(
        "a Deployment with replicas",
        format!("{:?}", spec.replicas),
        "Some(1)".to_owned(),
    )?;
    let pod = spec.template.spec.unwrap_or_default();
    let containers = pod.containers.iter();
    let containers: Vec<_> = containers
        .map(|it| (it.name.clone(), it.image.clone()))
        .collect();
    let should = vec![("widget".to_owned(), Some(image.to_owned()))];
    equal(
        "a Deployment with containers",
        format!("{containers:?}"),
        format!("{should:?}"),
    )?;
    let label = deployment.labels().get("app").cloned().unwrap_or_default();
    equal("a Deployment with the label", label, name)
}
