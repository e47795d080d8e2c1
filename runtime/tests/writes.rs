//! What is written through a cache: pruning what an owner no longer wants, and applying without
//! force.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::*;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Api, Resource, ResourceExt};
use opgen_runtime::envtest::{Environment, eventually};
use opgen_runtime::{Cache, Manager, Setup};
use serde_json::{Value, json};

fn map(name: &str, owner: Option<(&ConfigMap, bool)>) -> ConfigMap {
    let owner = owner.map(|(owner, controller)| {
        let mut reference = owner.owner_ref(&()).unwrap();
        reference.controller = Some(controller);
        reference
    });
    let metadata = json!({
        "name": name, "namespace": NAMESPACE, "ownerReferences": owner.map(|owner| [owner]),
    });
    serde_json::from_value(json!({ "metadata": metadata, "data": { "x": "y" } })).unwrap()
}

fn names(maps: &[impl std::ops::Deref<Target = ConfigMap>]) -> Vec<String> {
    maps.iter().map(|map| map.name_any()).collect()
}

/// Waits until the cache has exactly these children of `owner`.
async fn has<Form>(maps: &Cache<ConfigMap, Form>, owner: &ConfigMap, expected: &[&str]) {
    eventually(&format!("{expected:?}"), PATIENCE, async || {
        let found = names(&maps.owned_by(owner));
        (found == expected)
            .then_some(())
            .ok_or_else(|| format!("{found:?}"))
    })
    .await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn what_an_owner_no_longer_wants_is_pruned_from_a_compact_cache() {
    prunes(|setup| setup.compact_cache(watcher::Config::default())).await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn what_an_owner_no_longer_wants_is_pruned_from_a_typed_cache() {
    prunes(|setup| setup.cache(watcher::Config::default())).await;
}

async fn prunes<Form>(cache: impl Fn(Setup<'_>) -> Cache<ConfigMap, Form>) {
    let environment = Environment::start().await.unwrap();
    let operator = operator_client(&environment).await;
    let start = || {
        let manager = Manager::with_client("maps", options(&[NAMESPACE]), operator.clone());
        let maps = cache(manager.controller("maps"));
        (maps, Running::start(manager))
    };
    let api: Api<ConfigMap> = Api::namespaced(environment.client(), NAMESPACE);
    let mut owners = Vec::new();
    for name in ["first", "second"] {
        let owner = map(name, None);
        owners.push(api.create(&Default::default(), &owner).await.unwrap());
    }
    let [first, second] = owners.as_slice() else {
        unreachable!()
    };

    let (maps, running) = start();
    let mut kept = Vec::new();
    for name in ["a", "b", "c"] {
        let child = map(name, Some((first, true)));
        kept.push(maps.apply(&child).await.unwrap());
    }
    // Written just now: the watch need not have shown it.
    assert_eq!(names(&maps.owned_by(first)), ["a", "b", "c"]);
    let others = map("others", Some((second, true)));
    maps.apply(&others).await.unwrap();
    let not_controlled = map("not-controlled", Some((first, false)));
    maps.apply(&not_controlled).await.unwrap();

    let from = writes(&environment).len();
    assert!(maps.prune(first, &kept).await.unwrap().is_empty());
    kept.truncate(1);
    assert_eq!(names(&maps.prune(first, &kept).await.unwrap()), ["b", "c"]);
    // Deleted just now: the watch need not have shown that either.
    assert!(maps.prune(first, &kept).await.unwrap().is_empty());
    assert_eq!(names(&maps.owned_by(first)), ["a"]);
    assert!(maps.get(&ObjectRef::new("b").within(NAMESPACE)).is_none());
    let deletions = ["delete configmaps"; 2];
    assert_eq!(writes(&environment).split_off(from), deletions);
    assert_eq!(names(&maps.owned_by(second)), ["others"]);

    // Made again, and held by a finalizer.
    maps.apply(&map("b", Some((first, true)))).await.unwrap();
    let held = maps.get(&ObjectRef::new("b").within(NAMESPACE)).unwrap();
    maps.ensure_finalizer(held, FINALIZER).await.unwrap();
    let from = writes(&environment).len();
    assert_eq!(names(&maps.prune(first, &kept).await.unwrap()), ["b"]);
    assert!(maps.prune(first, &kept).await.unwrap().is_empty());
    assert_eq!(writes(&environment).split_off(from), ["delete configmaps"]);
    let held = maps.get(&ObjectRef::new("b").within(NAMESPACE)).unwrap();
    assert!(held.meta().deletion_timestamp.is_some());
    maps.remove_finalizer(&held, FINALIZER).await.unwrap();
    has(&maps, first, &["a"]).await;

    // What others change is seen as well, and what was there at the start.
    let adopt = json!({ "metadata": { "ownerReferences": [second.controller_owner_ref(&())] } });
    let adopt = Patch::Merge(&adopt);
    api.patch("a", &PatchParams::default(), &adopt)
        .await
        .unwrap();
    has(&maps, first, &[]).await;
    has(&maps, second, &["a", "others"]).await;
    running.stop().await;
    let (maps, running) = start();
    has(&maps, second, &["a", "others"]).await;
    assert_eq!(
        names(&maps.prune(second, &[]).await.unwrap()),
        ["a", "others"]
    );
    let mut left = api.list(&Default::default()).await.unwrap().items;
    left.retain(|map| map.data.as_ref().is_some_and(|data| data.contains_key("x")));
    let left: Vec<_> = left.iter().map(ResourceExt::name_any).collect();
    assert_eq!(left, ["first", "not-controlled", "second"]);
    running.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn applying_without_force_names_who_has_set_a_field() {
    let environment = Environment::start().await.unwrap();
    let operator = operator_client(&environment).await;
    let manager = Manager::with_client("apps", options(&[NAMESPACE]), operator);
    let setup = manager.controller("apps");
    let deployments = setup.compact_cache::<Deployment>(watcher::Config::default());
    let running = Running::start(manager);
    let desired = |replicas: Value| -> Deployment {
        let labels = json!({ "app": "a" });
        let pod = json!({ "containers": [{ "name": "c", "image": "i" }] });
        serde_json::from_value(json!({
            "metadata": { "name": "a", "namespace": NAMESPACE },
            "spec": {
                "replicas": replicas, "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": pod },
            },
        }))
        .unwrap()
    };
    let one = desired(json!(1));
    deployments.try_apply(&one).await.unwrap();
    let scale = ["scale", "deployment/a", "--replicas=5"];
    environment.kubectl(&scale).await.unwrap();
    let key = ObjectRef::new("a").within(NAMESPACE);
    eventually("the other's change is cached", PATIENCE, async || {
        let replicas = deployments.get(&key).and_then(|live| live.spec.replicas);
        (replicas == Some(5))
            .then_some(())
            .ok_or_else(|| format!("{replicas:?}"))
    })
    .await;

    let refused = deployments.try_apply(&one).await.unwrap_err();
    assert!(refused.is_conflict());
    assert_eq!(
        refused.to_string(),
        "`spec.replicas` is set by `kubectl`, and this wants another value"
    );
    let left = deployments.try_apply(&desired(Value::Null)).await.unwrap();
    assert_eq!(
        left.spec.replicas,
        Some(5),
        "what is not set is left to others"
    );
    let forced = deployments.apply(&one).await.unwrap();
    assert_eq!(forced.spec.replicas, Some(1));
    running.stop().await;
}
