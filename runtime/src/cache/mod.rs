//! One watch per kind, its objects in memory, and the writes that go past it.

mod applied;
mod children;
mod keeper;
mod key;
mod kind;
mod malformed;
mod managed_fields;
mod objects;
mod shared;
mod stored;
mod text;
mod watched;
mod writes;

use std::marker::PhantomData;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt, stream};
use kube::core::PartialObjectMeta;
use kube::runtime::Controller;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;

pub use kind::Kind;
use shared::{Shared, Source};
pub(crate) use shared::{key_of, version};
use stored::Stored;

use crate::metrics::Metrics;
use crate::readiness::Readiness;

/// A cache before it is given to a controller.
pub(crate) type SharedCache<K> = Arc<Shared<K>>;

/// The objects of one kind, kept up to date by one watch that all controllers of the process share.
///
/// A controller gets its own handle from [`Setup::cache`](crate::Setup::cache), or from
/// [`Setup::compact_cache`](crate::Setup::compact_cache) for a kind that it only makes. What it
/// writes through the handle it sees at once in [`get`](Self::get) and [`state`](Self::state), and
/// is not woken by; other controllers are.
///
/// A cached object has no `metadata.managedFields`, or only some that this process applied: do not
/// send a cached object back as it is, but [`apply`](Self::apply) what you want.
///
/// ```no_run
/// use k8s_openapi::api::core::v1::ConfigMap;
/// use kube::runtime::{reflector::ObjectRef, watcher};
/// use opgen_runtime::{Cache, Setup};
///
/// async fn copy(setup: Setup<'_>) -> opgen_runtime::Result<()> {
///     let maps: Cache<ConfigMap> = setup.cache(watcher::Config::default());
///     let Some(original) = maps.get(&ObjectRef::new("original").within("default")) else {
///         return Ok(());
///     };
///     let mut copy = ConfigMap::default();
///     copy.metadata.name = Some("copy".to_owned());
///     copy.metadata.namespace = Some("default".to_owned());
///     copy.data.clone_from(&original.data);
///     maps.apply(&copy).await?;
///     Ok(())
/// }
/// ```
pub struct Cache<K: Kind, Form = Typed> {
    shared: Arc<Shared<K>>,
    /// Which controller this is, among all of the process.
    handle: usize,
    field_manager: &'static str,
    form: PhantomData<fn() -> Form>,
}

/// A [`Cache`] that keeps objects as JSON and makes typed ones when it is asked for them: a fifth
/// of the memory, for a few microseconds each time. It does all that a cache does, except that its
/// kind cannot be what a controller reconciles.
///
/// ```compile_fail,E0599
/// use kube::runtime::Controller;
/// use k8s_openapi::api::apps::v1::Deployment;
/// use opgen_runtime::CompactCache;
///
/// fn reconciles(deployments: &CompactCache<Deployment>) -> Controller<Deployment> {
///     deployments.controller() // kube's `Controller` needs typed objects
/// }
/// ```
pub type CompactCache<K> = Cache<K, Compact>;

/// How a [`Cache`] keeps its objects: as they are.
pub enum Typed {}

/// How a [`CompactCache`] keeps its objects: as JSON.
pub enum Compact {}

impl<K: Kind, Form> Clone for Cache<K, Form> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            handle: self.handle,
            field_manager: self.field_manager,
            form: PhantomData,
        }
    }
}

impl<K: Kind> Cache<K> {
    /// A kube [`Controller`] for this kind, woken by this cache. Add the kinds it makes with
    /// [`ControllerExt::owns_cached`](crate::ControllerExt::owns_cached).
    pub fn controller(&self) -> Controller<K> {
        Controller::for_shared_stream(self.stream(), self.shared.objects.store())
    }

    /// A handle for the controller with that number and field manager.
    pub(crate) fn typed(
        shared: SharedCache<K>,
        handle: usize,
        field_manager: &'static str,
    ) -> Self {
        shared.objects.keep_typed();
        Self::handle(shared, handle, field_manager)
    }
}

impl<K: Kind> CompactCache<K> {
    /// A handle for the controller with that number and field manager. As long as no other handle
    /// is typed, the objects are kept compact.
    pub(crate) fn compact(
        shared: SharedCache<K>,
        handle: usize,
        field_manager: &'static str,
    ) -> Self {
        Self::handle(shared, handle, field_manager)
    }
}

impl<K: Kind, Form> Cache<K, Form> {
    fn handle(shared: SharedCache<K>, handle: usize, field_manager: &'static str) -> Self {
        shared.keep_entries_of(field_manager);
        let client = &shared.source.client;
        shared.malformed.report_as(client, field_manager);
        Self {
            shared,
            handle,
            field_manager,
            form: PhantomData,
        }
    }

    /// The object as the watch last showed it or as this process last wrote it, whichever is newer.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::Secret;
    /// # use kube::runtime::reflector::ObjectRef;
    /// # use opgen_runtime::{Cache, Error, Result};
    /// # fn example(secrets: Cache<Secret>) -> Result<()> {
    /// let key = ObjectRef::new("registry").within("default");
    /// let secret = secrets.get(&key);
    /// let secret = secret.ok_or_else(|| Error::waiting("the Secret `registry` is not there yet"))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, key: &ObjectRef<K>) -> Option<Arc<K>> {
        self.shared.get(&key.into())?.typed()
    }

    /// Every object, as [`get`](Self::get) would give it, in no particular order. For the objects
    /// of one owner, [`owned_by`](Self::owned_by) does not look at all of them.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::Node;
    /// # fn example(nodes: opgen_runtime::Cache<Node>) {
    /// let nodes = nodes.state().into_iter();
    /// let leaving = nodes.filter(|node| node.metadata.deletion_timestamp.is_some());
    /// println!("{} nodes leave", leaving.count());
    /// # }
    /// ```
    pub fn state(&self) -> Vec<Arc<K>> {
        let objects = self.shared.state().into_iter();
        objects.filter_map(|object| object.typed()).collect()
    }

    /// Every object that is there, then every change but this controller's own, deletions included.
    ///
    /// It begins when it is first polled: a replica that waits for its turn to lead would otherwise
    /// collect all changes of all that time.
    pub(crate) fn stream(&self) -> impl Stream<Item = Arc<K>> + Send + 'static + use<K, Form> {
        let objects = self.stored_stream();
        objects.filter_map(async |object| object.typed())
    }

    /// As [`stream`](Self::stream), but only which objects they are and who owns them.
    pub(crate) fn identity_stream(
        &self,
    ) -> impl Stream<Item = Arc<PartialObjectMeta<K>>> + Send + 'static + use<K, Form> {
        let objects = self.stored_stream();
        objects.filter_map(async |object| object.identity().map(Arc::new))
    }

    fn stored_stream(&self) -> impl Stream<Item = Stored<K>> + Send + 'static + use<K, Form> {
        let (shared, handle) = (self.shared.clone(), self.handle);
        stream::once(async move { shared.subscribe(handle) }).flatten()
    }
}

/// `namespace/name`, or `name`.
pub(crate) fn name<K: Kind>(key: &ObjectRef<K>) -> String {
    key::Key::from(key).to_string()
}

/// Makes a cache, and the task that fills it and keeps it up to date. Nothing is watched before
/// the task runs.
pub(crate) fn with_task<K: Kind>(
    client: kube::Client,
    namespaces: &[String],
    config: watcher::Config,
    readiness: &Readiness,
    metrics: Metrics,
) -> (SharedCache<K>, BoxFuture<'static, ()>) {
    let namespaces = if K::NAMESPACED { namespaces } else { &[] };
    let source = Source {
        client,
        namespaces: namespaces.to_vec(),
        config,
    };
    keeper::cache(source, readiness, metrics)
}
