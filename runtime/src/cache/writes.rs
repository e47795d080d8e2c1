//! Writing through a cache: only what differs, and read back at once.

use std::sync::Arc;

use either::Either;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::key::Key;
use super::stored::Stored;
use super::watched::Watched;
use super::{Cache, Kind, applied};
use crate::{Error, Result};

/// What the API server answers to a write.
type Answer<K> = Watched<K, Box<K>>;

impl<K: Kind, Form> Cache<K, Form> {
    /// Makes the object what `desired` says, by server-side apply under the controller's name.
    /// Returns the object as it is now.
    ///
    /// Fields that `desired` does not set are left to others; fields that it set earlier and no
    /// longer sets are removed. Fields set by others to another value are taken over. There is no
    /// request when the object in the cache has every field already, set by us and with the same
    /// value.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # use opgen_runtime::{Cache, Result};
    /// # async fn example(maps: Cache<ConfigMap>) -> Result<()> {
    /// let mut desired = ConfigMap::default();
    /// desired.metadata.name = Some("settings".to_owned());
    /// desired.metadata.namespace = Some("default".to_owned());
    /// desired.data = Some([("colour".to_owned(), "blue".to_owned())].into());
    /// let live = maps.apply(&desired).await?;
    /// assert!(live.metadata.uid.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Permanent`] when `desired` has no name, no namespace though its kind needs one, a
    /// namespace that is not watched, or not the labels that this cache selects by; otherwise what
    /// the API server answers.
    pub async fn apply(&self, desired: &K) -> Result<Arc<K>> {
        let parameters = PatchParams::apply(self.field_manager).force();
        self.apply_with(desired, &parameters).await
    }

    /// As [`apply`](Self::apply), but takes nothing over: fields that others have set to another
    /// value are left to them, and the whole apply fails.
    ///
    /// For objects that several parties shape, where it is better to be told than to win.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::apps::v1::Deployment;
    /// # use opgen_runtime::{CompactCache, Result};
    /// # async fn example(deployments: CompactCache<Deployment>, desired: Deployment) -> Result<()> {
    /// match deployments.try_apply(&desired).await {
    ///     Err(error) if error.is_conflict() => println!("left as it is: {error}"),
    ///     answer => drop(answer?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`apply`](Self::apply), and when others have set a field to another value: the
    /// message names the fields and who has set them, and [`Error::is_conflict`] is true.
    pub async fn try_apply(&self, desired: &K) -> Result<Arc<K>> {
        let parameters = PatchParams::apply(self.field_manager);
        self.apply_with(desired, &parameters).await
    }

    async fn apply_with(&self, desired: &K, parameters: &PatchParams) -> Result<Arc<K>> {
        self.check(desired)?;
        let mut content = serde_json::to_value(desired)?;
        strip_nulls(&mut content);
        if let Some(metadata) = content["metadata"].as_object_mut() {
            // The server refuses an apply that brings them.
            metadata.remove("managedFields");
        }
        let key = Key::of::<K>(desired.meta());
        let manager = self.field_manager;
        if let Some(live) = self.shared.get(&key)
            && (self.shared.is_settled(&key, &live, manager, &content)
                || applied::is_applied(&content, &live, manager))
            && let Some(live) = live.typed()
        {
            return Ok(live);
        }
        let api = self.api(desired)?;
        let patch = Patch::Apply(&content);
        let answer = api.patch(&desired.name_any(), parameters, &patch).await?;
        let live = self.remember(answer)?;
        let stored = Stored::Typed(live.clone());
        if !applied::is_applied(&content, &stored, manager) {
            // The server writes some values in its own way. It would do so each time.
            self.shared.settle(key, stored.version(), manager, &content);
        }
        Ok(live)
    }

    /// Makes the object's status what `status` says, by server-side apply on the status
    /// subresource. Returns the object as it is now.
    ///
    /// There is no request when `object` has that status already.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::batch::v1::Job;
    /// # use opgen_runtime::{Cache, Result};
    /// # use std::sync::Arc;
    /// # async fn example(jobs: Cache<Job>, job: Arc<Job>) -> Result<()> {
    /// let mut status = job.status.clone().unwrap_or_default();
    /// status.succeeded = Some(1);
    /// let job = jobs.apply_status(&job, &status).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the API server answers; a conflict when the object was deleted and made again since.
    pub async fn apply_status<S: Serialize>(&self, object: &Arc<K>, status: &S) -> Result<Arc<K>> {
        let mut status = serde_json::to_value(status)?;
        strip_nulls(&mut status);
        let mut live = serde_json::to_value(&**object)?["status"].take();
        strip_nulls(&mut live);
        // `{}` and no status at all are the same.
        let is_empty = |value: &Value| value.as_object().is_none_or(serde_json::Map::is_empty);
        if status == live || (is_empty(&status) && is_empty(&live)) {
            return Ok(object.clone());
        }
        let content = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            // With the uid, this cannot hit another object of the same name.
            "metadata": { "name": object.meta().name, "uid": object.meta().uid },
            "status": status,
        });
        let parameters = PatchParams::apply(self.field_manager).force();
        let answer = self
            .api(object)?
            .patch_status(&object.name_any(), &parameters, &Patch::Apply(&content))
            .await?;
        self.remember(answer)
    }

    /// Makes sure that the object has the finalizer, and goes on with the object as it is then.
    ///
    /// Call it before anything is made that has to be cleaned up.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # use opgen_runtime::{Cache, Result};
    /// # use std::sync::Arc;
    /// # async fn example(maps: Cache<ConfigMap>, map: Arc<ConfigMap>) -> Result<()> {
    /// const FINALIZER: &str = "example.com/cleanup";
    /// if map.metadata.deletion_timestamp.is_some() {
    ///     // What is outside of the cluster goes first.
    ///     return maps.remove_finalizer(&map, FINALIZER).await;
    /// }
    /// let map = maps.ensure_finalizer(map, FINALIZER).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the API server answers; it refuses (reason `Invalid`) when somebody else changed the
    /// finalizers since `object` was read.
    pub async fn ensure_finalizer(&self, object: Arc<K>, finalizer: &str) -> Result<Arc<K>> {
        let current = object.finalizers();
        if current.iter().any(|known| known == finalizer) {
            return Ok(object);
        }
        let mut wanted = current.to_vec();
        wanted.push(finalizer.to_owned());
        let answer = self.patch_finalizers(&object, &wanted).await?;
        self.remember(answer)
    }

    /// Takes the finalizer off, if the object has it. With the last one gone, Kubernetes completes
    /// the deletion. An object that is gone already is as good.
    ///
    /// # Errors
    ///
    /// As for [`ensure_finalizer`](Self::ensure_finalizer).
    pub async fn remove_finalizer(&self, object: &K, finalizer: &str) -> Result<()> {
        let current = object.finalizers();
        let wanted: Vec<_> = current
            .iter()
            .filter(|known| *known != finalizer)
            .cloned()
            .collect();
        if wanted.len() == current.len() {
            return Ok(());
        }
        match self.patch_finalizers(object, &wanted).await {
            Ok(answer) => {
                let is_gone = wanted.is_empty() && object.meta().deletion_timestamp.is_some();
                if !is_gone {
                    self.remember(answer)?;
                }
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes the object, with what it owns going after it. There is no request when the cache
    /// does not have the object, or it is being deleted already. Unless a finalizer holds it, the
    /// cache does not have it from then on.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// # use kube::runtime::reflector::ObjectRef;
    /// # use opgen_runtime::{Cache, Result};
    /// # async fn example(maps: Cache<ConfigMap>) -> Result<()> {
    /// maps.delete(&ObjectRef::new("settings").within("default")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the API server answers, except that the object is gone already.
    pub async fn delete(&self, key: &ObjectRef<K>) -> Result<()> {
        match self.get(key) {
            Some(live) => self.delete_live(&live).await,
            None => Ok(()),
        }
    }

    /// Deletes exactly this object, unless it is being deleted already.
    pub(super) async fn delete_live(&self, live: &K) -> Result<()> {
        if live.meta().deletion_timestamp.is_some() {
            return Ok(());
        }
        let parameters = DeleteParams {
            preconditions: Some(Preconditions {
                uid: live.meta().uid.clone(),
                resource_version: None,
            }),
            ..DeleteParams::background()
        };
        match self.api(live)?.delete(&live.name_any(), &parameters).await {
            // It has finalizers, so it stays for now, with a deletion timestamp.
            Ok(Either::Left(answer)) => return self.remember(answer).map(drop),
            Ok(Either::Right(_)) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
        let key = Key::of::<K>(live.meta());
        let uid = live.meta().uid.as_deref();
        self.shared.remember_deletion(&key, uid);
        Ok(())
    }

    /// Sets the finalizers, if they are still those of `object`.
    async fn patch_finalizers(&self, object: &K, wanted: &[String]) -> Result<Answer<K>> {
        let current = match object.finalizers() {
            [] => Value::Null,
            some => some.into(),
        };
        let operations = json!([
            { "op": "test", "path": "/metadata/uid", "value": object.meta().uid },
            { "op": "test", "path": "/metadata/finalizers", "value": current },
            { "op": "add", "path": "/metadata/finalizers", "value": wanted },
        ]);
        let patch: Patch<()> = Patch::Json(serde_json::from_value(operations)?);
        let parameters = PatchParams {
            field_manager: Some(self.field_manager.to_owned()),
            ..PatchParams::default()
        };
        let answer = self
            .api(object)?
            .patch(&object.name_any(), &parameters, &patch)
            .await?;
        Ok(answer)
    }

    fn remember(&self, answer: Answer<K>) -> Result<Arc<K>> {
        match answer.object {
            Ok(object) => Ok(self.shared.remember(*object, self.handle)),
            Err(error) => Err(Error::other(format!(
                "the API server's answer is no valid {}: {error}",
                K::kind(&()),
            ))),
        }
    }

    fn api(&self, object: &K) -> Result<Api<Answer<K>>> {
        let client = self.shared.source.client.clone();
        if !K::NAMESPACED {
            return Ok(Api::all_with(client, &()));
        }
        match &object.meta().namespace {
            Some(namespace) => Ok(Api::namespaced_with(client, namespace, &())),
            None => Err(Error::permanent(format!(
                "{} has no namespace",
                said(object)
            ))),
        }
    }

    /// Refuses what the watch would never show: this process would not know its own objects.
    fn check(&self, desired: &K) -> Result<()> {
        if desired.meta().name.as_deref().is_none_or(str::is_empty) {
            return Err(Error::permanent(format!(
                "a {} without a name",
                K::kind(&())
            )));
        }
        let source = &self.shared.source;
        if let Some(namespace) = desired.meta().namespace.as_ref().filter(|_| K::NAMESPACED)
            && !source.namespaces.is_empty()
            && !source.namespaces.contains(namespace)
        {
            return Err(Error::permanent(format!(
                "{} is in a namespace that is not watched",
                said(desired)
            )));
        }
        let selector = source.config.label_selector.as_deref().unwrap_or_default();
        for (label, value) in equalities(selector) {
            if desired.labels().get(label).map(String::as_str) != Some(value) {
                return Err(Error::permanent(format!(
                    "{} lacks the label `{label}={value}` that its cache selects by",
                    said(desired)
                )));
            }
        }
        Ok(())
    }
}

fn said<K: Kind>(object: &K) -> String {
    format!("{} `{}`", K::kind(&()), Key::of::<K>(object.meta()))
}

/// The `label=value` parts of a selector; what else there may be is left to the server.
fn equalities(selector: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_plain = !selector.contains(['(', '!']);
    let parts = is_plain.then(|| selector.split(','));
    parts.into_iter().flatten().filter_map(|part| {
        let (label, value) = part.split_once("==").or_else(|| part.split_once('='))?;
        Some((label.trim(), value.trim()))
    })
}

/// Takes `null` fields out: for an apply, a field that is null is a field that is not set.
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_equalities_of_a_selector_are_checked() {
        let pairs = |selector| equalities(selector).collect::<Vec<_>>();
        assert_eq!(pairs("a=b, c == d,e"), [("a", "b"), ("c", "d")]);
        assert!(pairs("a in (b,c)").is_empty());
        assert!(pairs("a!=b").is_empty());
        assert!(pairs("").is_empty());
    }

    #[test]
    fn nulls_are_not_sent() {
        let mut value = json!({ "a": null, "b": [{ "c": null, "d": 1 }] });
        strip_nulls(&mut value);
        assert_eq!(value, json!({ "b": [{ "d": 1 }] }));
    }
}
