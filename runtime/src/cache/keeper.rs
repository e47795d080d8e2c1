//! The task that watches a kind, keeps its store and tells its subscribers.
//!
//! kube's own `reflect_shared` would do for much of it, but it does not tell subscribers about
//! deletions, and its writer knows a single list: here deletions are published, those that a
//! broken watch missed are found by comparing the next list with the store, several namespaces
//! share one store, and an object that does not fit its type is left out instead of stopping the
//! list.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};
use kube::Api;
use kube::core::ObjectMeta;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, DefaultBackoff, Event, watcher};

use super::key::Key;
use super::kind::{Kind, resource_name};
use super::shared::{Shared, Source};
use super::stored::{Compact, Fresh, Stored};
use super::watched::{Form, Watched};
use crate::metrics::Metrics;
use crate::readiness::{Cause, Readiness, Watch};

/// The longest wait before looking again for a kind that is not installed: an operator should begin
/// soon after `kubectl apply` of its CRDs.
const LONGEST_WAIT_FOR_CRD: Duration = Duration::from_secs(5);

/// An object as it comes from the watch.
type Arrived<K> = Watched<K, Fresh<K>>;
type WatchResult<K> = watcher::Result<Event<Arrived<K>>>;

/// A cache and the task that keeps it.
pub(super) fn cache<K: Kind>(
    source: Source,
    readiness: &Readiness,
    metrics: Metrics,
) -> (Arc<Shared<K>>, BoxFuture<'static, ()>) {
    let shared = Arc::new(Shared::new(source));
    let keeper = Keeper::new(shared.clone(), readiness, metrics);
    let task = async move {
        let shared = keeper.shared.clone();
        let events = keeper.watches();
        tokio::select! {
            () = keeper.keep(events) => {}
            () = shared.malformed.publish_all() => {}
        }
    };
    (shared, task.boxed())
}

struct Keeper<K: Kind> {
    shared: Arc<Shared<K>>,
    /// One for each watched namespace, or one for all.
    scopes: Vec<Scope>,
    /// What the first lists have brought so far. `None` once the store is filled.
    filling: Option<HashMap<Key, Fresh<K>>>,
    resource: String,
    metrics: Metrics,
}

struct Scope {
    /// `None`: all namespaces, or a kind that has none.
    namespace: Option<String>,
    watch: Watch,
    /// The list under way.
    list: Option<List>,
    /// The first list is complete.
    listed: bool,
}

struct List {
    number: u64,
    /// What it has brought, unless it is the first one.
    seen: HashSet<Key>,
}

impl Scope {
    fn covers(&self, key: &Key) -> bool {
        self.namespace.is_none() || self.namespace.as_deref() == key.namespace()
    }
}

impl<K: Kind> Keeper<K> {
    fn new(shared: Arc<Shared<K>>, readiness: &Readiness, metrics: Metrics) -> Self {
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
            filling: Some(HashMap::new()),
            resource,
            metrics,
        }
    }

    /// The events of every scope, with the scope's number.
    fn watches(&self) -> BoxStream<'static, (usize, WatchResult<K>)> {
        if self.shared.objects.is_typed() {
            self.watches_of::<Box<K>>()
        } else {
            self.watches_of::<Compact>()
        }
    }

    fn watches_of<F>(&self) -> BoxStream<'static, (usize, WatchResult<K>)>
    where
        F: Form<K> + Clone + Debug + Send + 'static,
        Fresh<K>: From<F>,
    {
        let source = &self.shared.source;
        let watches = self.scopes.iter().enumerate().map(|(number, scope)| {
            let client = source.client.clone();
            let api: Api<Watched<K, F>> = match &scope.namespace {
                Some(namespace) => Api::namespaced_with(client, namespace, &()),
                None => Api::all_with(client, &()),
            };
            let events = watcher(api, source.config.clone()).map(|event| event.map(arrived));
            with_pauses(events)
                .map(move |event| (number, event))
                .boxed()
        });
        stream::select_all(watches).boxed()
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

    fn event(&mut self, scope: usize, event: Event<Arrived<K>>) {
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

    fn changed(&mut self, scope: usize, arrived: Arrived<K>, from_list: bool) {
        let (key, shown) = (Key::of::<K>(&arrived.metadata), arrived.number());
        let mut object = match arrived.object {
            Ok(object) => object,
            Err(error) => return self.malformed(key, shown, arrived.metadata, error),
        };
        self.shared.malformed.remove(&key);
        self.shared.trim(&mut object);
        self.shared.objects.pack(&mut object);
        let scope = &mut self.scopes[scope];
        let later_list = scope.list.as_mut().filter(|_| from_list && scope.listed);
        if let Some(list) = later_list {
            list.seen.insert(key.clone());
        }
        if let Some(filling) = &mut self.filling {
            filling.insert(key, object);
            return;
        }
        let is_known = || {
            let known = self.shared.objects.get(&key);
            known.is_some_and(|known| known.version() == shown)
        };
        if from_list && is_known() {
            return;
        }
        let stored = self.shared.objects.insert(&key, object);
        let author = self.shared.caught_up(&key, shown);
        self.shared.publish(&stored, author);
    }

    fn deleted(&mut self, arrived: Arrived<K>) {
        let (key, gone_at) = (Key::of::<K>(&arrived.metadata), arrived.number());
        self.shared.malformed.remove(&key);
        if let Some(filling) = &mut self.filling {
            filling.remove(&key);
            return;
        }
        // Its last version need not be valid to tell that it is gone.
        let last = arrived.object.ok().map(Fresh::stored);
        self.gone(&key, gone_at, last);
    }

    /// Takes the object out of the store and tells everybody.
    fn gone(&mut self, key: &Key, gone_at: u64, last: Option<Stored<K>>) {
        let known = self.shared.objects.remove(key);
        self.shared.forget(key, gone_at);
        if let Some(object) = last.or(known) {
            self.shared.publish(&object, None);
        }
    }

    /// Takes the object out of the store, so that nobody acts on what it was before. Nobody is
    /// told: it has not been deleted.
    fn malformed(&mut self, key: Key, shown: u64, metadata: ObjectMeta, error: String) {
        self.shared.objects.remove(&key);
        self.shared.forget(&key, shown);
        if let Some(filling) = &mut self.filling {
            filling.remove(&key);
        }
        let object = key.to_string();
        if self.shared.malformed.add(key, metadata, error.clone()) {
            self.metrics.malformed(&self.resource);
            tracing::warn!(
                resource = self.resource,
                object,
                error,
                "an object does not fit its type and is left out"
            );
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
        let objects = self.filling.take().unwrap_or_default();
        let count = objects.len();
        self.shared.objects.fill(objects);
        for (_, object) in self.shared.objects.state(|_| false) {
            self.shared.publish(&object, None);
        }
        for scope in &self.scopes {
            scope.watch.filled();
        }
        tracing::debug!(resource = self.resource, objects = count, "listed");
    }

    /// A later list is complete: what it does not have was deleted while the watch was broken.
    fn drop_unlisted(&mut self, number: usize, list: &List) {
        let scope = &self.scopes[number];
        let is_missing = |key: &Key| scope.covers(key) && !list.seen.contains(key);
        let unseen = self.shared.take_unseen(list.number, is_missing);
        let missing = self.shared.objects.state(|key| !is_missing(key));
        for object in unseen {
            self.shared.publish(&Stored::Typed(object), None);
        }
        for (key, object) in missing {
            self.gone(&key, object.version(), Some(object));
        }
    }
}

fn arrived<K, F>(event: Event<Watched<K, F>>) -> Event<Arrived<K>>
where
    Fresh<K>: From<F>,
{
    match event {
        Event::Apply(object) => Event::Apply(object.arrived()),
        Event::Delete(object) => Event::Delete(object.arrived()),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(object.arrived()),
        Event::InitDone => Event::InitDone,
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
