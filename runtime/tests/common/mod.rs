//! The operator that the tests run: one Deployment for each Widget, in the test's process or in
//! one of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::controller::Action;
use kube::runtime::watcher;
use kube::{
    Api, Client, Config, CustomResource, CustomResourceExt, KubeSchema, Resource, ResourceExt,
};
use opgen_runtime::envtest::{Environment, Operator, eventually};
use opgen_runtime::{
    BindAddress, Cache, CompactCache, ControllerExt, Error, EventType, Events, Manager, Options,
    Result, conditions,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const CONTROLLER: &str = "widget-controller";
pub const FINALIZER: &str = "test.example.com/cleanup";
pub const NAMESPACE: &str = "default";
/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a widget in mode `busy` is reconciled.
const BUSY: Duration = Duration::from_millis(20);

/// What a widget should be
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, Serialize, Deserialize)]
#[kube(
    group = "test.example.com",
    version = "v1",
    kind = "Widget",
    namespaced
)]
#[kube(status = "WidgetStatus", derive = "Default")]
#[serde(rename_all = "camelCase")]
pub struct WidgetSpec {
    pub image: String,
    /// What the reconciler should do: `error`, `waiting`, `permanent`, `panic`, `stuck`, `slow` or
    /// `busy`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// A CPU limit of the container
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
}

/// What a widget is
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WidgetStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// What a fleet, which is in no namespace, should be
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, Serialize, Deserialize)]
#[kube(
    group = "test.example.com",
    version = "v1",
    kind = "Fleet",
    status = "WidgetStatus"
)]
pub struct FleetSpec {
    pub text: String,
}

/// What the reconciler has done, by the name of the object.
#[derive(Default)]
pub struct Seen {
    /// The newest version of which a reconcile has ended.
    pub version: u64,
    /// How many reconciles have begun.
    pub begun: u32,
}

pub struct Context {
    pub widgets: Cache<Widget>,
    pub deployments: CompactCache<Deployment>,
    pub events: Events,
    pub seen: Mutex<HashMap<String, Seen>>,
    /// An annotation that an older version of the operator sets.
    pub note: Option<&'static str>,
}

impl Context {
    pub fn begun(&self, name: &str) -> u32 {
        self.seen
            .lock()
            .unwrap()
            .get(name)
            .map_or(0, |seen| seen.begun)
    }

    pub fn seen_version(&self, name: &str) -> u64 {
        self.seen
            .lock()
            .unwrap()
            .get(name)
            .map_or(0, |seen| seen.version)
    }
}

pub fn register(manager: &mut Manager, note: Option<&'static str>) -> Arc<Context> {
    let setup = manager.controller(CONTROLLER);
    let context = Arc::new(Context {
        widgets: setup.cache(watcher::Config::default()),
        deployments: setup.compact_cache(owned()),
        events: setup.events(),
        seen: Mutex::default(),
        note,
    });
    let controller = context
        .widgets
        .controller()
        .owns_cached(&context.deployments);
    setup
        .run(&context.widgets, controller, reconcile, context.clone())
        .with_conditions(|widget| &mut widget.status.get_or_insert_default().conditions);
    context
}

/// The Deployments that the operator makes.
pub fn owned() -> watcher::Config {
    watcher::Config::default().labels(&format!("managed-by={CONTROLLER}"))
}

async fn reconcile(widget: Arc<Widget>, context: Arc<Context>) -> Result<Action> {
    let name = widget.name_any();
    context
        .seen
        .lock()
        .unwrap()
        .entry(name.clone())
        .or_default()
        .begun += 1;
    let version = version(&*widget);
    let action = reconcile_inner(widget, &context).await?;
    let mut seen = context.seen.lock().unwrap();
    let seen = seen.entry(name).or_default();
    seen.version = seen.version.max(version);
    Ok(action)
}

async fn reconcile_inner(widget: Arc<Widget>, context: &Context) -> Result<Action> {
    let is_busy = widget.spec.mode.as_deref() == Some("busy");
    match widget.spec.mode.as_deref() {
        Some("error") => return Err(Error::other("as told")),
        Some("waiting") => return Err(Error::waiting("as told")),
        Some("stuck") => std::future::pending().await,
        Some("permanent") => return Err(Error::permanent("as told")),
        Some("panic") => panic!("as told"),
        Some("slow") => {
            tracing::info!("begins to be slow");
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        _ => {}
    }
    if widget.meta().deletion_timestamp.is_some() {
        context.widgets.remove_finalizer(&widget, FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let widget = context.widgets.ensure_finalizer(widget, FINALIZER).await?;
    let deployment = context
        .deployments
        .apply(&desired(&widget, context.note)?)
        .await?;
    let ready = deployment
        .status
        .as_ref()
        .and_then(|status| status.ready_replicas)
        == Some(1);
    let mut status = widget.status.clone().unwrap_or_default();
    status.observed_generation = widget.metadata.generation;
    let condition = conditions::new(
        "Available",
        ready,
        "Counted",
        "",
        widget.metadata.generation,
    );
    let changed = conditions::set(&mut status.conditions, condition);
    context.widgets.apply_status(&widget, &status).await?;
    if changed {
        let note = format!("ready: {ready}");
        context
            .events
            .publish(&*widget, EventType::Normal, "Available", "Reconcile", note);
    }
    if is_busy {
        return Ok(Action::requeue(BUSY));
    }
    Ok(Action::await_change())
}

fn desired(widget: &Widget, note: Option<&str>) -> Result<Deployment> {
    let labels = json!({ "app": widget.name_any(), "managed-by": CONTROLLER });
    let owner = widget.controller_owner_ref(&());
    let limits = widget
        .spec
        .cpu
        .as_ref()
        .map(|cpu| json!({ "limits": { "cpu": cpu } }));
    Ok(serde_json::from_value(json!({
        "metadata": {
            "name": widget.name_any(), "namespace": widget.namespace(), "labels": labels,
            "annotations": note.map(|note| json!({ "note": note })), "ownerReferences": [owner],
        },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [{
                "name": "widget", "image": widget.spec.image, "resources": limits,
                "ports": [{ "containerPort": 80 }], "args": ["serve"],
            }] } },
        },
    }))?)
}

pub fn version<K: Resource>(object: &K) -> u64 {
    object
        .meta()
        .resource_version
        .as_deref()
        .unwrap()
        .parse()
        .unwrap()
}

/// A manager that runs in this process.
pub struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Running {
    pub fn start(manager: Manager) -> Self {
        Self {
            shutdown: manager.shutdown(),
            task: tokio::spawn(manager.start()),
        }
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// Options without servers, so that tests can run side by side.
pub fn options(namespaces: &[&str]) -> Options {
    Options {
        namespaces: namespaces
            .iter()
            .map(|&namespace| namespace.to_owned())
            .collect(),
        health_probe_bind_address: BindAddress::Off,
        ..Options::default()
    }
}

/// A client that may do everything, as another user than the test: its requests can be counted.
pub async fn operator_client(environment: &Environment) -> Client {
    let kubeconfig = environment
        .service_account("operators", "operator")
        .await
        .unwrap();
    allow_everything(environment, "operators:operator").await;
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

pub async fn allow_everything(environment: &Environment, account: &str) {
    let name = format!("everything-{}", account.replace(':', "-"));
    let account = format!("--serviceaccount={account}");
    let role = "--clusterrole=cluster-admin";
    let arguments = ["create", "clusterrolebinding", &name, role, &account];
    environment.kubectl(&arguments).await.unwrap();
}

/// How often the operator has written: verb and resource.
pub fn writes(environment: &Environment) -> Vec<String> {
    let user = "system:serviceaccount:operators:operator";
    let is_write = |verb: &str| !["get", "list", "watch"].contains(&verb);
    let requests = environment.requests().unwrap();
    requests
        .into_iter()
        .filter(|request| request.user == user && is_write(&request.verb))
        .filter(|request| request.resource != "events")
        .map(|request| {
            let slash = if request.subresource.is_empty() {
                ""
            } else {
                "/"
            };
            format!(
                "{} {}{slash}{}",
                request.verb, request.resource, request.subresource
            )
        })
        .collect()
}

/// Installs a CRD as it is derived, or changed.
pub async fn install(environment: &Environment, crds: &[Value]) {
    let directory = tempfile::tempdir().unwrap();
    for (number, crd) in crds.iter().enumerate() {
        let path = directory.path().join(format!("{number}.yaml"));
        std::fs::write(path, crd.to_string()).unwrap();
    }
    environment.install_crds(directory.path()).await.unwrap();
}

pub fn widget_crd() -> Value {
    serde_json::to_value(Widget::crd()).unwrap()
}

pub fn fleet_crd() -> Value {
    serde_json::to_value(Fleet::crd()).unwrap()
}

/// Server-side apply by the test, under its own name.
pub async fn apply(client: &Client, namespace: &str, name: &str, spec: Value) -> Widget {
    let widgets: Api<Widget> = Api::namespaced(client.clone(), namespace);
    let object = json!({
        "apiVersion": "test.example.com/v1", "kind": "Widget",
        "metadata": { "name": name }, "spec": spec,
    });
    let parameters = PatchParams::apply("test").force();
    widgets
        .patch(name, &parameters, &Patch::Apply(&object))
        .await
        .unwrap()
}

/// Waits until the widget has a status for its current generation.
pub async fn reconciled(client: &Client, namespace: &str, name: &str) {
    let widgets: Api<Widget> = Api::namespaced(client.clone(), namespace);
    eventually("the widget is reconciled", PATIENCE, async || {
        let widget = widgets.get(name).await.map_err(|error| error.to_string())?;
        let observed = widget
            .status
            .as_ref()
            .and_then(|status| status.observed_generation);
        if observed == widget.metadata.generation {
            Ok(())
        } else {
            Err(format!("observed generation {observed:?}"))
        }
    })
    .await;
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    manager: Options,
}

/// This very test binary as an operator in a process of its own. It runs the test named
/// `operator_process`, which every file that uses this has, and reads its options from variables.
pub async fn operator(environment: &Environment, account: &str, variables: &[&str]) -> Operator {
    let binary = std::env::current_exe().unwrap();
    let mut arguments = vec!["TEST_OPERATOR=1"];
    arguments.extend(variables);
    arguments.push(binary.to_str().unwrap());
    arguments.extend(["operator_process", "--exact", "--ignored", "--nocapture"]);
    let started = environment
        .operator("env", "operators", account, &arguments)
        .await;
    started.unwrap()
}

/// The body of the test `operator_process`: nothing, unless [`operator`] runs it.
pub async fn run_as_operator() {
    if std::env::var_os("TEST_OPERATOR").is_none() {
        return;
    }
    let arguments = Arguments::parse_from(["operator"]);
    let mut manager = Manager::new("widgets", arguments.manager).await.unwrap();
    register(&mut manager, None);
    if std::env::var_os("TEST_FLEETS").is_some() {
        let setup = manager.controller("fleet-controller");
        setup.compact_cache::<Fleet>(watcher::Config::default());
    }
    if let Err(error) = manager.start().await {
        panic!("the operator failed: {error}");
    }
}

/// The operator in this process, and what it has seen.
pub fn run(client: &Client, note: Option<&'static str>) -> (Arc<Context>, Running) {
    let mut manager = Manager::with_client("widgets", options(&[]), client.clone());
    let context = register(&mut manager, note);
    (context, Running::start(manager))
}
