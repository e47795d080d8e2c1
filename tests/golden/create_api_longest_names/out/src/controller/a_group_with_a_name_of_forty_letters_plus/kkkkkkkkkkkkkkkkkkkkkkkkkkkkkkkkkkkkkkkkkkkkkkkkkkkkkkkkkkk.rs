//! Keeps one Deployment per `Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk`, and reports what becomes of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec},
        core::v1::{Container, PodSpec, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use kube::{
    Resource, ResourceExt,
    api::ObjectMeta,
    runtime::{controller::Action, watcher},
};
use opgen_runtime::{
    Cache, CompactCache, ControllerExt, Error, Events, Manager, Result, conditions,
};

use myapp_api::a_group_with_a_name_of_forty_letters_plus::v1alpha1::kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk::Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk;

/// This controller in logs, metrics, Events and as the manager of the fields that it sets.
const NAME: &str = "a-group-with-a-name-of-forty-letters.plus.example.com/kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
/// Holds an object until `cleanup` is done.
const FINALIZER: &str = "a-group-with-a-name-of-forty-letters.plus.example.com/cleanup";
/// The label of everything that this operator makes, and its value.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const OPERATOR: &str = "myapp";
/// A safety net: each object is looked at this often, even if no event asks for it.
const RESYNC: Duration = Duration::from_secs(3600);

/// What a reconcile works with.
pub struct Context {
    objects: Cache<Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk>,
    deployments: CompactCache<Deployment>,
    events: Events,
}

/// Adds this controller to the manager.
pub fn register(manager: &mut Manager) {
    let setup = manager.controller(NAME);
    let ours = format!("{MANAGED_BY}={OPERATOR}");
    let context = Arc::new(Context {
        objects: setup.cache(watcher::Config::default()),
        deployments: setup.compact_cache(watcher::Config::default().labels(&ours)),
        events: setup.events(),
    });
    let controller = context.objects.controller();
    let controller = controller.owns_cached(&context.deployments);
    setup
        .run(&context.objects, controller, reconcile, context.clone())
        .with_conditions(|object| &mut object.status.get_or_insert_default().conditions);
}

// +opgen:rbac:groups=a-group-with-a-name-of-forty-letters.plus.example.com,resources=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkks,verbs=list;watch;patch
// +opgen:rbac:groups=a-group-with-a-name-of-forty-letters.plus.example.com,resources=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkks/status,verbs=patch
// +opgen:rbac:groups=apps,resources=deployments,verbs=list;watch;create;patch
async fn reconcile(
    object: Arc<Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk>,
    context: Arc<Context>,
) -> Result<Action> {
    if object.meta().deletion_timestamp.is_some() {
        return cleanup(&object, &context).await;
    }
    let object = context.objects.ensure_finalizer(object, FINALIZER).await?;
    let deployment = context.deployments.apply(&desired(&object)?).await?;

    let generation = object.meta().generation;
    let mut status = object.status.clone().unwrap_or_default();
    status.observed_generation = generation;
    let reported = deployment.status.as_ref();
    status.available_replicas = reported.and_then(|it| it.available_replicas).unwrap_or(0);
    let [available, progressing] = conditions::of_deployment(&deployment, generation);
    let events = &context.events;
    events.transition(&*object, &status.conditions, &available);
    conditions::set(&mut status.conditions, available);
    conditions::set(&mut status.conditions, progressing);
    context.objects.apply_status(&object, &status).await?;
    Ok(Action::requeue(RESYNC))
}

/// Kubernetes removes the Deployment with its owner. What it does not know of, such as a bucket or
/// a DNS name, is removed here, before the finalizer.
async fn cleanup(
    object: &Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk,
    context: &Context,
) -> Result<Action> {
    context.objects.remove_finalizer(object, FINALIZER).await?;
    Ok(Action::await_change())
}

/// The Deployment that an object asks for: every field that is set here is kept as it is here.
fn desired(
    object: &Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk,
) -> Result<Deployment> {
    let kind = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk".to_owned();
    let labels = BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), kind),
        ("app.kubernetes.io/instance".to_owned(), object.name_any()),
        (MANAGED_BY.to_owned(), OPERATOR.to_owned()),
    ]);
    let owner = object.controller_owner_ref(&());
    let owner = owner.ok_or_else(|| Error::permanent("the object has no uid"))?;
    let container = Container {
        name: "app".to_owned(),
        image: Some(object.spec.image.clone()),
        ..Container::default()
    };
    Ok(Deployment {
        metadata: ObjectMeta {
            name: object.meta().name.clone(),
            namespace: object.meta().namespace.clone(),
            labels: Some(labels.clone()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: DeploymentSpec {
            replicas: Some(object.spec.replicas),
            selector: LabelSelector {
                match_labels: Some(labels.clone()),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels),
                    ..ObjectMeta::default()
                }),
                spec: Some(PodSpec {
                    containers: vec![container],
                    ..PodSpec::default()
                }),
            },
            ..DeploymentSpec::default()
        },
        ..Deployment::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk {
        let object = serde_json::json!({
            "apiVersion": "a-group-with-a-name-of-forty-letters.plus.example.com/v1alpha1",
            "kind": "Kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            "metadata": { "name": "a", "namespace": "b", "uid": "c", "generation": 2 },
            "spec": { "replicas": 3, "image": "app:1" },
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn a_deployment_runs_what_the_spec_asks_for_and_goes_with_its_owner() {
        let deployment = desired(&object()).unwrap();
        let pod = deployment.spec.template.spec.as_ref().unwrap();
        assert_eq!(deployment.spec.replicas, Some(3));
        assert_eq!(pod.containers[0].image.as_deref(), Some("app:1"));
        assert_eq!(deployment.owner_references()[0].controller, Some(true));
    }
}
