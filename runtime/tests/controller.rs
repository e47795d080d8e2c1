//! What surrounds a reconcile: retries, permanent errors, panics, Events.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::time::Duration;

use common::*;
use kube::Api;
use opgen_runtime::envtest::{Environment, Request, eventually};
use opgen_runtime::{Manager, Options, conditions};
use serde_json::json;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn errors_and_panics_are_tried_again_and_permanent_errors_wait_for_a_change() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    let client = environment.client();
    for mode in ["error", "permanent", "panic"] {
        apply(
            &client,
            NAMESPACE,
            mode,
            json!({ "image": "i", "mode": mode }),
        )
        .await;
    }
    let operator = operator_client(&environment).await;
    let mut manager = Manager::with_client("widgets", options(&[]), operator);
    let context = register(&mut manager, None);
    let running = Running::start(manager);
    eventually("failures are tried again", PATIENCE, async || {
        let counts = (context.begun("error"), context.begun("panic"));
        (counts.0 >= 4 && counts.1 >= 4)
            .then_some(())
            .ok_or_else(|| format!("{counts:?}"))
    })
    .await;
    assert_eq!(
        context.begun("permanent"),
        1,
        "a permanent error is not tried again"
    );

    apply(
        &client,
        NAMESPACE,
        "permanent",
        json!({ "image": "j", "mode": "permanent" }),
    )
    .await;
    eventually("a change is a new attempt", PATIENCE, async || {
        let count = context.begun("permanent");
        (count == 2).then_some(()).ok_or_else(|| count.to_string())
    })
    .await;
    for mode in ["error", "permanent", "panic"] {
        apply(&client, NAMESPACE, mode, json!({ "image": "i" })).await;
        reconciled(&client, NAMESPACE, mode).await;
    }
    running.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_event_is_published_for_a_transition() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    let client = environment.client();
    apply(&client, NAMESPACE, "w", json!({ "image": "i" })).await;
    let operator = operator_client(&environment).await;
    let mut manager = Manager::with_client("widgets", options(&[]), operator);
    register(&mut manager, None);
    let running = Running::start(manager);
    // Kubernetes publishes Events of its own.
    let ours = "--field-selector=regarding.kind=Widget";
    let format = "-o=jsonpath={range .items[*]}{.regarding.name} {.reason} {.action} {.note} {.reportingController}{end}";
    eventually("the event is there", PATIENCE, async || {
        let list = environment
            .kubectl(&["get", "events.events.k8s.io", ours, format])
            .await
            .unwrap();
        let expected = format!("w Available Reconcile ready: false {CONTROLLER}");
        (list == expected).then_some(()).ok_or(list)
    })
    .await;
    running.stop().await;
}

/// The condition that says why a widget cannot be reconciled: reason and message.
async fn stalled(widgets: &Api<Widget>, name: &str) -> Option<(String, String)> {
    let widget = widgets.get(name).await.unwrap();
    let conditions = widget.status.unwrap_or_default().conditions;
    let stalled = conditions::find(&conditions, "Stalled")?;
    assert_eq!(stalled.status, "True");
    Some((stalled.reason.clone(), stalled.message.clone()))
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn what_keeps_an_object_from_being_reconciled_is_told_once_and_taken_back() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    let client = environment.client();
    let widgets: Api<Widget> = Api::namespaced(client.clone(), NAMESPACE);
    let cases = [
        ("error", "ReconcileError", "as told"),
        ("waiting", "Waiting", "as told"),
        ("permanent", "PermanentError", "as told"),
        ("panic", "ReconcilePanic", "as told"),
        (
            "stuck",
            "ReconcileTimeout",
            "the reconcile took longer than 300ms and was ended",
        ),
    ];
    for (mode, ..) in cases {
        let spec = json!({ "image": "i", "mode": mode });
        apply(&client, NAMESPACE, mode, spec).await;
    }
    let options = Options {
        reconcile_timeout: Duration::from_millis(300),
        ..options(&[])
    };
    let operator = operator_client(&environment).await;
    let mut manager = Manager::with_client("widgets", options, operator);
    let context = register(&mut manager, None);
    let running = Running::start(manager);
    for (mode, reason, message) in cases {
        let expected = Some((reason.to_owned(), message.to_owned()));
        eventually("the condition is there", PATIENCE, async || {
            let found = stalled(&widgets, mode).await;
            (found == expected)
                .then_some(())
                .ok_or_else(|| format!("{mode}: {found:?}"))
        })
        .await;
        let regarding = format!("--field-selector=regarding.kind=Widget,regarding.name={mode}");
        let format = "-o=jsonpath={range .items[*]}{.reason}: {.note}{end}";
        let expected = format!("{reason}: {message}");
        eventually("one Event is there", PATIENCE, async || {
            let arguments = ["get", "events.events.k8s.io", &regarding, format];
            let found = environment.kubectl(&arguments).await.unwrap();
            (found == expected).then_some(()).ok_or(found)
        })
        .await;
    }
    eventually("it fails again and again", PATIENCE, async || {
        let count = context.begun("error");
        (count >= 5).then_some(()).ok_or_else(|| count.to_string())
    })
    .await;
    let about = |name: &str| {
        let requests = environment.requests().unwrap();
        let about = |it: &&Request| it.name == name && it.subresource == "status";
        requests.iter().filter(about).count()
    };
    assert_eq!(
        about("error"),
        1,
        "what is said already is not written again"
    );

    for (mode, ..) in cases {
        apply(&client, NAMESPACE, mode, json!({ "image": "i" })).await;
        reconciled(&client, NAMESPACE, mode).await;
        eventually("the condition is gone", PATIENCE, async || {
            let found = stalled(&widgets, mode).await;
            found
                .is_none()
                .then_some(())
                .ok_or_else(|| format!("{mode}: {found:?}"))
        })
        .await;
    }
    running.stop().await;
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn two_controllers_of_one_name_are_refused() {
    let environment = Environment::start().await.unwrap();
    let mut manager = Manager::with_client("widgets", options(&[]), environment.client());
    register(&mut manager, None);
    register(&mut manager, None);
    let error = manager.start().await.unwrap_err().to_string();
    assert!(
        error.starts_with("two controllers are named `widget-controller`"),
        "{error}"
    );
}
