//! An object as it comes from the API server: it may not fit its type.

use std::borrow::Cow;
use std::marker::PhantomData;

use kube::Resource;
use kube::core::{DynamicResourceScope, ObjectMeta};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::kind::Kind;
use super::managed_fields;
use super::stored::{Compact, Fresh};

/// What arrived as an object of kind `K`, and is no valid one perhaps: one such object must not stop
/// the list that it is in. `Form` is what is made of a valid one.
///
/// Its scope is dynamic, which lets `kube::Api` address namespaced and cluster-scoped kinds alike.
#[derive(Clone, Debug)]
pub(super) struct Watched<K, Form> {
    /// Name, namespace, uid and resource version only.
    pub(super) metadata: ObjectMeta,
    /// Or why it does not fit its type.
    pub(super) object: Result<Form, String>,
    kind: PhantomData<K>,
}

/// What can be made of the JSON of an object of kind `K`.
pub(super) trait Form<K>: Sized {
    fn read(value: Value) -> Result<Self, String>;
}

impl<K: Kind> Form<K> for Box<K> {
    fn read(mut value: Value) -> Result<Self, String> {
        managed_fields::compact(&mut value);
        read(&value).map(Box::new)
    }
}

impl<K: Kind> Form<K> for Compact {
    fn read(value: Value) -> Result<Self, String> {
        // Typed only to know that it can be.
        read::<K>(&value)?;
        Self::new(value).map_err(|error| error.to_string())
    }
}

impl<K, Form> Watched<K, Form> {
    /// The resource version as a number, 0 when there is none.
    pub(super) fn number(&self) -> u64 {
        let version = self.metadata.resource_version.as_deref();
        version.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The same, as something that no longer tells its form by its type.
    pub(super) fn arrived(self) -> Watched<K, Fresh<K>>
    where
        Fresh<K>: From<Form>,
    {
        Watched {
            metadata: self.metadata,
            object: self.object.map(Fresh::from),
            kind: PhantomData,
        }
    }
}

impl<'de, K, F: Form<K>> Deserialize<'de> for Watched<K, F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Self {
            metadata: identity(&value),
            object: F::read(value),
            kind: PhantomData,
        })
    }
}

fn read<K: Kind>(value: &Value) -> Result<K, String> {
    K::deserialize(value).map_err(|error| {
        // Once more, to find the path of the field, which serde alone does not tell.
        let with_path = serde_path_to_error::deserialize::<_, K>(value).err();
        with_path.map_or_else(|| error.to_string(), |error| error.to_string())
    })
}

fn identity(value: &Value) -> ObjectMeta {
    let metadata = &value["metadata"];
    let text = |name: &str| metadata[name].as_str().map(str::to_owned);
    ObjectMeta {
        name: text("name"),
        namespace: text("namespace"),
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        ..ObjectMeta::default()
    }
}

impl<K: Kind, F> Resource for Watched<K, F> {
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
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
