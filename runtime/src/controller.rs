//! What kube's `Controller` learns from further caches.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;
use kube::runtime::Controller;
use kube::runtime::reflector::ObjectRef;

use crate::cache::{Cache, Kind};

/// Feeds kube's [`Controller`] from caches, as `owns` and `watches` do from watches of its own.
///
/// ```no_run
/// use k8s_openapi::api::{apps::v1::Deployment, core::v1::{ConfigMap, Secret}};
/// use kube::runtime::{Controller, reflector::ObjectRef};
/// use opgen_runtime::{Cache, CompactCache, ControllerExt};
///
/// fn controller(
///     maps: &Cache<ConfigMap>,
///     deployments: &CompactCache<Deployment>,
///     secrets: &CompactCache<Secret>,
/// ) -> Controller<ConfigMap> {
///     maps.controller()
///         .owns_cached(deployments)
///         .watches_cached(secrets, |secret| {
///             let map = secret.metadata.labels.as_ref().and_then(|labels| labels.get("map"));
///             let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
///             map.map(|map| ObjectRef::new(map).within(namespace))
///         })
/// }
/// ```
pub trait ControllerExt<K: Kind>: Sized {
    /// Reconciles the owner whenever an object that it owns changes or is deleted.
    ///
    /// The owners are those that `metadata.ownerReferences` names, of any version of their kind.
    #[must_use]
    fn owns_cached<Child: Kind, Form>(self, children: &Cache<Child, Form>) -> Self;

    /// Reconciles what `mapper` names whenever an object of another kind changes or is deleted.
    #[must_use]
    fn watches_cached<Other, Form, Objects>(
        self,
        others: &Cache<Other, Form>,
        mapper: impl Fn(Arc<Other>) -> Objects + Send + Sync + 'static,
    ) -> Self
    where
        Other: Kind,
        Objects: IntoIterator<Item = ObjectRef<K>> + 'static,
        Objects::IntoIter: Send;
}

impl<K: Kind> ControllerExt<K> for Controller<K> {
    fn owns_cached<Child: Kind, Form>(self, children: &Cache<Child, Form>) -> Self {
        // kube's own mapping looks for the owner of a namespaced child in the child's namespace,
        // even if the owner's kind has none.
        self.watches_shared_stream(children.identity_stream(), |child| owners(&*child))
    }

    fn watches_cached<Other, Form, Objects>(
        self,
        others: &Cache<Other, Form>,
        mapper: impl Fn(Arc<Other>) -> Objects + Send + Sync + 'static,
    ) -> Self
    where
        Other: Kind,
        Objects: IntoIterator<Item = ObjectRef<K>> + 'static,
        Objects::IntoIter: Send,
    {
        self.watches_shared_stream(others.stream(), mapper)
    }
}

/// The objects of kind `K` that own `child`.
fn owners<K: Kind, Child: Resource>(child: &Child) -> Vec<ObjectRef<K>> {
    let meta = child.meta();
    let namespace = meta.namespace.as_deref().filter(|_| K::NAMESPACED);
    let references = meta.owner_references.iter().flatten();
    references
        .filter(|owner| is_kind::<K>(owner))
        .map(|owner| match namespace {
            Some(namespace) => ObjectRef::new(&owner.name).within(namespace),
            None => ObjectRef::new(&owner.name),
        })
        .collect()
}

fn is_kind<K: Resource<DynamicType = ()>>(owner: &OwnerReference) -> bool {
    let group = owner
        .api_version
        .rsplit_once('/')
        .map_or("", |(group, _)| group);
    group == K::group(&()) && owner.kind == K::kind(&())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::{ConfigMap, Namespace};

    fn child(api_version: &str, kind: &str) -> ConfigMap {
        let mut child = ConfigMap::default();
        child.metadata.namespace = Some("n".to_owned());
        child.metadata.owner_references = Some(vec![OwnerReference {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: "owner".to_owned(),
            ..OwnerReference::default()
        }]);
        child
    }

    #[test]
    fn an_owner_is_found_whatever_version_made_the_reference() {
        let expected = vec![ObjectRef::<Deployment>::new("owner").within("n")];
        assert_eq!(owners(&child("apps/v1", "Deployment")), expected);
        assert_eq!(owners(&child("apps/v2", "Deployment")), expected);
        assert!(owners::<Deployment, _>(&child("other/v1", "Deployment")).is_empty());
    }

    #[test]
    fn a_cluster_scoped_owner_has_no_namespace() {
        let expected = vec![ObjectRef::<Namespace>::new("owner")];
        assert_eq!(owners(&child("v1", "Namespace")), expected);
    }
}
