//! One watch per kind, its objects in memory, and the writes that go past it.

mod applied;
mod keeper;
mod kind;
mod managed_fields;
mod shared;
mod watched;
mod writes;

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt, stream};
use kube::runtime::Controller;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;

pub(crate) use keeper::name;
pub use kind::Kind;
use shared::{Shared, Source};
pub(crate) use shared::{key_of, version};

use crate::metrics::Metrics;
use crate::readiness::Readiness;

/// A cache before it is given to a controller.
pub(crate) type SharedCache<K> = Arc<Shared<K>>;

/// The objects of one kind, kept up to date by one watch that all controllers of the process share.
///
/// A controller gets its own handle from [`Setup::cache`](crate::Setup::cache). What it writes
/// through the handle it sees at once in [`get`](Self::get) and [`state`](Self::state), and is not
/// woken by; other controllers are.
///
/// Of `metadata.managedFields`, a cached object has only the entries that this process applied,
/// each as one string: do not send a cached object back as it is, but [`apply`](Self::apply) what
/// you want.
pub struct Cache<K: Kind> {
    shared: Arc<Shared<K>>,
    /// Which controller this is, among all of the process.
    handle: usize,
    field_manager: &'static str,
}

impl<K: Kind> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            handle: self.handle,
            field_manager: self.field_manager,
        }
    }
}

impl<K: Kind> Cache<K> {
    /// A handle for the controller with that number and field manager.
    pub(crate) fn handle(
        shared: SharedCache<K>,
        handle: usize,
        field_manager: &'static str,
    ) -> Self {
        shared.keep_entries_of(field_manager);
        Self {
            shared,
            handle,
            field_manager,
        }
    }

    /// A kube [`Controller`] for this kind, woken by this cache. Add the kinds it makes with
    /// [`ControllerExt::owns_cached`](crate::ControllerExt::owns_cached).
    pub fn controller(&self) -> Controller<K> {
        Controller::for_shared_stream(self.stream(), self.shared.store())
    }

    /// The object as the watch last showed it or as this process last wrote it, whichever is newer.
    pub fn get(&self, key: &ObjectRef<K>) -> Option<Arc<K>> {
        self.shared.get(key)
    }

    /// Every object, as [`get`](Self::get) would give it, in no particular order.
    pub fn state(&self) -> Vec<Arc<K>> {
        self.shared.state()
    }

    /// Every object that is there, then every change but this controller's own, deletions included.
    ///
    /// It begins when it is first polled: a replica that waits for its turn to lead would otherwise
    /// collect all changes of all that time.
    pub(crate) fn stream(&self) -> impl Stream<Item = Arc<K>> + Send + 'static + use<K> {
        let (shared, handle) = (self.shared.clone(), self.handle);
        stream::once(async move { shared.subscribe(handle) }).flatten()
    }
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
