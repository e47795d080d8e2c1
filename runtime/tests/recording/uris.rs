//! Requests that nobody makes: the API server's own log says how they have to be read.

use futures::StreamExt;
use kube::client::Body;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::stage::{Stage, compare};

const REQUESTS: usize = 500;
/// The answer to `/api/v1/watch` without a resource, before anything is audited.
const UNREADABLE: u16 = 500;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn any_uri_is_read_as_the_api_server_reads_it() {
    let stage = Stage::new(json!([])).await;
    let strategy = request();
    let mut runner = TestRunner::deterministic();
    let requests: Vec<_> = std::iter::repeat_with(|| strategy.new_tree(&mut runner).unwrap())
        .map(|tree| tree.current())
        .take(REQUESTS)
        .collect();
    let sent = requests.iter().map(async |(method, uri)| {
        let request = axum::http::Request::builder().method(&**method).uri(uri);
        let request = request.body(Body::empty()).unwrap();
        let answer = stage.client.send(request).await.unwrap();
        // No permission to do anything: discovery is all that is answered.
        let code = answer.status().as_u16();
        let expected = [200, 403, 404, 405, 406].contains(&code) || code == UNREADABLE;
        assert!(expected, "{code}: {method} {uri}");
    });
    let sent: Vec<()> = futures::stream::iter(sent)
        .buffer_unordered(8)
        .collect()
        .await;
    assert_eq!(sent.len(), REQUESTS);
    let readable = |row: &str| !row.ends_with(&format!(" {UNREADABLE}"));
    compare(&stage.environment, &stage.file(), readable).await;
}

fn request() -> impl Strategy<Value = (String, String)> {
    let part = prop::sample::select(vec![
        "namespaces",
        "namespaces/a",
        "status",
        "finalize",
        "pods",
        "b",
        "a%20b",
        "a%2Fb",
        "proxy/x",
        "watch/x",
        "%C3%A4",
        "",
    ]);
    let prefix = prop::sample::select(vec![
        "/api/v1/",
        "/apis/apps/v1/",
        "/apis/apps/v1/watch/",
        "/api/v1/proxy/",
        "/apis/",
        "/other/v1/",
        "/api/v1/namespaces/",
    ]);
    let query = prop::sample::select(vec![
        "",
        "?watch=1",
        "?watch",
        "?watch=false&fieldSelector=metadata.name%3Da",
        "?fieldSelector=metadata.name=a,spec.x!=b&watch=true",
        "?fieldSelector=metadata.name==a%5C,b",
        "?fieldSelector=metadata.name%3Da,b",
        "?fieldSelector=spec.x=b&labelSelector=metadata.name=a",
        "?dryRun=All&fieldManager=x",
    ]);
    let parts = prop::collection::vec(part, 1..6);
    (
        "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS",
        prefix,
        parts,
        query,
    )
        .prop_map(|(method, prefix, parts, query)| {
            (method, format!("{prefix}{}{query}", parts.join("/")))
        })
}
