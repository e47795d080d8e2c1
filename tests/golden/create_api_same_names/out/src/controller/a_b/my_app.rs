//! Keeps one Deployment per `MyApp`, and reports what becomes of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec},
        core::v1::{Container, PodSpec, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector},
};
use kube::{
    Resource, ResourceExt,
    api::ObjectMeta,
    runtime::{controller::Action, watcher},
};
use opgen_runtime::{Cache, ControllerExt, Error, EventType, Events, Manager, Result, conditions};

use myapp_api::a_b::v1::my_app::MyApp;

/// This controller in logs, metrics, Events and as the manager of the fields that it sets.
const NAME: &str = "a.b.example.com/myapp";
/// Holds an object until `cleanup` is done.
const FINALIZER: &str = "a.b.example.com/cleanup";
/// The label of everything that this operator makes, and its value.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const OPERATOR: &str = "myapp";
/// A safety net: each object is looked at this often, even if no event asks for it.
const RESYNC: Duration = Duration::from_secs(3600);

/// What a reconcile works with.
pub struct Context {
    objects: Cache<MyApp>,
    deployments: Cache<Deployment>,
    events: Events,
}

/// Adds this controller to the manager.
pub fn register(manager: &mut Manager) {
    let setup = manager.controller(NAME);
    let ours = format!("{MANAGED_BY}={OPERATOR}");
    let context = Arc::new(Context {
        objects: setup.cache(watcher::Config::default()),
        deployments: setup.cache(watcher::Config::default().labels(&ours)),
        events: setup.events(),
    });
    let controller = context.objects.controller();
    let controller = controller.owns_cached(&context.deployments);
    setup.run(&context.objects, controller, reconcile, context.clone());
}

// +opgen:rbac:groups=a.b.example.com,resources=myapps,verbs=list;watch;patch
// +opgen:rbac:groups=a.b.example.com,resources=myapps/status,verbs=patch
// +opgen:rbac:groups=apps,resources=deployments,verbs=list;watch;create;patch
async fn reconcile(object: Arc<MyApp>, context: Arc<Context>) -> Result<Action> {
    if object.meta().deletion_timestamp.is_some() {
        return cleanup(&object, &context).await;
    }
    let object = context.objects.ensure_finalizer(object, FINALIZER).await?;
    let deployment = context.deployments.apply(&desired(&object)?).await?;

    let generation = object.meta().generation;
    let available = available(&deployment, generation);
    let note = available.message.clone();
    let mut status = object.status.clone().unwrap_or_default();
    let event = event(&status.conditions, &available);
    status.observed_generation = generation;
    status.available_replicas = available_replicas(&deployment);
    conditions::set(&mut status.conditions, available);
    conditions::set(&mut status.conditions, progressing(&deployment, generation));
    context.objects.apply_status(&object, &status).await?;

    if let Some((type_, reason)) = event {
        let events = &context.events;
        events.publish(&*object, type_, reason, "Reconcile", note);
    }
    Ok(Action::requeue(RESYNC))
}

/// Kubernetes removes the Deployment with its owner. What it does not know of, such as a bucket or
/// a DNS name, is removed here, before the finalizer.
async fn cleanup(object: &MyApp, context: &Context) -> Result<Action> {
    context.objects.remove_finalizer(object, FINALIZER).await?;
    Ok(Action::await_change())
}

/// The Deployment that an object asks for: every field that is set here is kept as it is here.
fn desired(object: &MyApp) -> Result<Deployment> {
    let kind = "myapp".to_owned();
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

fn available_replicas(deployment: &Deployment) -> i32 {
    let status = deployment.status.as_ref();
    status.and_then(|it| it.available_replicas).unwrap_or(0)
}

/// `Available`: what the Deployment reports, even of the generation before.
fn available(deployment: &Deployment, generation: Option<i64>) -> Condition {
    let ready = available_replicas(deployment);
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let message = format!("{ready} of {wanted} replicas are available");
    let (ok, reason, _) = reported(deployment, "Available");
    conditions::new("Available", ok, reason, message, generation)
}

/// `Progressing`: what the Deployment reports, once it has seen the newest generation.
fn progressing(deployment: &Deployment, generation: Option<i64>) -> Condition {
    let status = deployment.status.as_ref();
    let observed = status.and_then(|it| it.observed_generation);
    let (ok, reason, message) = match observed < deployment.metadata.generation {
        true => (true, "DeploymentUpdated", "the rollout has not begun yet"),
        false => reported(deployment, "Progressing"),
    };
    conditions::new("Progressing", ok, reason, message, generation)
}

/// Whether a condition of the Deployment is true, its reason and its message.
fn reported<'a>(deployment: &'a Deployment, type_: &str) -> (bool, &'a str, &'a str) {
    let status = deployment.status.as_ref();
    let conditions = status.and_then(|it| it.conditions.as_deref());
    let mut conditions = conditions.unwrap_or_default().iter();
    match conditions.find(|it| it.type_.as_deref() == Some(type_)) {
        Some(found) => {
            let reason = found.reason.as_deref().unwrap_or("DeploymentReported");
            let message = found.message.as_deref().unwrap_or_default();
            (found.status.as_deref() == Some("True"), reason, message)
        }
        None => (false, "DeploymentNotObserved", "nothing is reported yet"),
    }
}

/// What is worth an Event: `Available` has become true, or is so no longer.
fn event(before: &[Condition], available: &Condition) -> Option<(EventType, &'static str)> {
    let before = conditions::find(before, "Available");
    let was = before.is_some_and(|it| it.status == "True");
    match (was, available.status == "True") {
        (false, true) => Some((EventType::Normal, "Available")),
        (true, false) => Some((EventType::Warning, "Unavailable")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> MyApp {
        let object = serde_json::json!({
            "apiVersion": "a.b.example.com/v1",
            "kind": "MyApp",
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

    #[test]
    fn conditions_say_what_the_deployment_reports() {
        let mut deployment = desired(&object()).unwrap();
        let condition = available(&deployment, Some(2));
        assert_eq!(condition.reason, "DeploymentNotObserved");
        deployment.status = serde_json::from_value(serde_json::json!({
            "availableReplicas": 3,
            "conditions": [{ "type": "Available", "status": "True", "reason": "Enough" }],
        }))
        .unwrap();
        let condition = available(&deployment, Some(2));
        assert_eq!(condition.status, "True");
        assert_eq!(condition.reason, "Enough");
        assert_eq!(condition.message, "3 of 3 replicas are available");
    }

    #[test]
    fn only_a_change_of_availability_is_an_event() {
        let available = |ok| conditions::new("Available", ok, "Enough", "", None);
        let reason = |before: &[Condition], ok| event(before, &available(ok)).map(|it| it.1);
        assert_eq!(reason(&[], false), None);
        assert_eq!(reason(&[], true), Some("Available"));
        assert_eq!(reason(&[available(true)], false), Some("Unavailable"));
        assert_eq!(reason(&[available(true)], true), None);
    }
}
