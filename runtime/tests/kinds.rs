//! What caches hold: kinds in namespaces and not, objects that fit their type and not.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::sync::Arc;

use common::*;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Api, Resource, ResourceExt};
use opgen_runtime::envtest::{Environment, eventually};
use opgen_runtime::{Cache, ControllerExt, Manager, Result};
use serde_json::{Value, json};

/// A Fleet is in no namespace, and owns a ConfigMap that is in one.
struct Fleets {
    fleets: Cache<Fleet>,
    maps: Cache<ConfigMap>,
}

async fn reconcile_fleet(fleet: Arc<Fleet>, context: Arc<Fleets>) -> Result<Action> {
    if fleet.meta().deletion_timestamp.is_some() {
        context.fleets.remove_finalizer(&fleet, FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let fleet = context.fleets.ensure_finalizer(fleet, FINALIZER).await?;
    let map = serde_json::from_value(json!({
        "metadata": {
            "name": fleet.name_any(), "namespace": NAMESPACE, "labels": { "fleet": "yes" },
            "ownerReferences": [fleet.controller_owner_ref(&())],
        },
        "data": { "text": fleet.spec.text },
    }))?;
    context.maps.apply(&map).await?;
    let status = WidgetStatus {
        observed_generation: fleet.metadata.generation,
        ..WidgetStatus::default()
    };
    context.fleets.apply_status(&fleet, &status).await?;
    Ok(Action::await_change())
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_cluster_scoped_kind_owns_objects_in_a_namespace() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[fleet_crd()]).await;
    // The namespace limits ConfigMaps, and does not concern Fleets.
    let manager = Manager::with_client(
        "fleets",
        options(&[NAMESPACE]),
        operator_client(&environment).await,
    );
    let setup = manager.controller("fleet-controller");
    let context = Arc::new(Fleets {
        fleets: setup.cache(watcher::Config::default()),
        maps: setup.cache(watcher::Config::default().labels("fleet=yes")),
    });
    let controller = context.fleets.controller().owns_cached(&context.maps);
    setup.run(
        &context.fleets,
        controller,
        reconcile_fleet,
        context.clone(),
    );
    let running = Running::start(manager);

    let fleets: Api<Fleet> = Api::all(environment.client());
    let maps: Api<ConfigMap> = Api::namespaced(environment.client(), NAMESPACE);
    let fleet = Fleet::new(
        "f",
        FleetSpec {
            text: "one".to_owned(),
        },
    );
    fleets.create(&Default::default(), &fleet).await.unwrap();
    let text_is = async |expected: &str| {
        eventually(expected, PATIENCE, async || {
            let map = maps.get_opt("f").await.unwrap();
            let data = map.and_then(|map| map.data).unwrap_or_default();
            let text = data.get("text").map(String::as_str);
            (text == Some(expected))
                .then_some(())
                .ok_or_else(|| format!("{text:?}"))
        })
        .await;
    };
    text_is("one").await;
    maps.delete("f", &Default::default()).await.unwrap();
    text_is("one").await;
    let change = json!({ "spec": { "text": "two" } });
    fleets
        .patch("f", &PatchParams::default(), &Patch::Merge(&change))
        .await
        .unwrap();
    text_is("two").await;
    eventually("the status follows", PATIENCE, async || {
        let status = fleets.get("f").await.unwrap().status.unwrap_or_default();
        let observed = status.observed_generation;
        (observed == Some(2))
            .then_some(())
            .ok_or_else(|| format!("{observed:?}"))
    })
    .await;
    assert!(context.fleets.get(&ObjectRef::new("f")).is_some());

    fleets.delete("f", &DeleteParams::default()).await.unwrap();
    eventually("the fleet is gone", PATIENCE, async || {
        let found = fleets.get_opt("f").await.unwrap();
        found.map_or(Ok(()), |_| Err("still there".to_owned()))
    })
    .await;
    running.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn two_namespaces_are_watched_and_a_third_is_not() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    let client = environment.client();
    for namespace in ["a", "b", "c"] {
        environment
            .kubectl(&["create", "namespace", namespace])
            .await
            .unwrap();
        apply(
            &client,
            namespace,
            &format!("in-{namespace}"),
            json!({ "image": "i" }),
        )
        .await;
    }
    let operator = operator_client(&environment).await;
    let mut manager = Manager::with_client("widgets", options(&["b", "a"]), operator);
    let context = register(&mut manager, None);
    let running = Running::start(manager);
    reconciled(&client, "a", "in-a").await;
    reconciled(&client, "b", "in-b").await;
    apply(&client, "b", "later", json!({ "image": "i" })).await;
    reconciled(&client, "b", "later").await;
    assert_eq!(context.begun("in-c"), 0);

    let mut elsewhere = Deployment::default();
    elsewhere.metadata.name = Some("x".to_owned());
    elsewhere.metadata.namespace = Some("c".to_owned());
    let refused = context
        .deployments
        .apply(&elsewhere)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "Deployment `c/x` is in a namespace that is not watched"
    );
    elsewhere.metadata.namespace = Some("a".to_owned());
    let refused = context
        .deployments
        .apply(&elsewhere)
        .await
        .unwrap_err()
        .to_string();
    let expected =
        "Deployment `a/x` lacks the label `managed-by=widget-controller` that its cache selects by";
    assert_eq!(refused, expected);
    running.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_malformed_object_is_left_out_and_the_others_are_served() {
    let environment = with_a_malformed_widget().await;
    let client = environment.client();
    apply(&client, NAMESPACE, "good", json!({ "image": "i" })).await;

    let operator = operator_client(&environment).await;
    let (context, running) = run(&operator, None);
    reconciled(&client, NAMESPACE, "good").await;
    assert_eq!(context.begun("bad"), 0);
    assert!(
        context
            .widgets
            .get(&ObjectRef::new("bad").within(NAMESPACE))
            .is_none()
    );

    let event = format!("{MALFORMED} {CONTROLLER} ");
    malformed_event(&environment, &event).await;
    // Another version of the object, and the same fault.
    let touch = ["label", "widgets", "bad", "touched=yes"];
    environment.kubectl(&touch).await.unwrap();
    malformed_event(&environment, &format!("{event}2")).await;

    apply(&client, NAMESPACE, "bad", json!({ "image": "i" })).await;
    reconciled(&client, NAMESPACE, "bad").await;
    running.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_compact_cache_leaves_a_malformed_object_out_too() {
    let environment = with_a_malformed_widget().await;
    apply(
        &environment.client(),
        NAMESPACE,
        "good",
        json!({ "image": "i" }),
    )
    .await;
    let operator = operator_client(&environment).await;
    let manager = Manager::with_client("widgets", options(&[]), operator);
    let cache = |name| {
        let setup = manager.controller(name);
        setup.compact_cache::<Widget>(watcher::Config::default())
    };
    let (_first, second) = (cache("first"), cache("second"));
    let running = Running::start(manager);
    let key = |name| ObjectRef::new(name).within(NAMESPACE);
    eventually("the other widget is cached", PATIENCE, async || {
        let found = second.get(&key("good")).ok_or("nothing")?;
        assert_eq!(found.spec.image, "i");
        Ok::<_, String>(())
    })
    .await;
    assert!(second.get(&key("bad")).is_none());
    malformed_event(&environment, &format!("{MALFORMED} first ")).await;
    running.stop().await;
}

const MALFORMED: &str = "Warning Malformed this object is ignored until it is corrected: \
                         spec: missing field `image`";

/// A widget `bad`, which its CRD allows, but not its type.
async fn with_a_malformed_widget() -> Environment {
    let environment = Environment::start().await.unwrap();
    let mut crd = widget_crd();
    let schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let schema = crd.pointer_mut(schema).unwrap().as_object_mut();
    schema.unwrap().remove("required");
    install(&environment, &[crd]).await;
    // Applied untyped: the answer would be no Widget.
    let bad = json!({ "apiVersion": "test.example.com/v1", "kind": "Widget",
        "metadata": { "name": "bad", "namespace": NAMESPACE }, "spec": { "cpu": "1" } });
    let file = environment.directory().join("bad.json");
    std::fs::write(&file, bad.to_string()).unwrap();
    let file = file.to_str().unwrap();
    environment.kubectl(&["apply", "-f", file]).await.unwrap();
    environment
}

/// Waits for the only Event about the widget `bad`: what it says, and how often if more than once.
async fn malformed_event(environment: &Environment, expected: &str) {
    let about = "--field-selector=regarding.kind=Widget,regarding.name=bad";
    let format = "-o=jsonpath={range .items[*]}{.type} {.reason} {.note} {.reportingController} \
                  {.series.count}{end}";
    let list = ["get", "events.events.k8s.io", about, format];
    eventually(expected, PATIENCE, async || {
        let found = environment.kubectl(&list).await.unwrap();
        (found == expected).then_some(()).ok_or(found)
    })
    .await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn two_controllers_share_a_cache_and_keep_apart_what_they_apply() {
    let environment = Environment::start().await.unwrap();
    let operator = operator_client(&environment).await;
    let manager = Manager::with_client("maps", options(&[NAMESPACE]), operator);
    let first = manager
        .controller("first")
        .cache::<ConfigMap>(watcher::Config::default());
    let second = manager
        .controller("second")
        .cache::<ConfigMap>(watcher::Config::default());
    let running = Running::start(manager);
    let map = |data: Value| -> ConfigMap {
        let metadata = json!({ "name": "m", "namespace": NAMESPACE });
        serde_json::from_value(json!({ "metadata": metadata, "data": data })).unwrap()
    };
    let key = ObjectRef::new("m").within(NAMESPACE);
    for _ in 0..2 {
        first.apply(&map(json!({ "first": "1" }))).await.unwrap();
        second.apply(&map(json!({ "second": "2" }))).await.unwrap();
    }
    assert_eq!(writes(&environment), ["patch configmaps"; 2]);
    let data = first.get(&key).unwrap().data.clone().unwrap();
    assert_eq!(data.into_keys().collect::<Vec<_>>(), ["first", "second"]);

    first.delete(&key).await.unwrap();
    eventually("the map is gone", PATIENCE, async || {
        second
            .get(&key)
            .map_or(Ok(()), |_| Err("still cached".to_owned()))
    })
    .await;
    first.delete(&key).await.unwrap();
    assert_eq!(writes(&environment).split_off(2), ["delete configmaps"]);
    running.stop().await;
}
