//! Tells an object's owner that it cannot be reconciled: a condition while it lasts, and an Event.

use std::sync::{Arc, OnceLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::EventType;
use kube::runtime::reflector::ObjectRef;
use serde_json::Value;

use super::failure::{Cause, Failure};
use crate::cache::{Cache, Kind};
use crate::{Events, Result, conditions};

/// The condition of an object that cannot be reconciled, and only of those; its name is that of
/// kstatus, by which `kubectl`, Flux and Argo CD know it.
pub(crate) const STALLED: &str = "Stalled";

/// Where the conditions of an object are, made if need be.
pub(crate) type Conditions<K> = fn(&mut K) -> &mut Vec<Condition>;

pub(crate) struct Report<K: Kind> {
    pub(crate) primary: Cache<K>,
    pub(crate) events: Events,
    pub(crate) conditions: Arc<OnceLock<Conditions<K>>>,
}

impl<K: Kind> Report<K> {
    pub(super) async fn failed(&self, key: &ObjectRef<K>, failure: &Failure) {
        let Some(object) = self.primary.get(key) else {
            return;
        };
        let type_ = match failure.cause {
            Cause::Waiting => EventType::Normal,
            _ => EventType::Warning,
        };
        let (reason, message) = (failure.cause.reason(), failure.message.as_str());
        self.events
            .publish(&*object, type_, reason, "Reconcile", message);
        self.write(&object, |list| {
            let generation = object.meta().generation;
            let stalled = conditions::new(STALLED, true, reason, message, generation);
            conditions::set(list, stalled);
            true
        })
        .await;
    }

    /// Takes the condition back, also one from before a restart.
    pub(super) async fn succeeded(&self, key: &ObjectRef<K>) {
        if self.conditions.get().is_none() {
            return;
        }
        let Some(object) = self.primary.get(key) else {
            return;
        };
        self.write(&object, |list| {
            let before = list.len();
            list.retain(|condition| condition.type_ != STALLED);
            list.len() < before
        })
        .await;
    }

    /// Writes the status, if `change` has changed the conditions in it.
    async fn write(&self, object: &Arc<K>, change: impl FnOnce(&mut Vec<Condition>) -> bool) {
        let Some(conditions) = self.conditions.get() else {
            return;
        };
        let mut changed = (**object).clone();
        if !change(conditions(&mut changed)) {
            return;
        }
        if let Err(error) = self.apply(object, &changed).await {
            tracing::warn!(%error, "cannot write the condition `{STALLED}`");
        }
    }

    async fn apply(&self, object: &Arc<K>, changed: &K) -> Result<()> {
        let status: Value = serde_json::to_value(changed)?["status"].take();
        self.primary.apply_status(object, &status).await?;
        Ok(())
    }
}
