//! What a request is in RBAC's terms, by the rules of `RequestInfo` in k8s.io/apiserver.

use std::borrow::Cow;

use axum::http::Method;
use percent_encoding::percent_decode_str;

/// Subresources of a namespace: what else follows a namespace's name is a resource in it.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestInfo<'a> {
    /// A resource of the API.
    Resource(Resource<'a>),
    /// Anything else: `/version`, `/readyz`, discovery. The verb is the HTTP method.
    NonResource { verb: String, url: &'a str },
}

/// What is empty does not apply.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resource<'a> {
    pub(super) verb: &'static str,
    pub(super) group: &'a str,
    pub(super) resource: &'a str,
    pub(super) subresource: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: Cow<'a, str>,
}

/// A URI's path as RBAC and the API server's router see it.
pub(crate) fn decode(path: &str) -> Cow<'_, str> {
    percent_decode_str(path).decode_utf8_lossy()
}

/// The first value of a query's parameter.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

impl<'a> RequestInfo<'a> {
    /// `path` is decoded already, `query` is not.
    pub(super) fn new(method: &Method, path: &'a str, query: &'a str) -> Self {
        match Resource::new(method, path, query) {
            Some(resource) => Self::Resource(resource),
            None => Self::NonResource {
                verb: method.as_str().to_ascii_lowercase(),
                url: path,
            },
        }
    }
}

impl<'a> Resource<'a> {
    fn new(method: &Method, path: &'a str, query: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, parts) = match parts.as_slice() {
            ["api", _version, rest @ ..] => ("", rest),
            ["apis", group, _version, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (verb, parts) = match parts {
            // The verb as a part of the path, as it was before query parameters.
            ["watch", rest @ ..] => ("watch", rest),
            ["proxy", rest @ ..] => ("proxy", rest),
            _ => (verb(method), parts),
        };
        let (namespace, parts) = match parts {
            ["namespaces", namespace] => (*namespace, parts),
            ["namespaces", namespace, sub, ..] if NAMESPACE_SUBRESOURCES.contains(sub) => {
                (*namespace, parts)
            }
            ["namespaces", namespace, rest @ ..] => (*namespace, rest),
            _ => ("", parts),
        };
        let (resource, rest) = parts.split_first()?;
        // What is proxied has a path of its own.
        let subresource = rest.get(1).filter(|_| verb != "proxy");
        let info = Self {
            verb,
            group,
            resource,
            subresource: subresource.copied().unwrap_or_default(),
            namespace,
            name: rest.first().copied().unwrap_or_default().into(),
        };
        Some(info.of_a_collection(query))
    }

    /// Without a name it is about a collection, of which a field selector may pick one object.
    fn of_a_collection(mut self, query: &'a str) -> Self {
        if !self.name.is_empty() {
            return self;
        }
        match self.verb {
            "get" => {
                let watch = parameter(query, "watch").is_some_and(|value| is_true(&value));
                self.verb = if watch { "watch" } else { "list" };
                let selector = parameter(query, "fieldSelector").unwrap_or_default();
                self.name = selected_name(&selector).unwrap_or_default().into();
            }
            "delete" => self.verb = "deletecollection",
            _ => {}
        }
        self
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    }
}

/// A parameter of Kubernetes without a value is true too.
fn is_true(value: &str) -> bool {
    value != "0" && !value.eq_ignore_ascii_case("false")
}

/// The one object that a field selector leaves. `None` also for a selector that is malformed.
fn selected_name(selector: &str) -> Option<String> {
    let mut terms = split_unescaped(selector);
    terms.sort();
    let mut selected = None;
    for term in terms.into_iter().filter(|term| !term.is_empty()) {
        let at = term.find('=')?;
        let (field, value) = (&term[..at], &term[at + 1..]);
        let value = unescape(value.strip_prefix('=').unwrap_or(value))?;
        if field == "metadata.name" && selected.is_none() {
            selected = Some(value);
        }
    }
    selected.filter(|name| is_path_segment(name))
}

/// The terms between commas; a backslash takes the meaning from what follows it.
fn split_unescaped(selector: &str) -> Vec<&str> {
    let mut escaped = false;
    let terms = selector.split(|character| {
        let separates = character == ',' && !escaped;
        escaped = character == '\\' && !escaped;
        separates
    });
    terms.collect()
}

fn unescape(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next().filter(|next| r"\,=".contains(*next))?),
            '=' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// What can be the name of an object.
fn is_path_segment(name: &str) -> bool {
    !matches!(name, "." | "..") && !name.contains(['/', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `VERB GROUP RESOURCE SUBRESOURCE NAMESPACE NAME` with `-` for what is empty, or `VERB URL`.
    fn info(method: &str, uri: &str) -> String {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        match RequestInfo::new(&method, &decode(path), query) {
            RequestInfo::NonResource { verb, url } => format!("{verb} {url}"),
            RequestInfo::Resource(it) => {
                let of_object = [it.subresource, it.namespace, &it.name];
                let parts = [it.verb, it.group, it.resource].into_iter();
                let parts = parts.chain(of_object);
                let shown = parts.map(|part| if part.is_empty() { "-" } else { part });
                shown.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn a_request_is_read_as_the_api_server_reads_it() {
        for (method, uri, expected) in [
            ("GET", "/api/v1/namespaces", "list - namespaces - - -"),
            ("GET", "/api/v1/namespaces/a", "get - namespaces - a a"),
            ("GET", "/api/v1/namespaces/a/", "get - namespaces - a a"),
            (
                "PUT",
                "/api/v1/namespaces/a/finalize",
                "update - namespaces finalize a a",
            ),
            (
                "PUT",
                "/api/v1/namespaces/a/status",
                "update - namespaces status a a",
            ),
            (
                "GET",
                "/api/v1/namespaces/a/status/x",
                "get - namespaces status a a",
            ),
            ("GET", "/api/v1/namespaces/a/pods", "list - pods - a -"),
            ("GET", "/api/v1/namespaces//pods", "list - pods - - -"),
            ("GET", "/api/v1/namespaces/a/pods/b", "get - pods - a b"),
            ("HEAD", "/api/v1/namespaces/a/pods/b", "get - pods - a b"),
            (
                "GET",
                "/api/v1/namespaces/a/pods/b/log",
                "get - pods log a b",
            ),
            (
                "GET",
                "/api/v1/namespaces/a/pods/b/proxy/c/d",
                "get - pods proxy a b",
            ),
            (
                "GET",
                "/api/v1/namespaces/a/namespaces",
                "list - namespaces - a -",
            ),
            ("GET", "/api/v1/pods", "list - pods - - -"),
            ("HEAD", "/api/v1/pods", "list - pods - - -"),
            ("POST", "/api/v1/namespaces/a/pods", "create - pods - a -"),
            (
                "POST",
                "/api/v1/namespaces/a/pods/b/eviction",
                "create - pods eviction a b",
            ),
            ("PATCH", "/api/v1/namespaces/a/pods/b", "patch - pods - a b"),
            (
                "DELETE",
                "/api/v1/namespaces/a/pods/b",
                "delete - pods - a b",
            ),
            (
                "DELETE",
                "/api/v1/namespaces/a/pods",
                "deletecollection - pods - a -",
            ),
            ("DELETE", "/api/v1/nodes", "deletecollection - nodes - - -"),
            ("OPTIONS", "/api/v1/nodes/a", "- - nodes - - a"),
            (
                "GET",
                "/apis/apps/v1/namespaces/a/deployments/b/scale",
                "get apps deployments scale a b",
            ),
            (
                "GET",
                "/apis/apps/v1/deployments",
                "list apps deployments - - -",
            ),
            (
                "GET",
                "/apis/rbac/v1/clusterroles/system:a%20b",
                "get rbac clusterroles - - system:a b",
            ),
            ("GET", "/apis/g/v1/x/a%2Fb", "get g x b - a"),
        ] {
            assert_eq!(info(method, uri), expected, "{method} {uri}");
        }
    }

    #[test]
    fn a_query_makes_a_list_a_watch() {
        for (query, expected) in [
            ("watch=true", "watch"),
            ("watch=1", "watch"),
            ("watch", "watch"),
            ("watch=", "watch"),
            ("&limit=500&watch=yes", "watch"),
            ("watch=false", "list"),
            ("watch=FALSE", "list"),
            ("watch=0", "list"),
            ("watch=0&watch=1", "list"),
            ("watching=1", "list"),
            ("labelSelector=watch%3Dtrue", "list"),
        ] {
            let uri = format!("/api/v1/pods?{query}");
            assert_eq!(
                info("GET", &uri),
                format!("{expected} - pods - - -"),
                "{query}"
            );
            let uri = format!("/api/v1/pods/x?{query}");
            assert_eq!(info("GET", &uri), "get - pods - - x", "{query}");
        }
    }

    #[test]
    fn the_verb_may_stand_in_the_path() {
        for (method, uri, expected) in [
            ("GET", "/api/v1/watch/pods", "watch - pods - - -"),
            (
                "GET",
                "/api/v1/watch/pods?fieldSelector=metadata.name=a",
                "watch - pods - - -",
            ),
            (
                "GET",
                "/api/v1/watch/namespaces/a/pods/b",
                "watch - pods - a b",
            ),
            (
                "GET",
                "/apis/g/v1/watch/namespaces/a/pods/b/status",
                "watch g pods status a b",
            ),
            (
                "POST",
                "/api/v1/proxy/namespaces/a/pods/b",
                "proxy - pods - a b",
            ),
            (
                "GET",
                "/api/v1/proxy/namespaces/a/pods/b/not/a/subresource",
                "proxy - pods - a b",
            ),
            ("GET", "/api/v1/watch", "get /api/v1/watch"),
        ] {
            assert_eq!(info(method, uri), expected, "{method} {uri}");
        }
    }

    #[test]
    fn a_field_selector_names_the_object_of_a_list() {
        for (selector, expected) in [
            ("metadata.name=a", "a"),
            ("metadata.name%3Da", "a"),
            ("metadata.name==a", "a"),
            ("metadata.name%3D%3Da%2Cspec.x%21%3Db", "a"),
            ("spec.x=b,,metadata.name=a", "a"),
            ("metadata.name=b,metadata.name=a", "a"),
            (r"metadata.name=a\,b", "a,b"),
            (r"metadata.name=a\\", r"a\"),
            ("metadata.name=a&fieldSelector=metadata.name=b", "a"),
            ("metadata.name!=a", "-"),
            ("metadata.name=", "-"),
            ("metadata.name=..", "-"),
            ("metadata.name=a%2Fb", "-"),
            ("metadata.name=a,malformed", "-"),
            ("metadata.name=a=b", "-"),
            (r"metadata.name=a\b", "-"),
            (r"metadata.name=a\", "-"),
            ("metadata.namespace=a", "-"),
            ("", "-"),
        ] {
            let query = format!("fieldSelector={selector}");
            for (path, before) in [
                (format!("/api/v1/namespaces/n/pods?{query}"), "list"),
                (
                    format!("/api/v1/namespaces/n/pods?{query}&watch=1"),
                    "watch",
                ),
            ] {
                let expected = format!("{before} - pods - n {expected}");
                assert_eq!(info("GET", &path), expected, "{selector}");
            }
            // The API server does not look at it when it deletes.
            let uri = format!("/api/v1/namespaces/n/pods?{query}");
            assert_eq!(info("DELETE", &uri), "deletecollection - pods - n -");
        }
    }

    #[test]
    fn what_is_no_resource_is_a_url() {
        for uri in [
            "/",
            "/version",
            "/readyz/etcd",
            "/api",
            "/api/v1",
            "/api/v1/",
            "/apis",
            "/apis/apps",
            "/apis/apps/v1",
            "/openapi/v3/apis/apps/v1",
            "/bad/v1/pods",
            "/apis/v1/pods",
        ] {
            assert_eq!(info("GET", uri), format!("get {uri}"));
            assert_eq!(info("POST", uri), format!("post {uri}"));
        }
        assert_eq!(info("GET", "/metrics%2Fa?x=y"), "get /metrics/a");
    }

    proptest! {
        #[test]
        fn no_uri_panics(method in "[A-Z]{1,7}", path in any::<String>(), query in any::<String>()) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            RequestInfo::new(&method, &decode(&path), &query);
        }

        #[test]
        fn no_uri_like_those_of_the_api_panics(
            parts in prop::collection::vec("namespaces|watch|proxy|status|a|%2F|%|", 0..8),
            query in "(watch|fieldSelector|dryRun|metadata.name|=|&|,|%|\\\\|a|%3D){0,12}",
        ) {
            let path = format!("/apis/g/{}", parts.join("/"));
            RequestInfo::new(&Method::GET, &decode(&path), &query);
        }
    }
}
