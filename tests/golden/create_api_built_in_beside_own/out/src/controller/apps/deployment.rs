//! Looks at each `Deployment` of Kubernetes' own: what it should do is yours to write.

use std::sync::Arc;

use kube::{
    ResourceExt,
    runtime::{controller::Action, watcher},
};
use opgen_runtime::{Cache, Manager, Result};

use k8s_openapi::api::apps::v1::Deployment;

/// This controller in logs, metrics and as the manager of the fields that it sets.
const NAME: &str = "myapp.example.com/deployment";

/// What a reconcile works with.
pub struct Context {
    /// Every object in memory: select by label or field in `register` if there are many.
    pub objects: Cache<Deployment>,
}

/// Adds this controller to the manager.
pub fn register(manager: &mut Manager) {
    let setup = manager.controller(NAME);
    let objects = setup.cache(watcher::Config::default());
    let context = Arc::new(Context { objects });
    let controller = context.objects.controller();
    setup.run(&context.objects, controller, reconcile, context.clone());
}

// +opgen:rbac:groups=apps,resources=deployments,verbs=list;watch
async fn reconcile(object: Arc<Deployment>, _context: Arc<Context>) -> Result<Action> {
    tracing::debug!(version = object.resource_version(), "nothing to do yet");
    Ok(Action::await_change())
}
