//! The store and its subscribers under sequences of watch events.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Client, Config, ResourceExt};
use prometheus_client::registry::Registry;
use serde_json::json;

use super::*;
use Event::{Apply, Delete, Init, InitApply, InitDone};

type Events = Vec<(usize, Event<Watched<ConfigMap>>)>;

struct Bench {
    cache: crate::Cache<ConfigMap>,
    keeper: Keeper<ConfigMap>,
    readiness: Readiness,
}

fn bench(namespaces: &[&str]) -> Bench {
    crate::client::install_crypto_provider();
    let nowhere = Config::new("http://127.0.0.1:1".parse().unwrap());
    let source = Source {
        client: Client::try_from(nowhere).unwrap(),
        namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
        config: watcher::Config::default(),
    };
    let readiness = Readiness::default();
    let writer = Writer::default();
    let shared = Arc::new(Shared::new(source, writer.as_reader()));
    let metrics = Metrics::register(&mut Registry::default());
    Bench {
        cache: crate::Cache::handle(shared.clone(), 1, "me"),
        keeper: Keeper::new(shared, writer, &readiness, metrics),
        readiness,
    }
}

fn config_map(namespace: &str, name: &str, version: u64) -> Watched<ConfigMap> {
    let metadata = json!({
        "namespace": namespace, "name": name, "resourceVersion": version.to_string(),
    });
    serde_json::from_value(json!({ "metadata": metadata })).unwrap()
}

fn malformed(namespace: &str, name: &str) -> Watched<ConfigMap> {
    let metadata = json!({ "namespace": namespace, "name": name, "resourceVersion": "9" });
    let object = serde_json::from_value(json!({ "metadata": metadata, "data": 1 })).unwrap();
    assert!(matches!(object, Watched(Err(_))));
    object
}

fn feed(keeper: &mut Keeper<ConfigMap>, events: Events) {
    for (scope, event) in events {
        keeper.event(scope, event);
    }
}

/// What a controller hears while `events` come in, in order.
async fn heard(bench: &mut Bench, events: Events) -> Vec<String> {
    let shared = bench.keeper.shared.clone();
    let heard = shared.subscribe(1);
    feed(&mut bench.keeper, events);
    shared.end_subscriptions();
    heard
        .map(|object| format!("{}/{}", object.namespace().unwrap(), object.name_any()))
        .collect()
        .await
}

fn key(namespace: &str, name: &str) -> ObjectRef<ConfigMap> {
    ObjectRef::new(name).within(namespace)
}

#[tokio::test]
async fn a_deletion_that_a_broken_watch_missed_is_heard() {
    let mut bench = bench(&[]);
    let first = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitApply(config_map("a", "y", 2))),
        (0, InitDone),
    ];
    assert_eq!(heard(&mut bench, first).await.len(), 2);
    let again = vec![
        (0, Init),
        (0, InitApply(config_map("a", "y", 2))),
        (0, InitDone),
    ];
    let mut heard = heard(&mut bench, again).await;
    // A new subscriber gets what is there; the deletion comes after it.
    assert_eq!(heard.split_off(2), ["a/x"]);
    assert_eq!(bench.cache.state().len(), 1);
}

#[tokio::test]
async fn namespaces_share_a_store_that_fills_when_all_are_listed() {
    let mut bench = bench(&["a", "b"]);
    let part = vec![
        (0, Init),
        (1, Init),
        (1, InitApply(config_map("b", "x", 1))),
        (1, InitDone),
        (1, Apply(config_map("b", "y", 2))),
        (1, Delete(config_map("b", "x", 3))),
    ];
    assert!(heard(&mut bench, part).await.is_empty());
    assert!(bench.cache.state().is_empty());
    let missing = bench.readiness.report().unwrap_err();
    assert_eq!(
        missing,
        "configmaps in a: listing\nconfigmaps in b: listing\n"
    );

    let rest = vec![(0, InitApply(config_map("a", "x", 2))), (0, InitDone)];
    let mut all = heard(&mut bench, rest).await;
    all.sort();
    assert_eq!(all, ["a/x", "b/y"]);
    assert!(bench.readiness.report().is_ok());
}

#[tokio::test]
async fn a_new_list_of_one_namespace_leaves_the_other_alone() {
    let mut bench = bench(&["a", "b"]);
    let fill = vec![
        (0, Init),
        (1, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitDone),
        (1, InitApply(config_map("b", "x", 2))),
        (1, InitDone),
    ];
    feed(&mut bench.keeper, fill);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone)]);
    assert!(bench.cache.get(&key("a", "x")).is_none());
    assert!(bench.cache.get(&key("b", "x")).is_some());
}

#[tokio::test]
async fn a_first_list_that_starts_over_forgets_its_first_pages() {
    let mut bench = bench(&[]);
    let events = vec![
        (0, Init),
        (0, InitApply(config_map("a", "gone", 1))),
        (0, Init),
        (0, InitApply(config_map("a", "x", 2))),
        (0, InitDone),
    ];
    assert_eq!(heard(&mut bench, events).await, ["a/x"]);
}

#[tokio::test]
async fn our_own_write_is_read_at_once_and_heard_by_others_only() {
    let mut bench = bench(&[]);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone)]);
    let shared = bench.keeper.shared.clone();
    shared.remember(config_map("a", "x", 5).0.unwrap(), 1);
    assert_eq!(version(&*bench.cache.get(&key("a", "x")).unwrap()), 5);
    assert_eq!(bench.cache.state().len(), 1);

    let others = shared.subscribe(2);
    let events = vec![(0, Apply(config_map("a", "x", 5)))];
    assert!(heard(&mut bench, events).await.is_empty());
    assert_eq!(others.count().await, 1);
    assert_eq!(bench.cache.state().len(), 1);
}

#[tokio::test]
async fn two_writes_in_a_row_are_both_our_own() {
    let mut bench = bench(&[]);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone)]);
    for version in [5, 6] {
        let written = config_map("a", "x", version).0.unwrap();
        bench.keeper.shared.remember(written, 1);
    }
    let events = vec![
        (0, Apply(config_map("a", "x", 5))),
        (0, Apply(config_map("a", "x", 6))),
    ];
    assert!(heard(&mut bench, events).await.is_empty());
}

#[tokio::test]
async fn a_later_change_by_others_is_heard() {
    let mut bench = bench(&[]);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone)]);
    bench
        .keeper
        .shared
        .remember(config_map("a", "x", 5).0.unwrap(), 1);
    let events = vec![(0, Apply(config_map("a", "x", 6)))];
    assert_eq!(heard(&mut bench, events).await, ["a/x"]);
    assert_eq!(version(&*bench.cache.get(&key("a", "x")).unwrap()), 6);
}

#[tokio::test]
async fn an_older_event_does_not_hide_our_write() {
    let mut bench = bench(&[]);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone)]);
    bench
        .keeper
        .shared
        .remember(config_map("a", "x", 5).0.unwrap(), 1);
    feed(&mut bench.keeper, vec![(0, Apply(config_map("a", "x", 4)))]);
    assert_eq!(version(&*bench.cache.get(&key("a", "x")).unwrap()), 5);
}

#[tokio::test]
async fn our_write_that_was_deleted_unseen_does_not_stay() {
    let mut bench = bench(&[]);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone)]);
    bench
        .keeper
        .shared
        .remember(config_map("a", "x", 5).0.unwrap(), 1);
    let again = vec![(0, Init), (0, InitDone)];
    assert_eq!(heard(&mut bench, again).await, ["a/x"]);
    assert!(bench.cache.get(&key("a", "x")).is_none());
}

#[tokio::test]
async fn a_write_during_a_list_outlives_it() {
    let mut bench = bench(&[]);
    feed(&mut bench.keeper, vec![(0, Init), (0, InitDone), (0, Init)]);
    bench
        .keeper
        .shared
        .remember(config_map("a", "x", 5).0.unwrap(), 1);
    feed(&mut bench.keeper, vec![(0, InitDone)]);
    assert!(bench.cache.get(&key("a", "x")).is_some());
}

#[tokio::test]
async fn an_answer_that_comes_after_the_deletion_makes_no_ghost() {
    let mut bench = bench(&[]);
    let events = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 4))),
        (0, InitDone),
        (0, Delete(config_map("a", "x", 6))),
    ];
    feed(&mut bench.keeper, events);
    bench
        .keeper
        .shared
        .remember(config_map("a", "x", 5).0.unwrap(), 1);
    assert!(bench.cache.get(&key("a", "x")).is_none());
    bench
        .keeper
        .shared
        .remember(config_map("a", "x", 7).0.unwrap(), 1);
    assert!(bench.cache.get(&key("a", "x")).is_some(), "made again");
}

#[tokio::test]
async fn a_malformed_object_leaves_the_store_and_the_others_stay() {
    let mut bench = bench(&[]);
    let events = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitApply(malformed("a", "bad"))),
        (0, InitApply(config_map("a", "y", 2))),
        (0, InitDone),
    ];
    assert_eq!(heard(&mut bench, events).await.len(), 2);
    let events = vec![(0, Apply(malformed("a", "x")))];
    assert_eq!(
        heard(&mut bench, events).await.len(),
        2,
        "only what is there at first"
    );
    assert!(bench.cache.get(&key("a", "x")).is_none());
    assert!(bench.cache.get(&key("a", "y")).is_some());

    let repaired = vec![(0, Apply(config_map("a", "x", 10)))];
    assert_eq!(heard(&mut bench, repaired).await, ["a/y", "a/x"]);
}

#[tokio::test]
async fn a_stream_begins_when_it_is_first_polled() {
    let mut bench = bench(&[]);
    let mut stream = std::pin::pin!(bench.cache.stream());
    let fill = vec![
        (0, Init),
        (0, InitApply(config_map("a", "x", 1))),
        (0, InitDone),
    ];
    feed(&mut bench.keeper, fill);
    for version in 2..100 {
        feed(
            &mut bench.keeper,
            vec![(0, Apply(config_map("a", "x", version)))],
        );
    }
    assert_eq!(version(&*stream.next().await.unwrap()), 99);
    assert!(stream.next().now_or_never().is_none());
}
