//! The objects that another one controls.

use std::collections::HashSet;
use std::sync::Arc;

use kube::Resource;

use super::key::Key;
use super::stored::controller_uid;
use super::{Cache, Kind};
use crate::Result;

impl<K: Kind, Form> Cache<K, Form> {
    /// The objects whose controller is `owner`, by the uid of their owner reference, in the order
    /// of their names. Its cost depends on how many there are, not on how many the cache has.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
    /// # fn example(maps: opgen_runtime::Cache<ConfigMap>, deployment: &Deployment) {
    /// for map in maps.owned_by(deployment) {
    ///     println!("{:?} belongs to the Deployment", map.metadata.name);
    /// }
    /// # }
    /// ```
    pub fn owned_by<Owner: Resource>(&self, owner: &Owner) -> Vec<Arc<K>> {
        let Some(uid) = owner.meta().uid.as_deref() else {
            return Vec::new();
        };
        let keys = self.shared.perhaps_controlled_by(uid).into_iter();
        keys.filter_map(|key| self.shared.get(&key)?.typed())
            .filter(|object| controller_uid(object.meta()) == Some(uid))
            .collect()
    }

    /// Deletes the objects whose controller is `owner`, except those to keep: what it no longer
    /// wants. Returns what it has deleted. There is no request when there is nothing to delete.
    ///
    /// ```no_run
    /// # use opgen_runtime::{Cache, Result};
    /// # use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
    /// # async fn example(
    /// #     maps: Cache<ConfigMap>, owner: &Deployment, wanted: Vec<ConfigMap>,
    /// # ) -> Result<()> {
    /// let mut kept = Vec::new();
    /// for map in wanted {
    ///     kept.push(maps.apply(&map).await?);
    /// }
    /// maps.prune(owner, &kept).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the API server answers to the first deletion that fails, except that the object is
    /// gone already.
    pub async fn prune<Owner: Resource>(
        &self,
        owner: &Owner,
        keep: &[Arc<K>],
    ) -> Result<Vec<Arc<K>>> {
        let keep: HashSet<_> = keep
            .iter()
            .map(|object| Key::of::<K>(object.meta()))
            .collect();
        let mut pruned = self.owned_by(owner);
        pruned.retain(|object| {
            object.meta().deletion_timestamp.is_none()
                && !keep.contains(&Key::of::<K>(object.meta()))
        });
        for object in &pruned {
            self.delete_live(object).await?;
        }
        Ok(pruned)
    }
}
