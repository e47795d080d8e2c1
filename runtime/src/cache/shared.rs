//! What all handles of one cache share: the store, our own writes, the subscribers.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::mpsc;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Client, Resource};
use serde_json::Value;

use super::kind::Kind;
use super::managed_fields;

/// How many deletions are remembered, at most.
const DELETIONS: usize = 1024;

/// Where objects come from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) client: Client,
    /// Empty: all of them.
    pub(super) namespaces: Vec<String>,
    pub(super) config: watcher::Config,
}

pub(crate) struct Shared<K: Kind> {
    pub(super) source: Source,
    store: Store<K>,
    /// Every controller that applies through this cache.
    field_managers: Mutex<BTreeSet<&'static str>>,
    memory: Mutex<Memory<K>>,
    subscribers: Mutex<Vec<Subscriber<K>>>,
}

/// What we know beyond what the watch has shown.
struct Memory<K: Kind> {
    /// Our writes that the watch has not shown yet.
    ahead: HashMap<ObjectRef<K>, Ahead<K>>,
    /// What the last apply to an object was, and the resource version it led to.
    settled: HashMap<(ObjectRef<K>, &'static str), Settled>,
    /// Resource versions of recent deletions: the answer to a write may arrive after the watch has
    /// already shown that the object is gone.
    deleted: HashMap<ObjectRef<K>, u64>,
    /// How many lists have begun.
    lists: u64,
}

struct Ahead<K> {
    object: Arc<K>,
    handle: usize,
    /// Versions that earlier writes of the same controller led to, not shown yet either.
    earlier: Vec<u64>,
    /// `Memory::lists` at the time of writing.
    lists: u64,
}

#[derive(Clone, Copy, PartialEq)]
struct Settled {
    desired: u64,
    version: u64,
}

struct Subscriber<K> {
    handle: usize,
    sender: mpsc::UnboundedSender<Arc<K>>,
}

/// The resource version as a number: 0 when there is none. Kubernetes promises that they can be
/// compared since 1.35, and etcd always made it so.
pub(crate) fn version<K: Resource>(object: &K) -> u64 {
    let version = object.meta().resource_version.as_deref();
    version.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The key of an object, without the further data that `ObjectRef::from_obj` copies.
pub(crate) fn key_of<K: Resource<DynamicType = ()>>(object: &K) -> ObjectRef<K> {
    let meta = object.meta();
    let key = ObjectRef::new(meta.name.as_deref().unwrap_or_default());
    match &meta.namespace {
        Some(namespace) => key.within(namespace),
        None => key,
    }
}

impl<K: Kind> Shared<K> {
    pub(super) fn new(source: Source, store: Store<K>) -> Self {
        Self {
            source,
            store,
            field_managers: Mutex::default(),
            memory: Mutex::new(Memory {
                ahead: HashMap::new(),
                settled: HashMap::new(),
                deleted: HashMap::new(),
                lists: 0,
            }),
            subscribers: Mutex::default(),
        }
    }

    pub(super) fn store(&self) -> Store<K> {
        self.store.clone()
    }

    /// From now on, the managedFields entries of that field manager are kept.
    pub(super) fn keep_entries_of(&self, field_manager: &'static str) {
        lock(&self.field_managers).insert(field_manager);
    }

    /// Drops what is not kept in memory.
    pub(super) fn trim(&self, object: &mut K) {
        let ours = lock(&self.field_managers);
        managed_fields::keep_only(object.meta_mut(), |manager| ours.contains(manager));
    }

    pub(super) fn get(&self, key: &ObjectRef<K>) -> Option<Arc<K>> {
        let memory = lock(&self.memory);
        let written = memory.ahead.get(key).map(|ahead| ahead.object.clone());
        newer(written, self.store.get(key))
    }

    pub(super) fn state(&self) -> Vec<Arc<K>> {
        let memory = lock(&self.memory);
        let mut objects = self.store.state();
        if memory.ahead.is_empty() {
            return objects;
        }
        let mut written: HashMap<_, _> = memory
            .ahead
            .iter()
            .map(|(key, ahead)| (key.clone(), ahead.object.clone()))
            .collect();
        for object in &mut objects {
            let newest = newer(written.remove(&key_of(&**object)), Some(object.clone()));
            object.clone_from(&newest.unwrap_or_else(|| object.clone()));
        }
        objects.extend(written.into_values());
        objects
    }

    /// Remembers the server's answer to a write until the watch has shown it.
    pub(super) fn remember(&self, mut written: K, handle: usize) -> Arc<K> {
        self.trim(&mut written);
        let (key, version_written) = (key_of(&written), version(&written));
        let written = Arc::new(written);
        // The lock is held across the look at the store: `caught_up` waits for it, so the watch
        // cannot show this version between the look and the insertion.
        let mut memory = lock(&self.memory);
        let is_shown = self
            .store
            .get(&key)
            .is_some_and(|stored| version(&*stored) >= version_written);
        let is_gone = memory
            .deleted
            .get(&key)
            .is_some_and(|deleted| *deleted >= version_written);
        if !is_shown && !is_gone {
            let mut earlier = Vec::new();
            if let Some(before) = memory.ahead.remove(&key)
                && before.handle == handle
            {
                earlier = before.earlier;
                earlier.push(version(&*before.object));
            }
            let ahead = Ahead {
                object: written.clone(),
                handle,
                earlier,
                lists: memory.lists,
            };
            memory.ahead.insert(key, ahead);
        }
        written
    }

    /// The watch shows a version of an object: forgets our write of it if that is not newer.
    /// Returns whose write led to exactly this version, if it was one of ours.
    pub(super) fn caught_up(&self, key: &ObjectRef<K>, shown: u64) -> Option<usize> {
        let mut memory = lock(&self.memory);
        let ahead = memory.ahead.get(key)?;
        let (written, handle) = (version(&*ahead.object), ahead.handle);
        let is_ours = written == shown || ahead.earlier.contains(&shown);
        if written <= shown {
            memory.ahead.remove(key);
        }
        is_ours.then_some(handle)
    }

    /// The object is gone as of that resource version.
    pub(super) fn forget(&self, key: &ObjectRef<K>, gone_at: u64) {
        let mut memory = lock(&self.memory);
        if memory.deleted.len() >= DELETIONS {
            // They only matter for as long as a request is under way.
            memory.deleted.clear();
        }
        memory.deleted.insert(key.clone(), gone_at);
        // Made again already? Then the newer object stays.
        if memory
            .ahead
            .get(key)
            .is_some_and(|ahead| version(&*ahead.object) <= gone_at)
        {
            memory.ahead.remove(key);
        }
        for field_manager in lock(&self.field_managers).iter() {
            memory.settled.remove(&(key.clone(), *field_manager));
        }
    }

    /// A list begins. Returns its number.
    pub(super) fn list_begins(&self) -> u64 {
        let mut memory = lock(&self.memory);
        memory.lists += 1;
        memory.lists
    }

    /// Takes out what we wrote before the list of that number and neither it nor the watch has
    /// shown since: it was deleted without our hearing of it.
    pub(super) fn take_unseen(
        &self,
        list: u64,
        is_missing: impl Fn(&ObjectRef<K>) -> bool,
    ) -> Vec<Arc<K>> {
        let mut memory = lock(&self.memory);
        let unseen: Vec<_> = memory
            .ahead
            .iter()
            .filter(|(key, ahead)| ahead.lists < list && is_missing(key))
            .map(|(key, _)| key.clone())
            .collect();
        unseen
            .iter()
            .filter_map(|key| memory.ahead.remove(key))
            .map(|ahead| ahead.object)
            .collect()
    }

    /// True when the last apply of that manager to the live object was of the same content, and
    /// nobody has written the object since.
    pub(super) fn is_settled(&self, live: &K, field_manager: &'static str, desired: u64) -> bool {
        let version = version(live);
        let key = (key_of(live), field_manager);
        lock(&self.memory).settled.get(&key) == Some(&Settled { desired, version })
    }

    pub(super) fn settle(&self, live: &K, field_manager: &'static str, desired: u64) {
        let version = version(live);
        let key = (key_of(live), field_manager);
        lock(&self.memory)
            .settled
            .insert(key, Settled { desired, version });
    }

    /// Everything that is there, then everything that is published from now on.
    pub(super) fn subscribe(&self, handle: usize) -> mpsc::UnboundedReceiver<Arc<K>> {
        let (sender, receiver) = mpsc::unbounded();
        // Held until the sender is in the list: no change falls between the two.
        let mut subscribers = lock(&self.subscribers);
        for object in self.store.state() {
            // The receiver is still here, so this cannot fail.
            let _ = sender.unbounded_send(object);
        }
        subscribers.push(Subscriber { handle, sender });
        receiver
    }

    /// Tells every subscriber but the controller `except` that the object has changed or is gone.
    pub(super) fn publish(&self, object: &Arc<K>, except: Option<usize>) {
        lock(&self.subscribers).retain(|subscriber| {
            Some(subscriber.handle) == except
                || subscriber.sender.unbounded_send(object.clone()).is_ok()
        });
    }

    #[cfg(test)]
    pub(super) fn end_subscriptions(&self) {
        lock(&self.subscribers).clear();
    }
}

fn newer<K: Kind>(written: Option<Arc<K>>, stored: Option<Arc<K>>) -> Option<Arc<K>> {
    match (written, stored) {
        (Some(written), Some(stored)) if version(&*written) > version(&*stored) => Some(written),
        (written, stored) => stored.or(written),
    }
}

/// A number that differs, in all likelihood, when the content does.
pub(super) fn fingerprint(content: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.to_string().hash(&mut hasher);
    hasher.finish()
}

/// No code that holds one of our locks can panic half-way through a change, so a poisoned lock is
/// as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
