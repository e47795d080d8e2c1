//! What all handles of one cache share: the objects, our own writes, the subscribers.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::mpsc;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Client, Resource};
use serde_json::Value;

use super::key::Key;
use super::kind::Kind;
use super::malformed::Malformed;
use super::managed_fields;
use super::objects::Objects;
use super::stored::{Fresh, Owner, Stored, controller_uid};

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
    /// What the watch has shown.
    pub(super) objects: Objects<K>,
    pub(super) malformed: Malformed<K>,
    /// Every controller that applies through this cache.
    field_managers: Mutex<BTreeSet<&'static str>>,
    memory: Mutex<Memory<K>>,
    subscribers: Mutex<Vec<Subscriber<K>>>,
}

/// What we know beyond what the watch has shown.
struct Memory<K: Kind> {
    /// Our writes that the watch has not shown yet.
    ahead: HashMap<Key, Ahead<K>>,
    /// Our deletions that the watch has not shown yet.
    gone: HashMap<Key, Gone>,
    /// What the last apply to an object was, and the resource version it led to, if that does not
    /// look like what was applied.
    settled: HashMap<(Key, &'static str), Settled>,
    /// Resource versions of recent deletions: the answer to a write may arrive after the watch has
    /// already shown that the object is gone.
    deleted: HashMap<Key, u64>,
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

struct Gone {
    uid: Option<String>,
    /// `Memory::lists` at the time of the deletion.
    lists: u64,
}

#[derive(Clone, Copy, PartialEq)]
struct Settled {
    desired: u64,
    version: u64,
}

struct Subscriber<K> {
    handle: usize,
    sender: mpsc::UnboundedSender<Stored<K>>,
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
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            objects: Objects::default(),
            malformed: Malformed::default(),
            field_managers: Mutex::default(),
            memory: Mutex::new(Memory {
                ahead: HashMap::new(),
                gone: HashMap::new(),
                settled: HashMap::new(),
                deleted: HashMap::new(),
                lists: 0,
            }),
            subscribers: Mutex::default(),
        }
    }

    /// From now on, the managedFields entries of that field manager are kept.
    pub(super) fn keep_entries_of(&self, field_manager: &'static str) {
        lock(&self.field_managers).insert(field_manager);
    }

    /// Drops what other field managers have applied.
    pub(super) fn trim(&self, object: &mut Fresh<K>) {
        let ours = lock(&self.field_managers);
        object.keep_applied_by(|manager| ours.contains(manager));
    }

    pub(super) fn get(&self, key: &Key) -> Option<Stored<K>> {
        self.malformed.used();
        let memory = lock(&self.memory);
        memory.newest(key, self.objects.get(key))
    }

    pub(super) fn state(&self) -> Vec<Stored<K>> {
        self.malformed.used();
        let memory = lock(&self.memory);
        let is_touched =
            |key: &Key| memory.ahead.contains_key(key) || memory.gone.contains_key(key);
        let untouched = self.objects.state(is_touched).into_iter();
        let touched: BTreeSet<_> = memory.ahead.keys().chain(memory.gone.keys()).collect();
        let touched = touched
            .into_iter()
            .filter_map(|key| memory.newest(key, self.objects.get(key)));
        untouched.map(|(_, object)| object).chain(touched).collect()
    }

    /// The keys of the objects that the one with that uid may control: every one that it does, and
    /// perhaps others.
    pub(super) fn perhaps_controlled_by(&self, uid: &str) -> BTreeSet<Key> {
        let memory = lock(&self.memory);
        let is_owned = |ahead: &Ahead<K>| controller_uid(ahead.object.meta()) == Some(uid);
        let written = memory.ahead.iter().filter(|(_, ahead)| is_owned(ahead));
        let written = written.map(|(key, _)| key.clone());
        let shown = self.objects.controlled_by(Owner::of(uid));
        written.chain(shown).collect()
    }

    /// Remembers the server's answer to a write until the watch has shown it.
    pub(super) fn remember(&self, mut written: K, handle: usize) -> Arc<K> {
        let ours = lock(&self.field_managers);
        managed_fields::keep_only(written.meta_mut(), |manager| ours.contains(manager));
        drop(ours);
        let (key, version_written) = (Key::of::<K>(written.meta()), version(&written));
        let written = Arc::new(written);
        // The lock is held across the look at the store: `caught_up` waits for it, so the watch
        // cannot show this version between the look and the insertion.
        let mut memory = lock(&self.memory);
        let is_shown = self
            .objects
            .get(&key)
            .is_some_and(|stored| stored.version() >= version_written);
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

    /// We have deleted the object with that uid, and the server keeps nothing of it.
    pub(super) fn remember_deletion(&self, key: &Key, uid: Option<&str>) {
        let mut memory = lock(&self.memory);
        let is_it = |ahead: &Ahead<K>| ahead.object.meta().uid.as_deref() == uid;
        if memory.ahead.get(key).is_some_and(is_it) {
            memory.ahead.remove(key);
        }
        let gone = Gone {
            uid: uid.map(str::to_owned),
            lists: memory.lists,
        };
        // Without one in the store, the watch has shown the deletion already, or neither it nor the
        // creation: that is rare, and the deletion follows at once.
        if self.objects.get(key).is_some() {
            memory.gone.insert(key.clone(), gone);
        }
    }

    /// The watch shows a version of an object: forgets our write of it if that is not newer.
    /// Returns whose write led to exactly this version, if it was one of ours.
    pub(super) fn caught_up(&self, key: &Key, shown: u64) -> Option<usize> {
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
    pub(super) fn forget(&self, key: &Key, gone_at: u64) {
        let mut memory = lock(&self.memory);
        if memory.deleted.len() >= DELETIONS {
            // They only matter for as long as a request is under way.
            memory.deleted.clear();
        }
        memory.deleted.insert(key.clone(), gone_at);
        memory.gone.remove(key);
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
    pub(super) fn take_unseen(&self, list: u64, is_missing: impl Fn(&Key) -> bool) -> Vec<Arc<K>> {
        let mut memory = lock(&self.memory);
        // The list is newer than these.
        memory.gone.retain(|_, gone| gone.lists >= list);
        let is_unseen = |key: &Key, ahead: &mut Ahead<K>| ahead.lists < list && is_missing(key);
        let unseen = memory.ahead.extract_if(is_unseen);
        unseen.map(|(_, ahead)| ahead.object).collect()
    }

    /// True when the last apply of that manager to the live object was of the same content, and
    /// nobody has written the object since.
    pub(super) fn is_settled(
        &self,
        key: &Key,
        live: &Stored<K>,
        field_manager: &'static str,
        desired: &Value,
    ) -> bool {
        let key = (key.clone(), field_manager);
        let settled = lock(&self.memory).settled.get(&key).copied();
        settled.is_some_and(|settled| {
            settled.version == live.version() && settled.desired == fingerprint(desired)
        })
    }

    /// Remembers that an apply of `desired` led to that version, although it looks different.
    pub(super) fn settle(
        &self,
        key: Key,
        version: u64,
        field_manager: &'static str,
        desired: &Value,
    ) {
        let settled = Settled {
            desired: fingerprint(desired),
            version,
        };
        let mut memory = lock(&self.memory);
        memory.settled.insert((key, field_manager), settled);
    }

    /// Everything that is there, then everything that is published from now on.
    pub(super) fn subscribe(&self, handle: usize) -> mpsc::UnboundedReceiver<Stored<K>> {
        self.malformed.used();
        let (sender, receiver) = mpsc::unbounded();
        // Held until the sender is in the list: no change falls between the two.
        let mut subscribers = lock(&self.subscribers);
        for (_, object) in self.objects.state(|_| false) {
            // The receiver is still here, so this cannot fail.
            let _ = sender.unbounded_send(object);
        }
        subscribers.push(Subscriber { handle, sender });
        receiver
    }

    /// Tells every subscriber but the controller `except` that the object has changed or is gone.
    pub(super) fn publish(&self, object: &Stored<K>, except: Option<usize>) {
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

impl<K: Kind> Memory<K> {
    /// The newer of what we have written and what the watch has shown.
    fn newest(&self, key: &Key, shown: Option<Stored<K>>) -> Option<Stored<K>> {
        let shown = shown.filter(|object| match self.gone.get(key) {
            Some(gone) => object.identity().and_then(|it| it.metadata.uid) != gone.uid,
            None => true,
        });
        let ahead = self.ahead.get(key);
        match (ahead, shown) {
            (Some(ahead), Some(shown)) if version(&*ahead.object) <= shown.version() => Some(shown),
            (Some(ahead), _) => Some(Stored::Typed(ahead.object.clone())),
            (None, shown) => shown,
        }
    }
}

/// A number that differs, in all likelihood, when the content does.
fn fingerprint(content: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.to_string().hash(&mut hasher);
    hasher.finish()
}

/// No code that holds one of our locks can panic half-way through a change, so a poisoned lock is
/// as good as any.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
