//! An object as it comes from the API server: it may not fit its type.

use std::borrow::Cow;

use kube::Resource;
use kube::core::{DynamicResourceScope, ObjectMeta};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::kind::Kind;
use super::managed_fields;

/// `K`, or what is known about an object that is no valid `K`. One such object must not stop the
/// list that it is in.
///
/// Its scope is dynamic, which lets `kube::Api` address namespaced and cluster-scoped kinds alike.
#[derive(Clone, Debug)]
pub(super) struct Watched<K>(pub(super) Result<K, Malformed>);

/// An object that does not fit its type.
#[derive(Clone, Debug)]
pub(super) struct Malformed {
    /// Name, namespace and resource version only.
    pub(super) metadata: ObjectMeta,
    pub(super) error: String,
}

impl<'de, K: Kind> Deserialize<'de> for Watched<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        managed_fields::compact(&mut value);
        let metadata = identity(&value);
        // By value: the strings move into `K`.
        let object = serde_json::from_value(value).map_err(|error| Malformed {
            metadata,
            error: error.to_string(),
        });
        Ok(Self(object))
    }
}

fn identity(value: &Value) -> ObjectMeta {
    let metadata = &value["metadata"];
    let text = |name: &str| metadata[name].as_str().map(str::to_owned);
    ObjectMeta {
        name: text("name"),
        namespace: text("namespace"),
        resource_version: text("resourceVersion"),
        ..ObjectMeta::default()
    }
}

impl<K: Kind> Resource for Watched<K> {
    type DynamicType = ();
    type Scope = DynamicResourceScope;

    fn kind(_: &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group(_: &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version(_: &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural(_: &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        match &self.0 {
            Ok(object) => object.meta(),
            Err(malformed) => &malformed.metadata,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => object.meta_mut(),
            Err(malformed) => &mut malformed.metadata,
        }
    }
}
