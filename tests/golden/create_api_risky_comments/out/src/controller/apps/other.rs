//! Looks at each `Other` and reports that it did: what it should do is yours to write.

use std::sync::Arc;

use kube::{
    Resource,
    runtime::{controller::Action, watcher},
};
use opgen_runtime::{Cache, Manager, Result, conditions};

use myapp_api::apps::v1::other::Other;

/// This controller in logs, metrics and as the manager of the fields that it sets.
const NAME: &str = "apps.example.com/other";

/// What a reconcile works with.
pub struct Context {
    objects: Cache<Other>,
}

/// Adds this controller to the manager.
pub fn register(manager: &mut Manager) {
    let setup = manager.controller(NAME);
    let objects = setup.cache(watcher::Config::default());
    let context = Arc::new(Context { objects });
    let controller = context.objects.controller();
    setup.run(&context.objects, controller, reconcile, context.clone());
}

// +opgen:rbac:groups=apps.example.com,resources=others,verbs=list;watch
// +opgen:rbac:groups=apps.example.com,resources=others/status,verbs=patch
async fn reconcile(object: Arc<Other>, context: Arc<Context>) -> Result<Action> {
    let generation = object.meta().generation;
    tracing::info!(generation, "reconciling");

    let mut status = object.status.clone().unwrap_or_default();
    status.observed_generation = generation;
    let message = "the spec has been seen";
    let ready = conditions::new("Ready", true, "Reconciled", message, generation);
    conditions::set(&mut status.conditions, ready);
    context.objects.apply_status(&object, &status).await?;
    Ok(Action::await_change())
}
