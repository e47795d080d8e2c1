//! What a type must be to be cached.

use std::fmt::Debug;

use kube::Resource;
use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind that can be cached: any type from k8s-openapi or from kube's `CustomResource` derive,
/// namespaced or not. Implemented for all of them; there is nothing to implement by hand.
///
/// ```
/// use opgen_runtime::Kind;
///
/// fn where_is<K: Kind>() -> &'static str {
///     if K::NAMESPACED { "in a namespace" } else { "in the cluster" }
/// }
/// assert_eq!(where_is::<k8s_openapi::api::core::v1::Pod>(), "in a namespace");
/// assert_eq!(where_is::<k8s_openapi::api::core::v1::Node>(), "in the cluster");
/// ```
pub trait Kind:
    Resource<DynamicType = (), Scope: KnownScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// Whether objects of this kind are in namespaces.
    const NAMESPACED: bool = <Self::Scope as KnownScope>::NAMESPACED;
}

impl<K> Kind for K where
    K: Resource<DynamicType = (), Scope: KnownScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// A scope that the type itself tells.
pub trait KnownScope {
    /// Whether objects are in namespaces.
    const NAMESPACED: bool;
}

impl KnownScope for NamespaceResourceScope {
    const NAMESPACED: bool = true;
}

impl KnownScope for ClusterResourceScope {
    const NAMESPACED: bool = false;
}

/// `deployments.apps`, or `secrets` for the core group.
pub(crate) fn resource_name<K: Kind>() -> String {
    let (plural, group) = (K::plural(&()), K::group(&()));
    if group.is_empty() {
        plural.into_owned()
    } else {
        format!("{plural}.{group}")
    }
}
