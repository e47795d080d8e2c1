//! The operator's `main`: collects controllers, then starts, supervises and ends everything.

mod run;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use kube::Client;
use kube::runtime::watcher;
use prometheus_client::registry::Registry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cache::{self, Kind, SharedCache};
use crate::client::Fence;
use crate::election::Election;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::readiness::Readiness;
use crate::recording::{Header, Recorder};
use crate::setup::Setup;
use crate::signals::Signals;
use crate::{Error, Result, client, logging, server, traces};

/// The whole operator: client, caches, controllers, probes, metrics, leader election.
///
/// See the [crate documentation](crate) for what happens when.
pub struct Manager {
    name: String,
    options: Options,
    client: Client,
    namespaces: Vec<String>,
    registry: Registry,
    metrics: Metrics,
    recorder: Option<Recorder>,
    /// Around the client, when there is an election.
    fence: Option<Fence>,
    readiness: Readiness,
    shutdown: CancellationToken,
    collected: Mutex<Collected>,
}

/// What [`Setup`] has asked for before the start.
#[derive(Default)]
struct Collected {
    caches: HashMap<CacheKey, Box<dyn Any + Send>>,
    watches: Vec<BoxFuture<'static, ()>>,
    publishers: Vec<BoxFuture<'static, ()>>,
    controllers: Vec<BoxFuture<'static, ()>>,
    names: Vec<&'static str>,
}

#[derive(PartialEq, Eq, Hash)]
struct CacheKey {
    kind: TypeId,
    labels: Option<String>,
    fields: Option<String>,
}

impl Manager {
    /// Sets up logs and connects to the cluster. Watches `--namespace`, or all namespaces.
    ///
    /// `name` is the operator's name; the lease of the leader election is `<name>-leader`, unless
    /// the options say otherwise.
    ///
    /// # Errors
    ///
    /// When there is no usable kubeconfig and this is no pod, or the file of `--rbac-recording`
    /// cannot be opened. The API server is not asked yet.
    pub async fn new(name: impl Into<String>, options: Options) -> Result<Self> {
        let manager = Self::connect(name.into(), options).await?;
        Ok(manager.prepared())
    }

    /// As [`Manager::new`], but without `--namespace` it watches the one namespace that the client
    /// defaults to: in a pod the pod's own, else that of the kubeconfig's context. For operators
    /// whose permissions end at their namespace.
    ///
    /// # Errors
    ///
    /// As for [`Manager::new`].
    pub async fn namespaced(name: impl Into<String>, options: Options) -> Result<Self> {
        let mut manager = Self::connect(name.into(), options).await?;
        if manager.namespaces.is_empty() {
            manager.namespaces = vec![manager.client.default_namespace().to_owned()];
        }
        Ok(manager.prepared())
    }

    async fn connect(name: String, options: Options) -> Result<Self> {
        logging::init(&options, &name);
        let recorder = options.recording_file().map(Recorder::open).transpose()?;
        let config = client::config(&options).await?;
        let fence = fence(&name, &options, &config.default_namespace);
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let client = client::connect(config, &metrics, recorder.as_ref(), fence.as_ref())?;
        Ok(Self {
            recorder,
            fence,
            registry,
            metrics,
            ..Self::around(name, options, client)
        })
    }

    /// From here on requests can be made, and so be recorded.
    fn prepared(self) -> Self {
        if let Some(recorder) = &self.recorder {
            recorder.prepare(self.recording_header());
        }
        self
    }

    fn recording_header(&self) -> Header {
        let own = self.client.default_namespace();
        Header::new(&self.name, own, &self.namespaces)
    }

    /// With a client that is there already, and without setting up logs. For tests: nothing is
    /// recorded, since the client is not the operator's.
    pub fn with_client(name: impl Into<String>, options: Options, client: Client) -> Self {
        let name = name.into();
        let fence = fence(&name, &options, client.default_namespace());
        let client = match &fence {
            Some(fence) => client::fenced(client, fence),
            None => client,
        };
        Self {
            fence,
            ..Self::around(name, options, client)
        }
    }

    fn around(name: String, options: Options, client: Client) -> Self {
        let mut registry = Registry::default();
        Self {
            name,
            namespaces: options.watched_namespaces(),
            metrics: Metrics::register(&mut registry),
            recorder: None,
            fence: None,
            options,
            client,
            registry,
            readiness: Readiness::default(),
            shutdown: CancellationToken::new(),
            collected: Mutex::default(),
        }
    }

    /// The client that the caches use.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The namespaces that are watched, sorted. Empty: all of them.
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Where `/metrics` takes its numbers from, to add some of the operator's own.
    ///
    /// ```no_run
    /// # use opgen_runtime::Manager;
    /// use opgen_runtime::prometheus_client::metrics::counter::Counter;
    ///
    /// # fn example(manager: &mut Manager) {
    /// let backups = Counter::<u64>::default();
    /// let registry = manager.registry();
    /// // `myapp_backups_total`: the ending is the registry's.
    /// registry.register("myapp_backups", "Backups that were made", backups.clone());
    /// # }
    /// ```
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Cancelling it ends [`start`](Self::start) as SIGTERM does.
    ///
    /// ```no_run
    /// # use opgen_runtime::{Manager, Options, Result};
    /// # async fn test(client: kube::Client) -> Result<()> {
    /// let manager = Manager::with_client("myapp", Options::default(), client);
    /// let shutdown = manager.shutdown();
    /// let operator = tokio::spawn(manager.start());
    /// shutdown.cancel();
    /// operator.await.expect("the operator does not panic")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Begins a controller.
    ///
    /// `name`, for example `myapp-controller`, is used wherever the controller has to be told from
    /// others: in logs and metrics, as the reporter of Events and as the field manager of
    /// server-side apply. Renaming a controller later leaves the fields that it applied under its
    /// old name.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
    /// # use kube::runtime::watcher::Config;
    /// # fn example(manager: &opgen_runtime::Manager) {
    /// let setup = manager.controller("example.com/settings");
    /// let owners = setup.cache::<Namespace>(Config::default());
    /// let settings = setup.compact_cache::<ConfigMap>(Config::default().labels("of=settings"));
    /// # }
    /// ```
    pub fn controller(&self, name: &'static str) -> Setup<'_> {
        let mut collected = self.collected();
        collected.names.push(name);
        Setup::new(self, name, collected.names.len())
    }

    /// Runs the operator until SIGTERM or ctrl-c. Running reconciles then have 25 s to finish; a
    /// second signal ends it at once.
    ///
    /// # Errors
    ///
    /// When options contradict each other, an address cannot be bound, two controllers have one
    /// name, a controller or a watch ends by itself, the lease is lost, or running reconciles did
    /// not finish.
    pub async fn start(self) -> Result<()> {
        self.options.check()?;
        let signals = Signals::listen()?;
        let collected = std::mem::take(&mut *self.collected());
        refuse_equal_names(&collected.names)?;
        if let Some(recorder) = &self.recorder {
            recorder.start(self.recording_header().with_controllers(&collected.names));
        }
        let election = self.fence.as_ref().map(|fence| {
            Election::new(
                self.client.clone(),
                &self.name,
                &self.options,
                fence.clone(),
                self.metrics.clone(),
            )
        });

        // Ends with this function, in whatever way it ends.
        let mut background = JoinSet::new();
        server::start(
            &self.options,
            &self.readiness,
            &self.client,
            self.registry,
            &mut background,
        )
        .await?;
        for watch in collected.watches {
            background.spawn(watch);
        }
        let work = run::Work {
            controllers: collected.controllers,
            publishers: collected.publishers,
            election,
            readiness: self.readiness,
            shutdown: self.shutdown,
        };
        let result = tokio::select! {
            result = work.supervised(signals) => result,
            error = run::first_to_end(&mut background) => Err(error),
        };
        traces::end().await;
        result
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    pub(crate) fn shared_cache<K: Kind>(&self, config: watcher::Config) -> SharedCache<K> {
        let key = CacheKey {
            kind: TypeId::of::<K>(),
            labels: config.label_selector.clone(),
            fields: config.field_selector.clone(),
        };
        let mut collected = self.collected();
        if let Some(known) = collected.caches.get(&key) {
            let shared = known.downcast_ref::<SharedCache<K>>();
            return shared.expect("the key holds the type").clone();
        }
        let (shared, watch) = cache::with_task(
            self.client.clone(),
            &self.namespaces,
            config,
            &self.readiness,
            self.metrics.clone(),
        );
        collected.watches.push(watch);
        collected.caches.insert(key, Box::new(shared.clone()));
        shared
    }

    pub(crate) fn add_publisher(&self, publisher: BoxFuture<'static, ()>) {
        self.collected().publishers.push(publisher);
    }

    pub(crate) fn add_controller(&self, controller: impl Future<Output = ()> + Send + 'static) {
        self.collected().controllers.push(controller.boxed());
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        // A panic in here ends the operator before its start.
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fence for the election's lease, if there is an election.
fn fence(operator: &str, options: &Options, own_namespace: &str) -> Option<Fence> {
    options.leader_elect.then(|| {
        let (namespace, name) = options.lease(operator, own_namespace);
        Fence::new(&namespace, &name, options.leader_elect_renew_deadline)
    })
}

fn refuse_equal_names(names: &[&str]) -> Result<()> {
    let mut names = names.to_vec();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::other(format!(
            "two controllers are named `{}`: each would undo what the other applies",
            pair[0]
        ))),
        None => Ok(()),
    }
}
