//! The store and its subscribers under sequences of watch events.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::reflector::ObjectRef;
use kube::{Client, Config, Resource};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::super::{CompactCache, version};
use super::*;
use Event::{Apply, Delete, Init, InitApply, InitDone};

/// Runs each test for either form: an unlisted one is dead code, and so is refused.
macro_rules! in_either_form {
    ($($test:ident,)*) => {
        mod typed {
            use super::Kept;
            $(#[tokio::test] async fn $test() { super::$test(Kept::Typed).await })*
        }
        mod compact {
            use super::Kept;
            $(#[tokio::test] async fn $test() { super::$test(Kept::Compact).await })*
        }
    };
}

#[path = "children_tests.rs"]
mod children;

/// In JSON, so that a test runs in either form.
type Events = Vec<(usize, Event<Value>)>;

/// How the cache under test keeps its objects.
#[derive(Clone, Copy)]
enum Kept {
    Typed,
    Compact,
}

struct Bench {
    cache: CompactCache<ConfigMap>,
    keeper: Keeper<ConfigMap>,
    readiness: Readiness,
    registry: Registry,
}

fn bench(kept: Kept, namespaces: &[&str]) -> Bench {
    crate::client::kubeconfig::install_crypto_provider();
    let nowhere = Config::new("http://127.0.0.1:1".parse().unwrap());
    let source = Source {
        client: Client::try_from(nowhere).unwrap(),
        namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
        config: watcher::Config::default(),
    };
    let readiness = Readiness::default();
    let shared = Arc::new(Shared::new(source));
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    if matches!(kept, Kept::Typed) {
        // One such handle is enough.
        crate::Cache::typed(shared.clone(), 7, "other");
    }
    Bench {
        cache: CompactCache::compact(shared.clone(), 1, "me"),
        keeper: Keeper::new(shared, &readiness, metrics),
        readiness,
        registry,
    }
}

impl Bench {
    fn arrive(&self, object: Value) -> Arrived<ConfigMap> {
        if self.keeper.shared.objects.is_typed() {
            let object: Watched<_, Box<ConfigMap>> = serde_json::from_value(object).unwrap();
            object.arrived()
        } else {
            let object: Watched<_, Compact> = serde_json::from_value(object).unwrap();
            object.arrived()
        }
    }

    fn feed(&mut self, events: Events) {
        for (scope, event) in events {
            let event = match event {
                Init => Init,
                InitApply(object) => InitApply(self.arrive(object)),
                InitDone => InitDone,
                Apply(object) => Apply(self.arrive(object)),
                Delete(object) => Delete(self.arrive(object)),
            };
            self.keeper.event(scope, event);
        }
    }

    /// What a controller hears while `events` come in, in order.
    async fn heard(&mut self, events: Events) -> Vec<String> {
        let shared = self.keeper.shared.clone();
        let heard = shared.subscribe(1);
        self.feed(events);
        shared.end_subscriptions();
        heard.map(|object| said(&object)).collect().await
    }

    /// The controller with that number has written.
    fn writes(&self, object: Value, handle: usize) {
        let written = serde_json::from_value(object).unwrap();
        self.keeper.shared.remember(written, handle);
    }
}

fn said(object: &Stored<ConfigMap>) -> String {
    Key::of::<ConfigMap>(object.typed().unwrap().meta()).to_string()
}

fn config_map(namespace: &str, name: &str, version: u64) -> Value {
    json!({ "metadata": {
        "namespace": namespace, "name": name, "resourceVersion": version.to_string(),
    } })
}

fn malformed(namespace: &str, name: &str) -> Value {
    let metadata = json!({ "namespace": namespace, "name": name, "resourceVersion": "9" });
    json!({ "metadata": metadata, "data": { "x": 1 } })
}

in_either_form! {
    a_deletion_that_a_broken_watch_missed_is_heard,
    namespaces_share_a_store_that_fills_when_all_are_listed,
    a_new_list_of_one_namespace_leaves_the_other_alone,
    a_first_list_that_starts_over_forgets_its_first_pages,
    our_own_write_is_read_at_once_and_heard_by_others_only,
    two_writes_in_a_row_are_both_our_own,
    a_later_change_by_others_is_heard,
    an_older_event_does_not_hide_our_write,
    our_write_that_was_deleted_unseen_does_not_stay,
    a_write_during_a_list_outlives_it,
    an_answer_that_comes_after_the_deletion_makes_no_ghost,
    a_malformed_object_leaves_the_store_and_the_others_stay,
    a_stream_begins_when_it_is_first_polled,
    one_typed_handle_is_enough_for_kubes_own_store,
    a_malformed_object_is_counted_once_in_each_version,
}

fn key(namespace: &str, name: &str) -> ObjectRef<ConfigMap> {
    ObjectRef::new(name).within(namespace)
}

async fn a_deletion_that_a_broken_watch_missed_is_heard(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let first = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitApply(config_map("a", "y", 2))),
        (0, InitDone),
    ];
    assert_eq!(bench.heard(first).await.len(), 2);
    let again = vec![
        (0, Init),
        (0, InitApply(config_map("a", "y", 2))),
        (0, InitDone),
    ];
    let mut heard = bench.heard(again).await;
    // A new subscriber gets what is there; the deletion comes after it.
    assert_eq!(heard.split_off(2), ["a/x"]);
    assert_eq!(bench.cache.state().len(), 1);
}

async fn namespaces_share_a_store_that_fills_when_all_are_listed(kept: Kept) {
    let mut bench = bench(kept, &["a", "b"]);
    let part = vec![
        (0, Init),
        (1, Init),
        (1, InitApply(config_map("b", "x", 1))),
        (1, InitDone),
        (1, Apply(config_map("b", "y", 2))),
        (1, Delete(config_map("b", "x", 3))),
    ];
    assert!(bench.heard(part).await.is_empty());
    assert!(bench.cache.state().is_empty());
    let missing = bench.readiness.report().unwrap_err();
    assert_eq!(
        missing,
        "configmaps in a: listing\nconfigmaps in b: listing\n"
    );

    let rest = vec![(0, InitApply(config_map("a", "x", 2))), (0, InitDone)];
    let mut all = bench.heard(rest).await;
    all.sort();
    assert_eq!(all, ["a/x", "b/y"]);
    assert!(bench.readiness.report().is_ok());
}

async fn a_new_list_of_one_namespace_leaves_the_other_alone(kept: Kept) {
    let mut bench = bench(kept, &["a", "b"]);
    let fill = vec![
        (0, Init),
        (1, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitDone),
        (1, InitApply(config_map("b", "x", 2))),
        (1, InitDone),
    ];
    bench.feed(fill);
    bench.feed(vec![(0, Init), (0, InitDone)]);
    assert!(bench.cache.get(&key("a", "x")).is_none());
    assert!(bench.cache.get(&key("b", "x")).is_some());
}

async fn a_first_list_that_starts_over_forgets_its_first_pages(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let events = vec![
        (0, Init),
        (0, InitApply(config_map("a", "gone", 1))),
        (0, Init),
        (0, InitApply(config_map("a", "x", 2))),
        (0, InitDone),
    ];
    assert_eq!(bench.heard(events).await, ["a/x"]);
}

async fn our_own_write_is_read_at_once_and_heard_by_others_only(kept: Kept) {
    let mut bench = bench(kept, &[]);
    bench.feed(vec![(0, Init), (0, InitDone)]);
    bench.writes(config_map("a", "x", 5), 1);
    let shared = bench.keeper.shared.clone();
    assert_eq!(version(&*bench.cache.get(&key("a", "x")).unwrap()), 5);
    assert_eq!(bench.cache.state().len(), 1);

    let others = shared.subscribe(2);
    let events = vec![(0, Apply(config_map("a", "x", 5)))];
    assert!(bench.heard(events).await.is_empty());
    assert_eq!(others.count().await, 1);
    assert_eq!(bench.cache.state().len(), 1);
}

async fn two_writes_in_a_row_are_both_our_own(kept: Kept) {
    let mut bench = bench(kept, &[]);
    bench.feed(vec![(0, Init), (0, InitDone)]);
    for version in [5, 6] {
        let written = config_map("a", "x", version);
        bench.writes(written, 1);
    }
    let events = vec![
        (0, Apply(config_map("a", "x", 5))),
        (0, Apply(config_map("a", "x", 6))),
    ];
    assert!(bench.heard(events).await.is_empty());
}

async fn a_later_change_by_others_is_heard(kept: Kept) {
    let mut bench = bench(kept, &[]);
    bench.feed(vec![(0, Init), (0, InitDone)]);
    bench.writes(config_map("a", "x", 5), 1);
    let events = vec![(0, Apply(config_map("a", "x", 6)))];
    assert_eq!(bench.heard(events).await, ["a/x"]);
    assert_eq!(version(&*bench.cache.get(&key("a", "x")).unwrap()), 6);
}

async fn an_older_event_does_not_hide_our_write(kept: Kept) {
    let mut bench = bench(kept, &[]);
    bench.feed(vec![(0, Init), (0, InitDone)]);
    bench.writes(config_map("a", "x", 5), 1);
    bench.feed(vec![(0, Apply(config_map("a", "x", 4)))]);
    assert_eq!(version(&*bench.cache.get(&key("a", "x")).unwrap()), 5);
}

async fn our_write_that_was_deleted_unseen_does_not_stay(kept: Kept) {
    let mut bench = bench(kept, &[]);
    bench.feed(vec![(0, Init), (0, InitDone)]);
    bench.writes(config_map("a", "x", 5), 1);
    let again = vec![(0, Init), (0, InitDone)];
    assert_eq!(bench.heard(again).await, ["a/x"]);
    assert!(bench.cache.get(&key("a", "x")).is_none());
}

async fn a_write_during_a_list_outlives_it(kept: Kept) {
    let mut bench = bench(kept, &[]);
    bench.feed(vec![(0, Init), (0, InitDone), (0, Init)]);
    bench.writes(config_map("a", "x", 5), 1);
    bench.feed(vec![(0, InitDone)]);
    assert!(bench.cache.get(&key("a", "x")).is_some());
}

async fn an_answer_that_comes_after_the_deletion_makes_no_ghost(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let events = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 4))),
        (0, InitDone),
        (0, Delete(config_map("a", "x", 6))),
    ];
    bench.feed(events);
    bench.writes(config_map("a", "x", 5), 1);
    assert!(bench.cache.get(&key("a", "x")).is_none());
    bench.writes(config_map("a", "x", 7), 1);
    assert!(bench.cache.get(&key("a", "x")).is_some(), "made again");
}

async fn a_malformed_object_leaves_the_store_and_the_others_stay(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let events = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitApply(malformed("a", "bad"))),
        (0, InitApply(config_map("a", "y", 2))),
        (0, InitDone),
    ];
    assert_eq!(bench.heard(events).await.len(), 2);
    let events = vec![(0, Apply(malformed("a", "x")))];
    assert_eq!(
        bench.heard(events).await.len(),
        2,
        "only what is there at first"
    );
    assert!(bench.cache.get(&key("a", "x")).is_none());
    assert!(bench.cache.get(&key("a", "y")).is_some());

    let repaired = vec![(0, Apply(config_map("a", "x", 10)))];
    assert_eq!(bench.heard(repaired).await, ["a/y", "a/x"]);
}

async fn a_stream_begins_when_it_is_first_polled(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let mut stream = std::pin::pin!(bench.cache.stream());
    let fill = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitDone),
    ];
    bench.feed(fill);
    for version in 2..100 {
        bench.feed(vec![(0, Apply(config_map("a", "x", version)))]);
    }
    assert_eq!(version(&*stream.next().await.unwrap()), 99);
    assert!(stream.next().now_or_never().is_none());
}

async fn one_typed_handle_is_enough_for_kubes_own_store(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let fill = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitDone),
    ];
    bench.feed(fill);
    let expected = match kept {
        Kept::Typed => 1,
        Kept::Compact => 0,
    };
    assert_eq!(bench.keeper.shared.objects.store().len(), expected);
    assert_eq!(bench.cache.state().len(), 1);
}

async fn a_malformed_object_is_counted_once_in_each_version(kept: Kept) {
    let mut bench = bench(kept, &[]);
    let list = || {
        vec![
            (0, Init),
            (0, InitApply(malformed("a", "x"))),
            (0, InitDone),
        ]
    };
    bench.feed(list());
    bench.feed(list());
    assert_eq!(bench.malformed(), 1);
    let mut newer = malformed("a", "x");
    newer["metadata"]["resourceVersion"] = json!("10");
    bench.feed(vec![(0, Apply(newer))]);
    assert_eq!(bench.malformed(), 2);
}

impl Bench {
    fn malformed(&self) -> usize {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| {
            line.strip_prefix("opgen_cache_malformed_objects_total{resource=\"configmaps\"} ")
        });
        line.unwrap().parse().unwrap()
    }
}
