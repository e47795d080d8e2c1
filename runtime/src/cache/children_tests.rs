//! What is known of an owner's objects under sequences of watch events and writes.

use kube::ResourceExt;
use serde_json::{Value, json};

use super::*;

in_either_form! {
    the_children_of_an_owner_follow_every_change,
    what_we_deleted_is_gone_at_once_and_its_name_is_free,
}

fn child(name: &str, version: u64, owner: &str) -> Value {
    let mut child = config_map("a", name, version);
    let reference = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": owner, "controller": true,
    });
    child["metadata"]["ownerReferences"] = json!([reference]);
    child
}

impl Bench {
    /// The names of what the owners `one` and `two` have.
    fn children(&self) -> [String; 2] {
        ["one", "two"].map(|uid| {
            let mut owner = ConfigMap::default();
            owner.metadata.uid = Some(uid.to_owned());
            let children = self.cache.owned_by(&owner);
            let names: Vec<_> = children.iter().map(|child| child.name_any()).collect();
            names.join(" ")
        })
    }
}

async fn the_children_of_an_owner_follow_every_change(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let fill = vec![
        (0, Init),
        (0, InitApply(child("x", 1, "one"))),
        (0, InitApply(config_map("a", "nobodys", 1))),
        (0, InitDone),
        (0, Apply(child("y", 2, "one"))),
        (0, Apply(child("z", 3, "two"))),
    ];
    bench.feed(fill);
    assert_eq!(bench.children(), ["x y", "z"]);

    bench.writes(child("w", 4, "two"), 1);
    assert_eq!(bench.children(), ["x y", "w z"], "written");
    bench.writes(child("y", 5, "two"), 1);
    assert_eq!(bench.children(), ["x", "w y z"], "taken over");
    bench.feed(vec![(0, Apply(child("x", 6, "two")))]);
    assert_eq!(bench.children(), ["", "w x y z"], "given away");
    bench.feed(vec![(0, Apply(malformed("a", "x")))]);
    assert_eq!(bench.children(), ["", "w y z"], "malformed");
    bench.feed(vec![(0, Delete(child("z", 10, "two")))]);
    assert_eq!(bench.children(), ["", "w y"], "deleted");
    let again = vec![
        (0, Init),
        (0, InitApply(child("y", 5, "two"))),
        (0, InitDone),
    ];
    bench.feed(again);
    assert_eq!(bench.children(), ["", "y"], "not in a later list");
}

async fn what_we_deleted_is_gone_at_once_and_its_name_is_free(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let with_uid = |version, uid: &str| {
        let mut child = child("x", version, "one");
        child["metadata"]["uid"] = json!(uid);
        child
    };
    let fill = vec![(0, Init), (0, InitApply(with_uid(1, "u"))), (0, InitDone)];
    bench.feed(fill);
    let shared = bench.keeper.shared.clone();
    let key = key("a", "x");
    shared.remember_deletion(&Key::from(&key), Some("u"));
    assert!(bench.cache.get(&key).is_none());
    assert!(bench.cache.state().is_empty());
    assert_eq!(bench.children(), ["", ""]);

    bench.writes(with_uid(3, "v"), 1);
    assert_eq!(bench.cache.state().len(), 1, "made again");
    let shown = vec![(0, Delete(with_uid(2, "u"))), (0, Apply(with_uid(3, "v")))];
    bench.feed(shown);
    assert_eq!(version(&*bench.cache.get(&key).unwrap()), 3);
    assert_eq!(bench.children(), ["x", ""]);
}
