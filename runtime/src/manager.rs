//! The operator's `main`: collects controllers, then starts, supervises and ends everything.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use kube::Client;
use kube::runtime::watcher;
use prometheus_client::registry::Registry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cache::{self, Kind, SharedCache};
use crate::election::Election;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::readiness::Readiness;
use crate::recording::{Header, Recorder};
use crate::setup::Setup;
use crate::signals::Signals;
use crate::{Error, Result, kubeconfig, logging, server};

/// How long running reconciles may take to finish when the operator ends. Kubernetes kills a pod
/// 30 s after SIGTERM, and the lease has to be released before.
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(25);
/// How long Events that still wait may take to be sent after that.
const LONGEST_FLUSH: Duration = Duration::from_secs(1);

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
    /// `name` is the operator's name; the lease of the leader election is `<name>-leader`.
    ///
    /// # Errors
    ///
    /// When options contradict each other, there is no usable kubeconfig and this is no pod, or the
    /// file of `--rbac-recording` cannot be opened. The API server is not asked yet.
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
        logging::init(&options);
        options.check()?;
        let recorder = options.recording_file().map(Recorder::open).transpose()?;
        let client = kubeconfig::client(&options, recorder.as_ref()).await?;
        Ok(Self {
            recorder,
            ..Self::with_client(name, options, client)
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
        let mut registry = Registry::default();
        Self {
            name: name.into(),
            namespaces: options.watched_namespaces(),
            metrics: Metrics::register(&mut registry),
            recorder: None,
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
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Cancelling it ends [`start`](Self::start) as SIGTERM does.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Begins a controller.
    ///
    /// `name`, for example `myapp-controller`, is used wherever the controller has to be told from
    /// others: in logs and metrics, as the reporter of Events and as the field manager of
    /// server-side apply. Renaming a controller later leaves the fields that it applied under its
    /// old name.
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
    /// When an address cannot be bound, two controllers have one name, a controller or a watch ends
    /// by itself, the lease is lost, or running reconciles did not finish.
    pub async fn start(self) -> Result<()> {
        let mut signals = Signals::listen()?;
        let collected = std::mem::take(&mut *self.collected());
        refuse_equal_names(&collected.names)?;
        if let Some(recorder) = &self.recorder {
            recorder.start(self.recording_header().with_controllers(&collected.names));
        }

        // Ends with this function, in whatever way it ends.
        let mut background = JoinSet::new();
        server::start(
            &self.options,
            &self.readiness,
            self.registry,
            &mut background,
        )
        .await?;
        for watch in collected.watches {
            background.spawn(watch);
        }
        let mut publishers = JoinSet::new();
        for publisher in collected.publishers {
            publishers.spawn(publisher);
        }

        let election = self.options.leader_elect.then(|| {
            let own = self.client.default_namespace();
            let namespace = self
                .options
                .leader_elect_namespace
                .as_deref()
                .unwrap_or(own);
            Election::new(
                self.client.clone(),
                namespace,
                &self.name,
                self.metrics.clone(),
            )
        });
        let work = work(
            collected.controllers,
            election,
            self.readiness.clone(),
            self.shutdown.clone(),
        );
        let supervised = supervise(work, &mut signals, &self.readiness, &self.shutdown);
        let result = tokio::select! {
            result = supervised => result,
            error = first_to_end(&mut background) => Err(error),
        };
        // The contexts of the controllers are gone by now, and with them the senders of Events.
        let flushed = async { while publishers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LONGEST_FLUSH, flushed).await;
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

/// Waits until a watch or a server ends, which none of them does by itself: without it the operator
/// would go on with what it knew last.
async fn first_to_end(background: &mut JoinSet<()>) -> Error {
    match background.join_next().await {
        Some(Err(error)) => Error::other(format!("a watch or a server failed: {error}")),
        Some(Ok(())) => Error::other("a watch or a server ended by itself"),
        // There is none.
        None => std::future::pending().await,
    }
}

/// Runs `work` until it ends or is told to, and then gives it a last time to finish.
async fn supervise(
    work: impl Future<Output = Result<()>>,
    signals: &mut Signals,
    readiness: &Readiness,
    shutdown: &CancellationToken,
) -> Result<()> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        result = &mut work => return result,
        signal = signals.next() => tracing::info!(signal, "shutting down"),
        () = shutdown.cancelled() => tracing::info!("shutting down"),
    }
    readiness.stopping();
    shutdown.cancel();
    tokio::select! {
        result = &mut work => result,
        signal = signals.next() => Err(Error::other(format!(
            "ended by a second {signal}, without waiting for running reconciles"
        ))),
        () = tokio::time::sleep(LONGEST_SHUTDOWN) => Err(Error::other(format!(
            "running reconciles did not finish within {LONGEST_SHUTDOWN:?}"
        ))),
    }
}

/// Waits for the caches, then for the lease, and runs the controllers until the shutdown.
async fn work(
    controllers: Vec<BoxFuture<'static, ()>>,
    election: Option<Election>,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> Result<()> {
    let begin = Instant::now();
    tokio::select! {
        () = readiness.all_filled() => {}
        () = shutdown.cancelled() => return Ok(()),
    }
    tracing::info!(
        seconds = begin.elapsed().as_secs_f64(),
        "every cache is filled"
    );
    let controllers = run(controllers, &shutdown);
    match election {
        Some(election) => election.lead(controllers, &shutdown).await,
        None => controllers.await,
    }
}

/// Runs every controller on a task of its own. Dropped, it ends them all.
async fn run(controllers: Vec<BoxFuture<'static, ()>>, shutdown: &CancellationToken) -> Result<()> {
    if controllers.is_empty() {
        shutdown.cancelled().await;
        return Ok(());
    }
    tracing::info!(controllers = controllers.len(), "running the controllers");
    let mut running = JoinSet::new();
    for controller in controllers {
        running.spawn(controller);
    }
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            return Err(Error::other(format!("a controller ended: {error}")));
        }
        if !shutdown.is_cancelled() {
            return Err(Error::other("a controller ended by itself"));
        }
    }
    Ok(())
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
