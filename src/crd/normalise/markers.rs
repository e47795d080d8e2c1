//! How the lists and maps of Kubernetes' own types are merged, which k8s-openapi does not say.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

/// What the API server of Kubernetes 1.37 says of itself: `tests/markers.rs` holds it equal, and writes it. A line
/// is one of
///
/// ```text
/// atomic TYPE          objects of a type are replaced as a whole
/// atomic TYPE FIELD    so is the map at a field
/// default TYPE FIELD JSON    what a key is if it is not given
/// keys TYPE KEY,..     every list of such items that Kubernetes has is a map by these keys
/// map TYPE FIELD KEY,..    the list at a field is
/// set TYPE FIELD       the list at a field has each item once
/// ```
const TABLE: &str = include_str!("markers.txt");

/// How a list is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Each item is there once.
    Set,
    /// Items are told apart by these fields.
    Map(Vec<&'static str>),
}

/// Whether objects of a type are replaced as a whole.
pub(super) fn is_atomic(of: &str) -> bool {
    rows("atomic", of).any(|rest| rest.is_empty())
}

/// Whether the map at a field is replaced as a whole.
pub(super) fn is_atomic_at(of: &str, field: &str) -> bool {
    rows("atomic", of).any(|rest| rest == field)
}

/// How the list at a field is merged.
pub(super) fn list_at(of: &str, field: &str) -> Option<List> {
    let keys = rows("map", of).find_map(|rest| {
        let (name, keys) = rest.split_once(' ')?;
        (name == field).then(|| keys.split(',').collect())
    });
    let set = rows("set", of).any(|rest| rest == field);
    keys.map(List::Map).or(set.then_some(List::Set))
}

/// The keys of every list of such items, if they agree.
pub(super) fn keys_of(of: &str) -> Option<Vec<&'static str>> {
    rows("keys", of)
        .next()
        .map(|keys| keys.split(',').collect())
}

/// What a key is if it is not given.
pub(super) fn default_at(of: &str, field: &str) -> Option<Value> {
    rows("default", of).find_map(|rest| {
        let (name, value) = rest.split_once(' ')?;
        if name == field {
            serde_json::from_str(value).ok()
        } else {
            None
        }
    })
}

/// What the lines of one word about one type say besides.
fn rows(word: &str, of: &str) -> impl Iterator<Item = &'static str> + use<> {
    type Rows = BTreeMap<&'static str, BTreeMap<&'static str, Vec<&'static str>>>;
    /// By word and type: a pod template asks thousands of times.
    static ROWS: LazyLock<Rows> = LazyLock::new(|| {
        let mut rows = Rows::new();
        for line in TABLE.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let (of, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let of_word = rows.entry(word).or_default();
            of_word.entry(of).or_default().push(rest);
        }
        rows
    });
    let found = ROWS.get(word).and_then(|of_word| of_word.get(of));
    found.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_how_pods_are_merged() {
        let pod = "io.k8s.api.core.v1.PodSpec";
        assert_eq!(list_at(pod, "containers"), Some(List::Map(vec!["name"])));
        assert_eq!(list_at(pod, "tolerations"), None);
        assert!(is_atomic_at(pod, "nodeSelector") && !is_atomic(pod));
        let port = "io.k8s.api.core.v1.ContainerPort";
        assert_eq!(keys_of(port), Some(vec!["containerPort", "protocol"]));
        assert_eq!(default_at(port, "protocol"), Some("TCP".into()));
        assert!(is_atomic(
            "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"
        ));
        let reference = "io.k8s.api.core.v1.LocalObjectReference";
        assert_eq!(
            keys_of(reference),
            None,
            "some lists of references are atomic"
        );
    }
}
