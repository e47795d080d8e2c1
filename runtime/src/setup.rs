//! What one controller takes from the manager, and how it is handed over to run.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Client;
use kube::runtime::controller::{self, Action};
use kube::runtime::{Controller, watcher};

use crate::cache::{Cache, CompactCache, Kind};
use crate::events::Events;
use crate::manager::Manager;
use crate::reconciler::{Conditions, Failures, Reconciler, Report};
use crate::{Error, Result};

/// The beginnings of one controller, made by [`Manager::controller`].
pub struct Setup<'a> {
    manager: &'a Manager,
    name: &'static str,
    /// Tells this controller's writes from those of others.
    handle: usize,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(manager: &'a Manager, name: &'static str, handle: usize) -> Self {
        Self {
            manager,
            name,
            handle,
        }
    }

    /// The cache of one kind, with the label and field selectors of `config`.
    ///
    /// All controllers that ask for the same kind with the same selectors share one watch; its
    /// further configuration is that of the first. A namespaced kind is watched in the namespaces
    /// of `--namespace`.
    ///
    /// An object that does not fit its type is left out as if it were not there. It is logged,
    /// counted, and gets an Event in the name of the first controller that asked for the cache.
    pub fn cache<K: Kind>(&self, config: watcher::Config) -> Cache<K> {
        let shared = self.manager.shared_cache::<K>(config);
        Cache::typed(shared, self.handle, self.name)
    }

    /// As [`cache`](Self::cache), for a kind that this controller makes or reads, but does not
    /// reconcile: its objects take a fifth of the memory, see [`CompactCache`].
    ///
    /// Where another controller asks for a `cache` of the same kind and selectors, both share that.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::apps::v1::Deployment;
    /// # use kube::runtime::watcher;
    /// # fn example(setup: &opgen_runtime::Setup<'_>) {
    /// let ours = watcher::Config::default().labels("app.kubernetes.io/managed-by=myapp");
    /// let deployments = setup.compact_cache::<Deployment>(ours);
    /// # }
    /// ```
    pub fn compact_cache<K: Kind>(&self, config: watcher::Config) -> CompactCache<K> {
        let shared = self.manager.shared_cache::<K>(config);
        CompactCache::compact(shared, self.handle, self.name)
    }

    /// Where this controller publishes its Events.
    pub fn events(&self) -> Events {
        let (events, publisher) = Events::new(self.client().clone(), self.name);
        self.manager.add_publisher(publisher);
        events
    }

    /// The client, for what goes past the caches.
    pub fn client(&self) -> &Client {
        self.manager.client()
    }

    /// Hands the controller over: [`Manager::start`] runs it.
    ///
    /// `controller` says what triggers a reconcile; begin it with [`Cache::controller`] of
    /// `primary`. Its concurrency is set from the options. `reconcile` gets the newest object known
    /// and may fail with anything that turns into an [`Error`]. An [`Action`] means what it means to
    /// kube.
    ///
    /// | what happened | what follows |
    /// | --- | --- |
    /// | [`Error::Permanent`] | nothing, until something changes |
    /// | [`Error::Waiting`] | another look at a change, or after half a minute; counts as no failure |
    /// | any other error, a panic, or longer than `--reconcile-timeout` | another attempt after 200 ms, then twice as long each time, at most 300 s, and no sooner than the API server asks for |
    ///
    /// An Event tells the object's owner of it, once for each message: of what the API server
    /// itself is to blame for never, of another error only when it comes a second time in a row.
    /// With [`Registered::with_conditions`] a condition does so, too.
    pub fn run<K, C, F, Fut, E>(
        self,
        primary: &Cache<K>,
        controller: Controller<K>,
        reconcile: F,
        context: Arc<C>,
    ) -> Registered<K>
    where
        K: Kind,
        C: Send + Sync + 'static,
        F: Fn(Arc<K>, Arc<C>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Action, E>> + Send + 'static,
        E: Into<Error> + 'static,
    {
        let shutdown = self.manager.shutdown();
        let conditions = Arc::new(OnceLock::new());
        let report = Report {
            primary: primary.clone(),
            events: self.events(),
            conditions: conditions.clone(),
        };
        let reconciler = Arc::new(Reconciler {
            controller: self.name,
            reconcile,
            context,
            primary: primary.clone(),
            metrics: self.manager.metrics().clone(),
            recorder: self.manager.recorder().cloned(),
            report,
            timeout: self.manager.options().reconcile_timeout,
            shutdown: shutdown.clone(),
            failures: Failures::default(),
        });
        let concurrency = self.manager.options().concurrency.get();
        self.manager.metrics().announce(self.name, concurrency);
        let configured = controller
            .with_config(controller::Config::default().concurrency(concurrency))
            .graceful_shutdown_on(shutdown.cancelled_owned());
        self.manager
            .add_controller(drive(configured, reconciler, self.name));
        Registered(conditions)
    }
}

/// A controller that [`Setup::run`] has taken over.
pub struct Registered<K: Kind>(Arc<OnceLock<Conditions<K>>>);

impl<K: Kind> Registered<K> {
    /// Shows in the object's status that it cannot be reconciled: by a condition `Stalled`, which is
    /// true, has the error as its message, and goes with the next success.
    ///
    /// `conditions` says where they are. The name is that of kstatus, the convention by which tools
    /// tell the state of any object. It takes `patch` on the status subresource.
    ///
    /// ```no_run
    /// # use kube::runtime::controller::Action;
    /// # use k8s_openapi::api::apps::v1::Deployment;
    /// # use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
    /// # use opgen_runtime::{Error, Manager};
    /// # use std::sync::Arc;
    /// # #[derive(kube::CustomResource, kube::KubeSchema, Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # #[kube(group = "example.com", version = "v1", kind = "Bucket", namespaced, status = "Status")]
    /// # struct BucketSpec {}
    /// # #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    /// # struct Status { conditions: Vec<Condition> }
    /// # async fn reconcile(_: Arc<Bucket>, _: Arc<()>) -> Result<Action, Error> { Ok(Action::await_change()) }
    /// # fn example(manager: &Manager) {
    /// let setup = manager.controller("example.com/bucket");
    /// let buckets = setup.cache::<Bucket>(kube::runtime::watcher::Config::default());
    /// setup
    ///     .run(&buckets, buckets.controller(), reconcile, Arc::new(()))
    ///     .with_conditions(|bucket| &mut bucket.status.get_or_insert_default().conditions);
    /// # }
    /// ```
    pub fn with_conditions(self, conditions: fn(&mut K) -> &mut Vec<Condition>) {
        // `self` is gone after this, so it is the first.
        let _ = self.0.set(conditions);
    }
}

/// Runs the controller until it is shut down, and reads what kube says about it.
async fn drive<K, C, F, Fut, E>(
    controller: Controller<K>,
    reconciler: Arc<Reconciler<K, C, F>>,
    name: &'static str,
) where
    K: Kind,
    C: Send + Sync + 'static,
    F: Fn(Arc<K>, Arc<C>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Action, E>> + Send + 'static,
    E: Into<Error> + 'static,
{
    let failures = reconciler.clone();
    let results = controller.run(
        |object, reconciler: Arc<Reconciler<K, C, F>>| reconciler.run(object),
        // The reconciler deals with failures itself.
        |_, never: &Infallible, _| match *never {},
        reconciler,
    );
    results
        .for_each(|result| {
            match result {
                Ok(_) => {}
                Err(controller::Error::ObjectNotFound(key)) => {
                    failures.failures.forget(&key.into_kind_unchecked(()));
                }
                Err(error) => tracing::error!(controller = name, %error, "controller"),
            }
            std::future::ready(())
        })
        .await;
}
