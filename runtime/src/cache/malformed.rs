//! Objects that do not fit their type: which ones there are, and an Event about each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use futures::future::BoxFuture;
use kube::Client;
use kube::core::{ObjectMeta, PartialObjectMeta, PartialObjectMetaExt};
use kube::runtime::events::EventType;

use super::key::Key;
use super::kind::Kind;
use super::shared::lock;
use crate::events::Events;

/// The malformed objects of one kind.
pub(super) struct Malformed<K> {
    known: Mutex<HashMap<Key, Misfit<K>>>,
    /// A controller has begun to work with the cache. A replica that waits for its turn to lead
    /// sees the same objects, and is to stay silent.
    in_use: AtomicBool,
    events: OnceLock<Events>,
    publisher: Mutex<Option<BoxFuture<'static, ()>>>,
}

struct Misfit<K> {
    object: PartialObjectMeta<K>,
    error: String,
    published: bool,
}

impl<K: Kind> Default for Malformed<K> {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            in_use: AtomicBool::new(false),
            events: OnceLock::new(),
            publisher: Mutex::default(),
        }
    }
}

impl<K: Kind> Malformed<K> {
    /// Publishes in that controller's name, unless there is one already.
    pub(super) fn report_as(&self, client: &Client, controller: &'static str) {
        self.events.get_or_init(|| {
            let (events, publisher) = Events::new(client.clone(), controller);
            *lock(&self.publisher) = Some(publisher);
            events
        });
    }

    /// Sends what is published. Never ends.
    pub(super) async fn publish_all(&self) {
        let publisher = lock(&self.publisher).take();
        match publisher {
            Some(publisher) => publisher.await,
            None => std::future::pending().await,
        }
    }

    /// From now on there are Events, and now those about what is known already.
    pub(super) fn used(&self) {
        if !self.in_use.swap(true, Ordering::Relaxed) {
            let mut known = lock(&self.known);
            known.values_mut().for_each(|misfit| self.publish(misfit));
        }
    }

    /// Adds an object. Returns false when it is known in this version.
    pub(super) fn add(&self, key: Key, metadata: ObjectMeta, error: String) -> bool {
        let mut known = lock(&self.known);
        let is_known = known.get(&key).is_some_and(|before| {
            before.object.metadata.resource_version == metadata.resource_version
        });
        if is_known {
            return false;
        }
        let mut misfit = Misfit {
            object: metadata.into_response_partial(),
            error,
            published: false,
        };
        if self.in_use.load(Ordering::Relaxed) {
            self.publish(&mut misfit);
        }
        known.insert(key, misfit);
        true
    }

    /// The object fits now, or is gone.
    pub(super) fn remove(&self, key: &Key) {
        lock(&self.known).remove(key);
    }

    fn publish(&self, misfit: &mut Misfit<K>) {
        if let Some(events) = self.events.get().filter(|_| !misfit.published) {
            let note = format!(
                "this object is ignored until it is corrected: {}",
                misfit.error
            );
            events.publish(
                &misfit.object,
                EventType::Warning,
                "Malformed",
                "Read",
                note,
            );
            misfit.published = true;
        }
    }
}
