//! The test environment itself: two side by side, permissions in force, requests counted.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use opgen_runtime::envtest::{Environment, Server, eventually};

fn config_map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn two_environments_do_not_see_each_other() {
    let (first, second) = tokio::join!(Environment::start(), Environment::start());
    let (first, second) = (first.unwrap(), second.unwrap());
    let maps: Api<ConfigMap> = Api::default_namespaced(first.client());
    maps.create(&PostParams::default(), &config_map("only-here"))
        .await
        .unwrap();
    let others: Api<ConfigMap> = Api::default_namespaced(second.client());
    assert!(others.get_opt("only-here").await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_service_account_has_the_permissions_of_its_role_and_its_requests_are_counted() {
    let environment = Environment::start().await.unwrap();
    let kubeconfig = environment.service_account("team", "robot").await.unwrap();
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    let robot = Client::try_from(config).unwrap();
    assert_eq!(robot.default_namespace(), "team");

    let maps: Api<ConfigMap> = Api::default_namespaced(robot);
    let refused = maps
        .create(&PostParams::default(), &config_map("x"))
        .await
        .unwrap_err();
    let refused = opgen_runtime::Error::from(refused).to_string();
    assert!(
        refused.contains("is forbidden") && refused.ends_with("(Forbidden)"),
        "{refused}"
    );

    let role = [
        "create",
        "role",
        "robot",
        "--verb=create",
        "--resource=configmaps",
        "-n",
        "team",
    ];
    environment.kubectl(&role).await.unwrap();
    let bind = "--serviceaccount=team:robot";
    let binding = [
        "create",
        "rolebinding",
        "robot",
        "--role=robot",
        bind,
        "-n",
        "team",
    ];
    environment.kubectl(&binding).await.unwrap();
    eventually(
        "the role is in force",
        Duration::from_secs(10),
        async || {
            let created = maps.create(&PostParams::default(), &config_map("x")).await;
            created.map(drop).map_err(|error| error.to_string())
        },
    )
    .await;

    let user = "system:serviceaccount:team:robot";
    let requests = environment.requests().unwrap();
    let codes: Vec<_> = requests
        .iter()
        .filter(|request| request.user == user && request.resource == "configmaps")
        .map(|request| {
            (
                request.verb.as_str(),
                request.namespace.as_str(),
                request.code,
            )
        })
        .collect();
    assert_eq!(codes.first(), Some(&("create", "team", 403)));
    assert_eq!(codes.last(), Some(&("create", "team", 201)));
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn kubectl_says_what_is_wrong() {
    let environment = Environment::start().await.unwrap();
    let error = environment
        .kubectl(&["get", "configmap", "nothing"])
        .await
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("`kubectl get configmap nothing` failed"),
        "{error}"
    );
    assert!(error.contains("NotFound"), "{error}");
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_kustomization_is_built_and_applied() {
    let environment = Environment::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        std::fs::write(directory.path().join(name), content).unwrap();
    };
    file(
        "kustomization.yaml",
        "namePrefix: my-\nresources: [map.yaml]\n",
    );
    file(
        "map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, namespace: default}\n",
    );
    environment
        .apply_kustomization(directory.path())
        .await
        .unwrap();
    environment
        .apply_kustomization(directory.path())
        .await
        .unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(environment.client());
    assert!(maps.get_opt("my-map").await.unwrap().is_some());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn killed_servers_come_back_with_their_data() {
    let environment = Environment::start().await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(environment.client());
    let create = async |name: &str| maps.create(&PostParams::default(), &config_map(name)).await;
    create("before").await.unwrap();
    environment.kill(Server::ApiServer);
    environment.kill(Server::Etcd);
    create("meanwhile").await.unwrap_err();
    environment.revive().await.unwrap();
    assert!(maps.get_opt("before").await.unwrap().is_some());
    create("after").await.unwrap();
    let created = environment.requests().unwrap();
    let created = created.iter().filter(|request| {
        request.user == "admin" && request.verb == "create" && request.code == 201
    });
    assert_eq!(created.count(), 2, "the audit log goes on in the same file");
}
