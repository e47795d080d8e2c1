//! An object in memory: typed, or as compact JSON.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::{ObjectMeta, PartialObjectMeta, PartialObjectMetaExt};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::kind::Kind;
use super::managed_fields;
use super::shared::version;
use super::text::Text;

/// An object as it came from the API server, before it is stored.
#[derive(Clone, Debug)]
pub(super) enum Fresh<K> {
    Typed(Box<K>),
    Compact(Compact),
}

impl<K> From<Box<K>> for Fresh<K> {
    fn from(object: Box<K>) -> Self {
        Self::Typed(object)
    }
}

impl<K> From<Compact> for Fresh<K> {
    fn from(object: Compact) -> Self {
        Self::Compact(object)
    }
}

impl<K: Kind> Fresh<K> {
    /// Drops what other field managers have applied.
    pub(super) fn keep_applied_by(&mut self, is_ours: impl Fn(&str) -> bool) {
        match self {
            Self::Typed(object) => managed_fields::keep_only(object.meta_mut(), is_ours),
            Self::Compact(object) => object.text.keep_applied_by(is_ours),
        }
    }

    pub(super) fn controller(&self) -> Option<Owner> {
        match self {
            Self::Typed(object) => controller_uid(object.meta()).map(Owner::of),
            Self::Compact(object) => object.controller,
        }
    }

    pub(super) fn stored(self) -> Stored<K> {
        match self {
            Self::Typed(object) => Stored::Typed(Arc::from(object)),
            Self::Compact(object) => Stored::Compact(Arc::new(object)),
        }
    }
}

/// An object as it is kept. Clones share it.
#[derive(Clone, Debug)]
pub(super) enum Stored<K> {
    Typed(Arc<K>),
    Compact(Arc<Compact>),
}

/// An object as JSON: a tenth of the size that a type like Deployment has.
#[derive(Clone, Debug)]
pub(super) struct Compact {
    version: u64,
    controller: Option<Owner>,
    text: Text,
}

/// The uid of a controller, in short. Two uids may have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner(u64);

impl Owner {
    pub(super) fn of(uid: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        uid.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Compact {
    pub(super) fn new(mut object: Value) -> serde_json::Result<Self> {
        let applied = managed_fields::take_applied(&mut object);
        let metadata = &object["metadata"];
        let version = metadata["resourceVersion"].as_str();
        let owners = metadata["ownerReferences"].as_array();
        let mut owners = owners.into_iter().flatten();
        let controller = owners.find(|owner| owner["controller"] == true);
        Ok(Self {
            version: version.and_then(|text| text.parse().ok()).unwrap_or(0),
            controller: controller.and_then(|owner| owner["uid"].as_str().map(Owner::of)),
            text: Text::new(&object, &applied)?,
        })
    }

    /// Shares what is common with other objects; does nothing a second time.
    pub(super) fn pack(&mut self, dictionary: &OnceLock<Arc<[u8]>>) {
        self.text.pack(dictionary);
    }

    /// Reads what `T` needs. The JSON has been read as the kind's type when it came, so a failure
    /// means a type that reads one and the same text in two ways.
    fn read<T: for<'de> Deserialize<'de>>(&self) -> Option<T> {
        let read = serde_json::from_slice(self.text.unpacked()?.object());
        read.inspect_err(|error| tracing::error!(%error, "a cached object cannot be read"))
            .ok()
    }
}

impl<K: Kind> Stored<K> {
    pub(super) fn version(&self) -> u64 {
        match self {
            Self::Typed(object) => version(&**object),
            Self::Compact(object) => object.version,
        }
    }

    pub(super) fn controller(&self) -> Option<Owner> {
        match self {
            Self::Typed(object) => controller_uid(object.meta()).map(Owner::of),
            Self::Compact(object) => object.controller,
        }
    }

    pub(super) fn typed(&self) -> Option<Arc<K>> {
        match self {
            Self::Typed(object) => Some(object.clone()),
            Self::Compact(object) => object.read().map(Arc::new),
        }
    }

    pub(super) fn json(&self) -> Option<Value> {
        match self {
            Self::Typed(object) => serde_json::to_value(&**object).ok(),
            Self::Compact(object) => object.read(),
        }
    }

    /// The fields that a manager owns by apply, as parsed FieldsV1; `None` if it owns none.
    pub(super) fn applied_by(&self, manager: &str) -> Option<Map<String, Value>> {
        match self {
            Self::Typed(object) => managed_fields::owned_by(object.meta(), manager),
            Self::Compact(object) => {
                let text = object.text.unpacked()?;
                let (_, fields) = text
                    .applied()
                    .find(|(other, _)| *other == manager.as_bytes())?;
                serde_json::from_slice(fields).ok()
            }
        }
    }

    /// Which object it is and who owns it, and nothing else: a compact object is not typed for it.
    pub(super) fn identity(&self) -> Option<PartialObjectMeta<K>> {
        let metadata = match self {
            Self::Typed(object) => Identity::from(object.meta()),
            Self::Compact(object) => object.read::<Head>()?.metadata,
        };
        let metadata = ObjectMeta {
            name: metadata.name,
            namespace: metadata.namespace,
            uid: metadata.uid,
            owner_references: metadata.owner_references,
            ..ObjectMeta::default()
        };
        Some(metadata.into_response_partial())
    }
}

#[derive(Deserialize)]
struct Head {
    metadata: Identity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
}

impl From<&ObjectMeta> for Identity {
    fn from(meta: &ObjectMeta) -> Self {
        Self {
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            uid: meta.uid.clone(),
            owner_references: meta.owner_references.clone(),
        }
    }
}

/// The uid of the object that controls the one with that metadata.
pub(super) fn controller_uid(meta: &ObjectMeta) -> Option<&str> {
    let mut owners = meta.owner_references.iter().flatten();
    let controller = owners.find(|owner| owner.controller == Some(true))?;
    Some(&controller.uid)
}
