//! What an operator in a process of its own serves: metrics to those who may read them, and its log level.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::*;
use opgen_runtime::envtest::{Environment, Operator, eventually};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READER: &str = "--clusterrole=metrics-reader";

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn operator_process() {
    run_as_operator().await;
}

/// An operator with all rights, and a token of an account that may read metrics.
async fn stage() -> (Environment, Operator, String) {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    allow_everything(&environment, "operators:operator").await;
    let role = [
        "create",
        "clusterrole",
        "metrics-reader",
        "--verb=get",
        "--non-resource-url=/metrics",
    ];
    environment.kubectl(&role).await.unwrap();
    let binding = [
        "create",
        "clusterrolebinding",
        "scraper",
        READER,
        "--serviceaccount=monitoring:scraper",
    ];
    environment.kubectl(&binding).await.unwrap();
    let scraper = environment.token("monitoring", "scraper").await.unwrap();
    let operator = operator(&environment, "operator", &[]).await;
    operator.ready().await.unwrap();
    (environment, operator, scraper)
}

async fn answers(operator: &Operator, token: &str, expected: u16) -> String {
    eventually("the expected answer", PATIENCE, async || {
        match operator.metrics(token).await {
            Ok((code, body)) if code == expected => Ok(body),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

/// How often the operator has asked about tokens and about rights.
fn reviews(environment: &Environment) -> (usize, usize) {
    let requests = environment.requests().unwrap();
    let count = |resource: &str| {
        let of_resource = requests.iter().filter(|it| it.resource == resource);
        of_resource.filter(|it| it.verb == "create").count()
    };
    (count("tokenreviews"), count("subjectaccessreviews"))
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn metrics_are_for_tokens_whose_owner_may_get_them() {
    let (environment, operator, scraper) = stage().await;
    let text = answers(&operator, &scraper, 200).await;
    let line =
        r#"controller_runtime_reconcile_total{controller="widget-controller",result="success"}"#;
    assert!(text.contains(line), "{text}");

    let stranger = environment.token("monitoring", "stranger").await.unwrap();
    let (code, body) = operator.metrics(&stranger).await.unwrap();
    assert_eq!(code, 403, "{body}");
    let expected =
        "`system:serviceaccount:monitoring:stranger` has no permission to get `/metrics`\n";
    assert_eq!(body, expected);
    assert_eq!(operator.metrics("made-up").await.unwrap().0, 401);
    assert_eq!(operator.metrics("").await.unwrap().0, 401);
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_token_is_asked_about_once_for_many_scrapes() {
    let (environment, operator, scraper) = stage().await;
    answers(&operator, &scraper, 200).await;
    // An answer is kept for a minute, which a slow machine may need for a few scrapes.
    let before = reviews(&environment);
    for _ in 0..200 {
        operator.metrics(&scraper).await.unwrap();
    }
    let after = reviews(&environment);
    let asked = (after.0 - before.0, after.1 - before.1);
    assert!(
        asked.0 < 100 && asked.1 < 100,
        "200 scrapes asked {asked:?}"
    );
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_operator_that_may_not_ask_lets_nobody_in() {
    let (environment, operator, _) = stage().await;
    let unbind = [
        "delete",
        "clusterrolebinding",
        "everything-operators-operator",
    ];
    environment.kubectl(&unbind).await.unwrap();
    // With tokens that are new to it, until the API server knows of the change.
    let body = eventually("nobody is let in", PATIENCE, async || {
        let token = environment.token("monitoring", "scraper").await.unwrap();
        match operator.metrics(&token).await {
            Ok((503, body)) => Ok(body),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let expected = "cannot create tokenreviews.authentication.k8s.io: ";
    assert!(body.contains(expected), "{body}");
    let log = operator.log();
    assert!(log.contains("cannot tell who may read /metrics"), "{log}");
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn the_log_level_is_changed_while_the_operator_runs() {
    const PATH: &str = "/log-level";
    let (environment, operator, _) = stage().await;
    let client = environment.client();
    // What a reconcile says at the level of debug.
    let said = || operator.log().contains(": reconciled");
    apply(&client, NAMESPACE, "a", json!({ "image": "i" })).await;
    reconciled(&client, NAMESPACE, "a").await;
    assert!(!said(), "{}", operator.log());
    assert_eq!(
        send(&operator, "GET", PATH, "").await,
        (200, "info\n".to_owned())
    );

    let (code, reason) = send(&operator, "PUT", PATH, "kube=loud").await;
    assert_eq!(code, 400, "{reason}");
    assert!(reason.contains("use a level like `debug`"), "{reason}");
    assert_eq!(send(&operator, "PUT", PATH, "").await.0, 400);

    let level = "info,opgen_runtime=debug\n";
    let changed = send(&operator, "PUT", PATH, level).await;
    assert_eq!(changed, (200, level.to_owned()));
    assert_eq!(send(&operator, "GET", PATH, "").await, changed);
    apply(&client, NAMESPACE, "a", json!({ "image": "j" })).await;
    eventually("it is said", PATIENCE, async || {
        said().then_some(()).ok_or_else(|| operator.log())
    })
    .await;
}

/// The code and the body of a request to the probes' server.
async fn send(operator: &Operator, method: &str, path: &str, body: &str) -> (u16, String) {
    let log = operator.log();
    let line = log.lines().find(|it| it.contains("serving health probes"));
    let (_, address) = line.unwrap().rsplit_once("address=").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, body.to_owned())
}
