//! One request on its way to the API server, from its head to its line in the recording.

use axum::http::{Method, Request, Uri, header};
use futures::FutureExt;
use kube::client::Body;
use serde::{Deserialize, Serialize};

use super::request_info::{self, RequestInfo, Resource};
use super::{Entry, Recorder, append, is_false};

/// Hands over its request when it is dropped, so that one which fails or is given up has a line too.
pub(super) struct Attempt {
    recorder: Recorder,
    request: Option<Recorded>,
}

/// What a line is made of: taken while the operator is at work, written when there are several.
pub(super) struct Recorded {
    method: Method,
    uri: Uri,
    apply: bool,
    dry_run: bool,
    code: Option<u16>,
    refused: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    verb: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "is_false")]
    apply: bool,
    #[serde(skip_serializing_if = "is_false")]
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<&'a str>,
}

impl Attempt {
    pub(super) fn new(recorder: Recorder, request: &Request<Body>) -> Self {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let apply = content_type
            .is_some_and(|value| value.as_bytes().starts_with(b"application/apply-patch"));
        let request = Recorded {
            method: request.method().clone(),
            uri: request.uri().clone(),
            apply: apply && request.method() == Method::PATCH,
            dry_run: request.method() == Method::DELETE && is_dry_delete(request.body()),
            code: None,
            refused: None,
        };
        Self {
            recorder,
            request: Some(request),
        }
    }

    pub(super) fn answered(&mut self, code: u16) {
        if let Some(request) = &mut self.request {
            request.code = Some(code);
        }
    }

    /// The body of a 403: RBAC's refusals say which verb it is that is missing.
    pub(super) fn refused(&mut self, body: &[u8]) {
        #[derive(Deserialize)]
        struct Status {
            message: String,
        }
        let status: Option<Status> = serde_json::from_slice(body).ok();
        let verb = status.as_ref().and_then(|it| refused_verb(&it.message));
        if let Some(request) = &mut self.request {
            request.refused = verb.map(str::to_owned);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.recorder.add(Entry::Request(request));
        }
    }
}

impl Recorded {
    pub(super) fn append_to(&self, lines: &mut Vec<u8>) {
        let path = request_info::decode(self.uri.path());
        let query = self.uri.query().unwrap_or_default();
        let manager = request_info::parameter(query, "fieldManager");
        let line = Line {
            code: self.code,
            apply: self.apply,
            dry_run: self.dry_run || request_info::parameter(query, "dryRun").is_some(),
            refused: self.refused.as_deref(),
            manager: manager.as_deref(),
            ..Line::default()
        };
        match RequestInfo::new(&self.method, &path, query) {
            RequestInfo::NonResource { verb, url } => {
                let line = Line {
                    verb: &verb,
                    url,
                    ..line
                };
                append(lines, &line);
            }
            RequestInfo::Resource(Resource {
                verb,
                group,
                resource,
                subresource,
                namespace,
                name,
            }) => {
                let line = Line {
                    verb,
                    group,
                    resource,
                    subresource,
                    namespace,
                    name: &name,
                    ..line
                };
                append(lines, &line);
            }
        }
    }
}

/// The options of a deletion may be in its body, and kube puts them there.
fn is_dry_delete(body: &Body) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct DeleteOptions {
        #[serde(default)]
        dry_run: Vec<String>,
    }
    // A body that is there already is ready at once; that of a stream is not cloned.
    let bytes = body.try_clone().map(Body::collect_bytes);
    let bytes = bytes.and_then(FutureExt::now_or_never).and_then(Result::ok);
    let options = bytes.and_then(|bytes| serde_json::from_slice::<DeleteOptions>(&bytes).ok());
    options.is_some_and(|options| !options.dry_run.is_empty())
}

/// The verb in `... forbidden: User "..." cannot VERB resource ...`. Admission and quotas refuse in other words.
fn refused_verb(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("forbidden: User \"")?;
    let (verb, rest) = after_quoted(rest)?
        .strip_prefix(" cannot ")?
        .split_once(' ')?;
    let refusal = rest.starts_with("resource \"") || rest.starts_with("path \"");
    refusal.then_some(verb)
}

/// What follows a string that Go has quoted, whose opening quote is gone already.
fn after_quoted(text: &str) -> Option<&str> {
    let mut escaped = false;
    let end = text.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    Some(&text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refused_verb_is_that_of_rbac_alone() {
        for (message, expected) in [
            (
                r#"deployments.apps "x" is forbidden: User "system:serviceaccount:n:a" cannot create resource "deployments" in API group "apps" in the namespace "n""#,
                Some("create"),
            ),
            (
                r#"pods is forbidden: User "a" cannot list resource "pods" in API group "" at the cluster scope: RBAC: role "x" not found"#,
                Some("list"),
            ),
            (
                r#"forbidden: User "a" cannot get path "/metrics""#,
                Some("get"),
            ),
            (
                r#"pods "x" is forbidden: User "a \" cannot list resource \\" cannot get resource "pods" in API group "" in the namespace "n""#,
                Some("get"),
            ),
            (
                r#"users "b" is forbidden: User "a" cannot impersonate resource "users" in API group "" at the cluster scope"#,
                Some("impersonate"),
            ),
            (
                r#"pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"#,
                None,
            ),
            (
                r#"admission webhook "w" denied the request: User "a" cannot create resource "x""#,
                None,
            ),
            (
                r#"clusterroles.rbac.authorization.k8s.io "x" is forbidden: user "a" (groups=["g"]) is attempting to grant RBAC permissions not currently held"#,
                None,
            ),
            (
                r#"pods "x" is forbidden: User "a" cannot be pleased today"#,
                None,
            ),
            (r#"x is forbidden: User "a"#, None),
            ("", None),
        ] {
            assert_eq!(refused_verb(message), expected, "{message}");
        }
    }

    #[test]
    fn a_deletion_is_dry_by_its_body() {
        for (body, expected) in [
            (
                r#"{"dryRun":["All"],"propagationPolicy":"Foreground"}"#,
                true,
            ),
            (r#"{"dryRun":[]}"#, false),
            (r#"{"gracePeriodSeconds":0}"#, false),
            ("", false),
            ("dryRun", false),
        ] {
            let body = Body::from(body.as_bytes().to_vec());
            assert_eq!(is_dry_delete(&body), expected, "{body:?}");
        }
    }
}
