//! Every kind of request, and how it is recorded.

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Pod, Secret};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{
    DeleteParams, EvictParams, ListParams, Patch, PatchParams, PostParams, WatchParams,
};
use kube::{Api, ResourceExt};
use opgen_runtime::envtest::eventually;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::common::{NAMESPACE, PATIENCE};
use crate::stage::{Stage, requests};

const MANAGER: &str = "recorder";

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

fn config_map(name: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "labels": { "made-by": "test" } }, "data": { "key": value },
    })
}

/// The code of a refusal.
fn code<T: std::fmt::Debug>(result: kube::Result<T>) -> u16 {
    match result {
        Err(kube::Error::Api(status)) => status.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn every_request_is_recorded_as_the_api_server_audits_it() {
    let all = [
        "get",
        "list",
        "watch",
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
    ];
    let stage = Stage::new(json!([
        { "apiGroups": [""], "resources": ["configmaps"], "verbs": all },
        { "apiGroups": [""], "resources": ["secrets"], "verbs": ["patch"] },
        { "apiGroups": [""], "resources": ["namespaces"], "verbs": ["delete", "get"] },
        { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "get"] },
        { "apiGroups": ["apps"], "resources": ["deployments/status"], "verbs": ["get", "patch"] },
        { "apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "update"] },
    ]))
    .await;
    reads_and_writes(&stage).await;
    applies(&stage).await;
    subresources(&stage).await;
    refusals(&stage).await;
    deletions(&stage).await;
    outside_the_api(&stage).await;
    stage.compare().await;

    let lines = stage.recording();
    assert_eq!(
        lines[0],
        json!({ "recording": 1, "operator": "tester", "namespace": "operators",
                "namespaces": ["default", "other"] })
    );
    let map = |verb: &str, name: &str, code: u16| {
        let mut line =
            json!({ "verb": verb, "resource": "configmaps", "namespace": NAMESPACE, "code": code });
        if !name.is_empty() {
            line["name"] = json!(name);
        }
        line
    };
    let with = |mut line: Value, further: Value| {
        let further = further.as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(further);
        line
    };
    let apply = json!({ "apply": true, "manager": MANAGER });
    for expected in [
        map("get", "a", 200),
        map("get", "nothing", 404),
        map("list", "", 200),
        map("list", "a", 200),
        map("watch", "a", 200),
        map("update", "a", 409),
        with(map("update", "a", 200), json!({ "manager": MANAGER })),
        with(map("patch", "a", 200), json!({ "manager": MANAGER })),
        with(map("patch", "applied", 201), apply.clone()),
        with(map("patch", "applied", 200), apply.clone()),
        with(
            map("patch", "applied", 409),
            json!({ "apply": true, "manager": "another" }),
        ),
        with(
            with(map("patch", "dry", 201), apply.clone()),
            json!({ "dryRun": true }),
        ),
        with(map("delete", "applied", 200), json!({ "dryRun": true })),
        map("delete", "applied", 200),
        with(map("deletecollection", "", 200), json!({ "dryRun": true })),
        map("deletecollection", "", 200),
        json!({ "verb": "list", "resource": "configmaps", "code": 200 }),
        json!({ "verb": "get", "group": "apps", "resource": "deployments", "subresource": "scale",
                "namespace": NAMESPACE, "name": "d", "code": 200 }),
        // `patch` is allowed, and would do if the secret were there.
        json!({ "verb": "patch", "resource": "secrets", "namespace": NAMESPACE, "name": "s",
                "code": 403, "apply": true, "refused": "create", "manager": MANAGER }),
        json!({ "verb": "watch", "resource": "secrets", "namespace": NAMESPACE, "code": 403,
                "refused": "watch" }),
        json!({ "verb": "get", "resource": "nodes", "name": "n", "code": 403, "refused": "get" }),
        // Not for want of a permission.
        json!({ "verb": "delete", "resource": "namespaces", "namespace": "default",
                "name": "default", "code": 403 }),
        json!({ "verb": "get", "url": "/version", "code": 200 }),
        json!({ "verb": "get", "url": "/apis/apps/v1", "code": 200 }),
        json!({ "verb": "get", "url": "/nothing", "code": 403, "refused": "get" }),
        json!({ "verb": "post", "url": "/nothing", "code": 403, "refused": "post" }),
    ] {
        assert!(lines.contains(&expected), "{expected} is not in {lines:#?}");
    }
}

async fn reads_and_writes(stage: &Stage) {
    let maps: Api<ConfigMap> = stage.api();
    let by_us = PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    };
    let one: ConfigMap = object(config_map("a", "1"));
    let made = maps.create(&by_us, &one).await.unwrap();
    assert_eq!(code(maps.create(&by_us, &one).await), 409);
    assert!(maps.get_opt("nothing").await.unwrap().is_none());
    maps.get("a").await.unwrap();
    maps.get_metadata("a").await.unwrap();
    let just_one = ListParams::default().fields("metadata.name=a");
    maps.list(&just_one).await.unwrap();
    maps.list(&ListParams::default()).await.unwrap();
    let everywhere: Api<ConfigMap> = Api::all(stage.client.clone());
    everywhere.list(&ListParams::default()).await.unwrap();
    let parameters = WatchParams::default().fields("metadata.name=a").timeout(1);
    let watch = maps.watch(&parameters, "0").await.unwrap();
    assert!(
        watch.count().await > 0,
        "the watch shows the object and ends"
    );
    let merge = Patch::Merge(json!({ "data": { "key": "2" } }));
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let mut patched = maps.patch("a", &parameters, &merge).await.unwrap();
    let none = PostParams::default();
    assert_eq!(code(maps.replace("a", &none, &made).await), 409);
    patched
        .labels_mut()
        .insert("more".to_owned(), "x".to_owned());
    maps.replace("a", &by_us, &patched).await.unwrap();
}

async fn applies(stage: &Stage) {
    let maps: Api<ConfigMap> = stage.api();
    let parameters = PatchParams::apply(MANAGER);
    for (name, value, dry_run) in [
        ("applied", "1", false),
        ("applied", "2", false),
        ("applied", "3", true),
        ("dry", "1", true),
    ] {
        let parameters = PatchParams {
            dry_run,
            ..parameters.clone()
        };
        let patch = Patch::Apply(config_map(name, value));
        maps.patch(name, &parameters, &patch).await.unwrap();
    }
    let another = PatchParams::apply("another");
    let patch = Patch::Apply(config_map("applied", "4"));
    assert_eq!(code(maps.patch("applied", &another, &patch).await), 409);
    let patch = Patch::Apply(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "applied" }, "data": { "key": 1 },
    }));
    let refused = maps.patch("applied", &parameters, &patch).await;
    assert!(code(refused) >= 400, "malformed");
}

async fn subresources(stage: &Stage) {
    let deployments: Api<Deployment> = stage.api();
    let labels = json!({ "app": "d" });
    let deployment: Deployment = object(json!({
        "metadata": { "name": "d" },
        "spec": { "selector": { "matchLabels": labels }, "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "c", "image": "i" }] },
        } },
    }));
    let none = PostParams::default();
    deployments.create(&none, &deployment).await.unwrap();
    let scale = deployments.get_scale("d").await.unwrap();
    deployments.replace_scale("d", &none, &scale).await.unwrap();
    deployments.get_status("d").await.unwrap();
    let status = Patch::Merge(json!({ "status": { "observedGeneration": 1 } }));
    let parameters = PatchParams::default();
    deployments
        .patch_status("d", &parameters, &status)
        .await
        .unwrap();
}

async fn refusals(stage: &Stage) {
    let secrets: Api<Secret> = stage.api();
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" } });
    let none = PostParams::default();
    let parameters = PatchParams::apply(MANAGER);
    let apply = secrets
        .patch("s", &parameters, &Patch::Apply(&secret))
        .await;
    assert_eq!(code(apply), 403);
    assert_eq!(code(secrets.get("s").await), 403);
    assert_eq!(code(secrets.create(&none, &object(secret)).await), 403);
    assert_eq!(code(secrets.list(&ListParams::default()).await), 403);
    let watch = secrets.watch(&WatchParams::default(), "0").await;
    assert_eq!(code(watch.map(|_| ())), 403);
    let deployments: Api<Deployment> = stage.api();
    let status = Patch::Merge(json!({ "spec": { "replicas": 2 } }));
    let parameters = PatchParams::default();
    let scaled = deployments.patch_scale("d", &parameters, &status).await;
    assert_eq!(code(scaled), 403);
    let nodes: Api<Node> = Api::all(stage.client.clone());
    assert_eq!(code(nodes.get("n").await), 403);
    let namespaces: Api<Namespace> = Api::all(stage.client.clone());
    namespaces.get("default").await.unwrap();
    // Admission refuses it, not RBAC, and the whole answer gets through.
    let refused = namespaces.delete("default", &DeleteParams::default()).await;
    let Err(kube::Error::Api(status)) = refused else {
        panic!("deleted the default namespace");
    };
    let (code, message) = (status.code, status.message.as_str());
    assert_eq!(code, 403);
    assert_eq!(
        message,
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

async fn deletions(stage: &Stage) {
    let maps: Api<ConfigMap> = stage.api();
    let ours = ListParams::default().labels("made-by=test");
    for dry_run in [true, false] {
        let parameters = DeleteParams {
            dry_run,
            ..DeleteParams::default()
        };
        maps.delete("applied", &parameters).await.unwrap();
        maps.delete_collection(&parameters, &ours).await.unwrap();
    }
    assert_eq!(
        code(maps.delete("applied", &DeleteParams::default()).await),
        404
    );
}

async fn outside_the_api(stage: &Stage) {
    let client = &stage.client;
    client.apiserver_version().await.unwrap();
    client.list_core_api_versions().await.unwrap();
    client.list_api_groups().await.unwrap();
    client.list_api_group_resources("apps/v1").await.unwrap();
    for method in ["GET", "POST"] {
        let request = axum::http::Request::builder()
            .method(method)
            .uri("/nothing?a=b");
        let request = request.body(Vec::new()).unwrap();
        assert_eq!(code(client.request_text(request).await), 403);
    }
}

/// A disruption budget makes the API server answer 429, which kube tries again.
#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn each_attempt_of_a_retried_request_is_recorded() {
    let stage = Stage::new(json!([
        { "apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"] },
    ]))
    .await;
    let admin = stage.environment.client();
    let pods: Api<Pod> = Api::namespaced(admin.clone(), NAMESPACE);
    let pod = json!({
        "metadata": { "name": "p", "labels": { "app": "p" } },
        "spec": { "containers": [{ "name": "c", "image": "i" }] },
    });
    let none = PostParams::default();
    pods.create(&none, &object(pod)).await.unwrap();
    let ready = json!([{ "type": "Ready", "status": "True" }]);
    let status = Patch::Merge(json!({ "status": { "phase": "Running", "conditions": ready } }));
    let parameters = PatchParams::default();
    pods.patch_status("p", &parameters, &status).await.unwrap();
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(admin, NAMESPACE);
    let budget = json!({
        "metadata": { "name": "b" },
        "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "p" } } },
    });
    budgets.create(&none, &object(budget)).await.unwrap();
    let allow = async |disruptions: u32| {
        let status = json!({ "status": {
            "observedGeneration": 1, "disruptionsAllowed": disruptions, "currentHealthy": 1,
            "desiredHealthy": 1, "expectedPods": 1,
        } });
        budgets
            .patch_status("b", &parameters, &Patch::Merge(status))
            .await
            .unwrap();
    };
    allow(0).await;
    let attempts = |code: u64| {
        let lines = stage.recording();
        requests(&lines).filter(|line| line["code"] == code).count()
    };
    let evicted: Api<Pod> = stage.api();
    let parameters = EvictParams::default();
    let eviction = evicted.evict("p", &parameters);
    let meanwhile = async {
        eventually("three attempts", PATIENCE, async || {
            let count = attempts(429);
            (count >= 3).then_some(()).ok_or_else(|| count.to_string())
        })
        .await;
        allow(1).await;
    };
    let (evicted, ()) = tokio::join!(eviction, meanwhile);
    evicted.unwrap();
    stage.compare().await;
    assert!(attempts(429) >= 3);
    assert_eq!(attempts(201), 1);
    let expected = json!({ "verb": "create", "resource": "pods", "subresource": "eviction",
                           "namespace": NAMESPACE, "name": "p", "code": 429 });
    assert!(stage.recording().contains(&expected));
}
