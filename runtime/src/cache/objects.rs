//! The objects that the watch has shown, and which of them belong to whom.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;

use super::key::Key;
use super::kind::Kind;
use super::stored::{Compact, Fresh, Owner, Stored};

pub(super) struct Objects<K: Kind> {
    /// Somebody needs kube's own store. Set before the first object comes, if at all.
    is_typed: AtomicBool,
    typed: Store<K>,
    writer: Mutex<Writer<K>>,
    compact: RwLock<HashMap<Key, Arc<Compact>>>,
    /// The text of one compact object, of which the others say how they differ.
    dictionary: OnceLock<Arc<[u8]>>,
    /// Who controls what: 24 bytes an object, so it is there whether it is asked for or not.
    owned: RwLock<BTreeSet<(Owner, Key)>>,
}

impl<K: Kind> Default for Objects<K> {
    fn default() -> Self {
        let writer = Writer::default();
        Self {
            is_typed: AtomicBool::new(false),
            typed: writer.as_reader(),
            writer: Mutex::new(writer),
            compact: RwLock::default(),
            dictionary: OnceLock::new(),
            owned: RwLock::default(),
        }
    }
}

impl<K: Kind> Objects<K> {
    pub(super) fn keep_typed(&self) {
        self.is_typed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_typed(&self) -> bool {
        self.is_typed.load(Ordering::Relaxed)
    }

    /// What kube's `Controller` reads. Empty unless the objects are kept typed.
    pub(super) fn store(&self) -> Store<K> {
        self.typed.clone()
    }

    /// Makes a compact object smaller.
    pub(super) fn pack(&self, object: &mut Fresh<K>) {
        if let Fresh::Compact(object) = object {
            object.pack(&self.dictionary);
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Stored<K>> {
        if self.is_typed() {
            self.typed.get(&key.to_ref()).map(Stored::Typed)
        } else {
            let objects = read(&self.compact);
            objects.get(key).cloned().map(Stored::Compact)
        }
    }

    /// Every object but those to skip, in no particular order.
    pub(super) fn state(&self, skip: impl Fn(&Key) -> bool) -> Vec<(Key, Stored<K>)> {
        if self.is_typed() {
            let objects = self.typed.state().into_iter();
            objects
                .map(|object| (Key::of::<K>(object.meta()), Stored::Typed(object)))
                .filter(|(key, _)| !skip(key))
                .collect()
        } else {
            let objects = read(&self.compact);
            let kept = objects.iter().filter(|(key, _)| !skip(key));
            kept.map(|(key, object)| (key.clone(), Stored::Compact(object.clone())))
                .collect()
        }
    }

    pub(super) fn controlled_by(&self, owner: Owner) -> Vec<Key> {
        let owned = read(&self.owned);
        owned
            .range((owner, Key::lowest())..)
            .take_while(|(other, _)| *other == owner)
            .map(|(_, key)| key.clone())
            .collect()
    }

    pub(super) fn insert(&self, key: &Key, object: Fresh<K>) -> Stored<K> {
        let before = self.get(key).and_then(|known| known.controller());
        let stored = match object {
            Fresh::Typed(object) => {
                self.write(&Event::Apply(*object));
                let stored = self.typed.get(&key.to_ref());
                Stored::Typed(stored.expect("it was written, and this is the only writer"))
            }
            Fresh::Compact(object) => {
                let object = Arc::new(object);
                write(&self.compact).insert(key.clone(), object.clone());
                Stored::Compact(object)
            }
        };
        let after = stored.controller();
        if before != after {
            self.own(key, before, after);
        }
        stored
    }

    pub(super) fn remove(&self, key: &Key) -> Option<Stored<K>> {
        let known = self.get(key)?;
        match &known {
            Stored::Typed(object) => self.write(&Event::Delete((**object).clone())),
            Stored::Compact(_) => drop(write(&self.compact).remove(key)),
        }
        self.own(key, known.controller(), None);
        Some(known)
    }

    /// Puts in all at once, while there are none yet.
    pub(super) fn fill(&self, objects: HashMap<Key, Fresh<K>>) {
        self.write(&Event::Init);
        let mut compact = HashMap::with_capacity(if self.is_typed() { 0 } else { objects.len() });
        let mut owned = BTreeSet::new();
        for (key, object) in objects {
            let controller = object.controller();
            match object {
                Fresh::Typed(object) => self.write(&Event::InitApply(*object)),
                Fresh::Compact(object) => {
                    compact.insert(key.clone(), Arc::new(object));
                }
            }
            owned.extend(controller.map(|owner| (owner, key)));
        }
        *write(&self.compact) = compact;
        *write(&self.owned) = owned;
        self.write(&Event::InitDone);
    }

    fn own(&self, key: &Key, before: Option<Owner>, after: Option<Owner>) {
        let mut owned = write(&self.owned);
        if let Some(owner) = before {
            owned.remove(&(owner, key.clone()));
        }
        owned.extend(after.map(|owner| (owner, key.clone())));
    }

    fn write(&self, event: &Event<K>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.apply_watcher_event(event);
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
