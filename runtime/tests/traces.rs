//! Traces of an operator in a process of its own, as a collector gets them.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use common::*;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opgen_runtime::envtest::Environment;
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn operator_process() {
    run_as_operator().await;
}

/// A collector: the spans that it was sent, each with the name of its service.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Span)>>>);

impl Collector {
    /// Serves, and returns the variable that names it.
    async fn serve(&self) -> String {
        let spans = self.0.clone();
        let take = async move |body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            for resource in request.resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                let service = text(&attributes, "service.name");
                let sent = resource.scope_spans.into_iter().flat_map(|it| it.spans);
                let sent = sent.map(|span| (service.clone(), span));
                spans.lock().unwrap().extend(sent);
            }
        };
        let routes = Router::new().route("/v1/traces", post(take));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{address}")
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|it| it.key == key);
    match found.and_then(|it| it.value.clone()) {
        Some(AnyValue {
            value: Some(StringValue(text)),
            ..
        }) => text,
        other => panic!("`{key}` is {other:?} in {attributes:?}"),
    }
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn each_reconcile_is_a_span_whose_trace_the_log_names() {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    allow_everything(&environment, "operators:operator").await;
    let client = environment.client();
    for (variables, service, before, after) in [
        (
            ["LOG_FORMAT=human", "OTEL_SERVICE_NAME="],
            "widgets",
            "trace_id=",
            "",
        ),
        (
            ["LOG_FORMAT=json", "OTEL_SERVICE_NAME=mine"],
            "mine",
            r#""trace_id":""#,
            "\"",
        ),
    ] {
        let collector = Collector::default();
        let endpoint = collector.serve().await;
        // Only the end sends anything.
        let never = "OTEL_BSP_SCHEDULE_DELAY=3600000";
        let level = "RUST_LOG=warn,opgen_runtime=debug";
        let variables = [variables[0], variables[1], &endpoint, never, level];
        let operator = operator(&environment, "operator", &variables).await;
        operator.ready().await.unwrap();
        apply(&client, NAMESPACE, service, json!({ "image": "i" })).await;
        reconciled(&client, NAMESPACE, service).await;
        let log = operator.log();
        assert!(operator.terminate().await.unwrap().success(), "{log}");

        let spans = collector.0.lock().unwrap().clone();
        let object = format!("{NAMESPACE}/{service}");
        let of_object = |(_, span): &&(String, Span)| {
            span.name == "reconcile" && text(&span.attributes, "object") == object
        };
        let (found, span) = spans.iter().find(of_object).unwrap();
        assert_eq!(found, service);
        assert_eq!(text(&span.attributes, "controller"), CONTROLLER);
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        let id: String = span.trace_id.iter().map(|it| format!("{it:02x}")).collect();
        let named = format!("{before}{id}{after}");
        assert!(log.contains(&named), "{named} in\n{log}");
        let strangers = spans.iter().filter(|(_, span)| span.name != "reconcile");
        assert_eq!(strangers.count(), 0, "{spans:?}");
    }
}
