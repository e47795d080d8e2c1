//! The task that watches a kind, keeps its store and tells its subscribers.
//!
//! kube's own `reflect_shared` would do for much of it, but it does not tell subscribers about
//! deletions, and its writer knows a single list: here deletions are published, those that a
//! broken watch missed are found by comparing the next list with the store, several namespaces
//! share one store, and an object that does not fit its type is left out instead of stopping the
//! list.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, stream};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::Writer;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, DefaultBackoff, Event, watcher};
use kube::{Api, Resource};

use super::kind::{Kind, resource_name};
use super::shared::{Shared, Source, key_of, version};
use super::watched::{Malformed, Watched};
use crate::metrics::Metrics;
use crate::readiness::{Cause, Readiness, Watch};

/// The longest wait before looking again for a kind that is not installed: an operator should begin
/// soon after `kubectl apply` of its CRDs.
const LONGEST_WAIT_FOR_CRD: Duration = Duration::from_secs(5);

type WatchResult<K> = watcher::Result<Event<Watched<K>>>;

/// A cache and the task that keeps it.
pub(super) fn cache<K: Kind>(
    source: Source,
    readiness: &Readiness,
    metrics: Metrics,
) -> (Arc<Shared<K>>, BoxFuture<'static, ()>) {
    let writer = Writer::<K>::default();
    let shared = Arc::new(Shared::new(source, writer.as_reader()));
    let keeper = Keeper::new(shared.clone(), writer, readiness, metrics);
    let task = async move {
        let events = keeper.watches();
        keeper.keep(events).await;
    };
    (shared, task.boxed())
}

struct Keeper<K: Kind> {
    shared: Arc<Shared<K>>,
    writer: Writer<K>,
    /// One for each watched namespace, or one for all.
    scopes: Vec<Scope<K>>,
    /// What the first lists have brought so far. `None` once the store is filled.
    filling: Option<HashMap<ObjectRef<K>, K>>,
    resource: String,
    metrics: Metrics,
}

struct Scope<K: Kind> {
    /// `None`: all namespaces, or a kind that has none.
    namespace: Option<String>,
    watch: Watch,
    /// The list under way.
    list: Option<List<K>>,
    /// The first list is complete.
    listed: bool,
}

struct List<K: Kind> {
    number: u64,
    seen: HashSet<ObjectRef<K>>,
}

impl<K: Kind> Scope<K> {
    fn covers(&self, key: &ObjectRef<K>) -> bool {
        self.namespace.is_none() || self.namespace == key.namespace
    }
}

impl<K: Kind> Keeper<K> {
    fn new(
        shared: Arc<Shared<K>>,
        writer: Writer<K>,
        readiness: &Readiness,
        metrics: Metrics,
    ) -> Self {
        let resource = resource_name::<K>();
        let namespaces = &shared.source.namespaces;
        let scope = |namespace: Option<String>| {
            let what = match &namespace {
                Some(namespace) if namespaces.len() > 1 => format!("{resource} in {namespace}"),
                _ => resource.clone(),
            };
            Scope {
                namespace,
                watch: readiness.add(what),
                list: None,
                listed: false,
            }
        };
        let scopes = if namespaces.is_empty() {
            vec![scope(None)]
        } else {
            namespaces.iter().cloned().map(Some).map(scope).collect()
        };
        Self {
            scopes,
            shared,
            writer,
            filling: Some(HashMap::new()),
            resource,
            metrics,
        }
    }

    /// The events of every scope, with the scope's number.
    fn watches(&self) -> impl Stream<Item = (usize, WatchResult<K>)> + Send + Unpin + use<K> {
        let source = &self.shared.source;
        let watches = self.scopes.iter().enumerate().map(|(number, scope)| {
            let client = source.client.clone();
            let api: Api<Watched<K>> = match &scope.namespace {
                Some(namespace) => Api::namespaced_with(client, namespace, &()),
                None => Api::all_with(client, &()),
            };
            with_pauses(watcher(api, source.config.clone()))
                .map(move |event| (number, event))
                .boxed()
        });
        stream::select_all(watches)
    }

    async fn keep(mut self, mut events: impl Stream<Item = (usize, WatchResult<K>)> + Unpin) {
        while let Some((scope, event)) = events.next().await {
            match event {
                Ok(event) => self.event(scope, event),
                Err(error) => {
                    let group = K::group(&());
                    self.scopes[scope].watch.failed(&error, &group);
                }
            }
        }
    }

    fn event(&mut self, scope: usize, event: Event<Watched<K>>) {
        if !matches!(event, Event::Init) {
            self.scopes[scope].watch.works();
        }
        match event {
            Event::Init => self.list_begins(scope),
            Event::InitApply(object) => self.changed(scope, object, true),
            Event::Apply(object) => self.changed(scope, object, false),
            Event::Delete(object) => self.deleted(object),
            Event::InitDone => self.list_ends(scope),
        }
    }

    fn list_begins(&mut self, number: usize) {
        let scope = &mut self.scopes[number];
        scope.list = Some(List {
            number: self.shared.list_begins(),
            seen: HashSet::new(),
        });
        if let Some(filling) = &mut self.filling {
            // A first list that broke off and starts over.
            filling.retain(|key, _| !scope.covers(key));
        }
    }

    fn changed(&mut self, scope: usize, object: Watched<K>, from_list: bool) {
        let mut object = match object.0 {
            Ok(object) => object,
            Err(malformed) => return self.malformed(&malformed),
        };
        self.shared.trim(&mut object);
        let key = key_of(&object);
        if let Some(list) = self.scopes[scope].list.as_mut().filter(|_| from_list) {
            list.seen.insert(key.clone());
        }
        if let Some(filling) = &mut self.filling {
            filling.insert(key, object);
            return;
        }
        self.store(&key, object, from_list);
    }

    fn store(&mut self, key: &ObjectRef<K>, object: K, from_list: bool) {
        let store = self.shared.store();
        let shown = version(&object);
        if from_list
            && store
                .get(key)
                .is_some_and(|known| is_same_version(&*known, &object))
        {
            return;
        }
        self.writer.apply_watcher_event(&Event::Apply(object));
        let author = self.shared.caught_up(key, shown);
        if let Some(stored) = store.get(key) {
            self.shared.publish(&stored, author);
        }
    }

    fn deleted(&mut self, object: Watched<K>) {
        let object = match object.0 {
            Ok(object) => object,
            // Its last version need not be valid to tell that it is gone.
            Err(malformed) => {
                let Some(known) = self.shared.store().get(&malformed.key()) else {
                    return;
                };
                (*known).clone()
            }
        };
        if let Some(filling) = &mut self.filling {
            filling.remove(&key_of(&object));
        } else {
            self.gone(object);
        }
    }

    /// Takes the object out of the store and tells everybody.
    fn gone(&mut self, object: K) {
        self.shared.forget(&key_of(&object), version(&object));
        self.writer
            .apply_watcher_event(&Event::Delete(object.clone()));
        self.shared.publish(&Arc::new(object), None);
    }

    /// Takes the object out of the store, so that nobody acts on what it was before. Nobody is
    /// told: it has not been deleted.
    fn malformed(&mut self, malformed: &Malformed) {
        let key: ObjectRef<K> = malformed.key();
        self.metrics.malformed(&self.resource);
        tracing::warn!(
            resource = self.resource,
            object = name(&key),
            error = malformed.error,
            "an object does not fit its type and is left out"
        );
        if let Some(known) = self.shared.store().get(&key) {
            self.writer
                .apply_watcher_event(&Event::Delete((*known).clone()));
        }
        let seen = malformed.metadata.resource_version.as_deref();
        let seen = seen.and_then(|version| version.parse().ok());
        self.shared.forget(&key, seen.unwrap_or_default());
        if let Some(filling) = &mut self.filling {
            filling.remove(&key);
        }
    }

    fn list_ends(&mut self, number: usize) {
        let list = self.scopes[number].list.take();
        self.scopes[number].listed = true;
        if self.filling.is_some() {
            self.fill_if_complete();
        } else if let Some(list) = list {
            self.drop_unlisted(number, &list);
        }
    }

    /// When every scope has been listed, the store gets all at once: a part of it would look like
    /// the whole.
    fn fill_if_complete(&mut self) {
        if !self.scopes.iter().all(|scope| scope.listed) {
            return;
        }
        self.writer.apply_watcher_event(&Event::Init);
        for object in self.filling.take().into_iter().flatten() {
            self.writer.apply_watcher_event(&Event::InitApply(object.1));
        }
        self.writer.apply_watcher_event(&Event::InitDone);
        for object in self.shared.store().state() {
            self.shared.publish(&object, None);
        }
        for scope in &self.scopes {
            scope.watch.filled();
        }
        tracing::debug!(
            resource = self.resource,
            objects = self.shared.store().len(),
            "listed"
        );
    }

    /// A later list is complete: what it does not have was deleted while the watch was broken.
    fn drop_unlisted(&mut self, number: usize, list: &List<K>) {
        let scope = &self.scopes[number];
        let is_missing = |key: &ObjectRef<K>| scope.covers(key) && !list.seen.contains(key);
        let unseen = self.shared.take_unseen(list.number, is_missing);
        let stored: Vec<_> = self
            .shared
            .store()
            .state()
            .into_iter()
            .filter(|object| is_missing(&key_of(&**object)))
            .collect();
        for object in unseen {
            self.shared.publish(&object, None);
        }
        for object in stored {
            self.gone((*object).clone());
        }
    }
}

impl Malformed {
    fn key<K: Kind>(&self) -> ObjectRef<K> {
        let key = ObjectRef::new(self.metadata.name.as_deref().unwrap_or_default());
        match &self.metadata.namespace {
            Some(namespace) => key.within(namespace),
            None => key,
        }
    }
}

fn is_same_version<K: Kind>(known: &K, listed: &K) -> bool {
    known.meta().resource_version == listed.meta().resource_version
}

/// `namespace/name`, or `name`.
pub(crate) fn name<K: Resource<DynamicType = ()>>(key: &ObjectRef<K>) -> String {
    match &key.namespace {
        Some(namespace) => format!("{namespace}/{}", key.name),
        None => key.name.clone(),
    }
}

/// kube's watch, with a pause after each failure: kube's own backoff, but never long for a kind
/// that is not installed. kube's combinator does not see what failed.
fn with_pauses<K: Kind>(
    events: impl Stream<Item = WatchResult<K>> + Send + 'static,
) -> impl Stream<Item = WatchResult<K>> + Send + 'static {
    struct State<S> {
        events: S,
        backoff: DefaultBackoff,
        pause: Option<Duration>,
    }
    let state = State {
        events: events.boxed(),
        backoff: DefaultBackoff::default(),
        pause: None,
    };
    stream::unfold(state, |mut state| async move {
        if let Some(pause) = state.pause.take() {
            tokio::time::sleep(pause).await;
        }
        let event = state.events.next().await?;
        match &event {
            // Comes before each attempt to list, so it says nothing about success.
            Ok(Event::Init) => {}
            Ok(_) => state.backoff.reset(),
            Err(error) => {
                let pause = state.backoff.next().unwrap_or(LONGEST_WAIT_FOR_CRD);
                let pause = if Cause::is_not_installed(error) {
                    pause.min(LONGEST_WAIT_FOR_CRD)
                } else {
                    pause
                };
                state.pause = Some(pause);
            }
        }
        Some((event, state))
    })
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
