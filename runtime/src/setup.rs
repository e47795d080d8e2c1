//! What one controller takes from the manager, and how it is handed over to run.

use std::convert::Infallible;
use std::sync::Arc;

use futures::StreamExt;
use kube::Client;
use kube::runtime::controller::{self, Action};
use kube::runtime::{Controller, watcher};

use crate::cache::{Cache, CompactCache, Kind};
use crate::events::Events;
use crate::manager::Manager;
use crate::reconciler::{Failures, Reconciler};
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
    /// and may fail with anything that turns into an [`Error`]: a permanent error waits for the
    /// next change, any other error and a panic are tried again after 200 ms, then twice as long
    /// each time, at most 300 s. An [`Action`] means what it means to kube.
    pub fn run<K, C, F, Fut, E>(
        self,
        primary: &Cache<K>,
        controller: Controller<K>,
        reconcile: F,
        context: Arc<C>,
    ) where
        K: Kind,
        C: Send + Sync + 'static,
        F: Fn(Arc<K>, Arc<C>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Action, E>> + Send + 'static,
        E: Into<Error> + 'static,
    {
        let shutdown = self.manager.shutdown();
        let reconciler = Arc::new(Reconciler {
            controller: self.name,
            reconcile,
            context,
            primary: primary.clone(),
            metrics: self.manager.metrics().clone(),
            recorder: self.manager.recorder().cloned(),
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
