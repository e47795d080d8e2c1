//! The operator's token is revoked and replaced. kube reads the file again after 50 s, so this begins
//! before the other tests.

use std::path::Path;

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, Resource, ResourceExt};
use opgen_runtime::envtest::{Environment, eventually};
use serde_json::{Value, json};

use crate::common::*;
use crate::size;
use crate::stage::{Stage, names};

/// A token that is valid for as long as the Secret is there.
async fn token(environment: &Environment, account: &str, secret: &str) -> String {
    let secrets: Api<Secret> = Api::namespaced(environment.client(), "operators");
    let object = Secret {
        metadata: ObjectMeta {
            name: Some(secret.to_owned()),
            ..ObjectMeta::default()
        },
        ..Secret::default()
    };
    let bound = secrets.create(&PostParams::default(), &object).await;
    let uid = bound.unwrap().uid();
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": { "boundObjectRef": {
            "apiVersion": "v1", "kind": "Secret", "name": secret, "uid": uid,
        } },
    });
    let url = ServiceAccount::url_path(&(), Some("operators"));
    let body = serde_json::to_vec(&request).unwrap();
    let request = kube::core::Request::new(url)
        .create_subresource("token", account, &PostParams::default(), body)
        .unwrap();
    let answer: Value = environment.client().request(request).await.unwrap();
    answer["status"]["token"].as_str().unwrap().to_owned()
}

/// The kubeconfig of an account, with the token in a file of its own, as in a pod.
async fn kubeconfig(environment: &Environment, account: &str, token: &Path) -> String {
    let path = environment.service_account("operators", account).await;
    let path = path.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut kubeconfig: Value = serde_json::from_str(&text).unwrap();
    kubeconfig["users"][0]["user"] = json!({ "tokenFile": token });
    let path = path.with_extension("rotated");
    std::fs::write(&path, kubeconfig.to_string()).unwrap();
    format!("KUBECONFIG={}", path.display())
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_token_is_revoked_and_the_file_gets_another() {
    let stage = Stage::new().await;
    let environment = &stage.environment;
    let file = environment.directory().join("token");
    let kubeconfig = kubeconfig(environment, "operator", &file).await;
    std::fs::write(&file, token(environment, "operator", "first").await).unwrap();
    let operator = stage.operator("operator", &[&kubeconfig]).await;
    let count = size::few_objects();
    stage.set(&names(0..count), "one").await;
    stage.converged().await;

    let secrets: Api<Secret> = Api::namespaced(environment.client(), "operators");
    let parameters = DeleteParams::default();
    secrets.delete("first", &parameters).await.unwrap();
    // The API server remembers for some seconds that the token was valid.
    let mut edits = 0;
    eventually("the token is refused", PATIENCE, async || {
        edits += 1;
        stage.set(&names(0..count), &format!("edit-{edits}")).await;
        let refused = operator.log().contains("Unauthorized");
        refused.then_some(()).ok_or_else(|| "not yet".to_owned())
    })
    .await;
    std::fs::write(&file, token(environment, "operator", "second").await).unwrap();
    stage.converged().await;
    stage.set(&names(0..count), "two").await;
    stage.converged().await;
    assert!(operator.terminate().await.unwrap().success());
}
