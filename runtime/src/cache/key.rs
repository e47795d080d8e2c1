//! What an object is found by.

use std::fmt;
use std::sync::Arc;

use kube::core::ObjectMeta;
use kube::runtime::reflector::ObjectRef;

use super::kind::Kind;

/// `namespace/name`, or `name`. Clones share the text: a tenth of an [`ObjectRef`], of which a
/// cache would have one or two for each object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(Arc<str>);

impl Key {
    /// Of the object of kind `K` with that metadata.
    pub(super) fn of<K: Kind>(meta: &ObjectMeta) -> Self {
        let name = meta.name.as_deref().unwrap_or_default();
        Self::of_kind::<K>(meta.namespace.as_deref(), name)
    }

    /// For a kind that is in no namespace, kube's own store ignores one too.
    fn of_kind<K: Kind>(namespace: Option<&str>, name: &str) -> Self {
        Self::new(namespace.filter(|_| K::NAMESPACED), name)
    }

    fn new(namespace: Option<&str>, name: &str) -> Self {
        match namespace {
            Some(namespace) => Self(format!("{namespace}/{name}").into()),
            None => Self(name.into()),
        }
    }

    /// Less than any other key.
    pub(super) fn lowest() -> Self {
        Self("".into())
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.0.split_once('/').map(|(namespace, _)| namespace)
    }

    pub(super) fn to_ref<K: Kind>(&self) -> ObjectRef<K> {
        match self.0.split_once('/') {
            Some((namespace, name)) => ObjectRef::new(name).within(namespace),
            None => ObjectRef::new(&self.0),
        }
    }
}

impl<K: Kind> From<&ObjectRef<K>> for Key {
    fn from(object: &ObjectRef<K>) -> Self {
        Self::of_kind::<K>(object.namespace.as_deref(), &object.name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{ConfigMap, Namespace};

    #[test]
    fn a_key_turns_back_into_what_it_was_made_from() {
        let map = ObjectRef::<ConfigMap>::new("a.b").within("n");
        assert_eq!(Key::from(&map).to_string(), "n/a.b");
        assert_eq!(Key::from(&map).namespace(), Some("n"));
        assert_eq!(Key::from(&map).to_ref::<ConfigMap>(), map);
        // RBAC's names may have colons, but no name has a slash.
        let namespace = ObjectRef::<Namespace>::new("a:b");
        assert_eq!(Key::from(&namespace).to_ref::<Namespace>(), namespace);
    }

    #[test]
    fn a_cluster_scoped_kind_has_no_namespace() {
        let with = ObjectRef::<Namespace>::new("a").within("n");
        assert_eq!(Key::from(&with), Key::new(None, "a"));
        let meta = ObjectMeta {
            name: Some("a".to_owned()),
            namespace: Some("n".to_owned()),
            ..ObjectMeta::default()
        };
        assert_eq!(Key::of::<Namespace>(&meta), Key::new(None, "a"));
    }
}
