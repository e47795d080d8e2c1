use super::*;

#[test]
fn a_grant_allows_what_kubernetes_would_allow() {
    let rule = |verbs: &[&str], groups: &[&str], resources: &[&str]| {
        policy(json!({ "verbs": verbs, "apiGroups": groups, "resources": resources }))
    };
    let get = |target| request("get", target, "n", "x", 200);
    for (rule, request, allowed) in [
        (
            rule(&["get"], &["apps"], &["deployments"]),
            get(deployments("")),
            true,
        ),
        (
            rule(&["get"], &["apps"], &["deployments"]),
            get(deployments("status")),
            false,
        ),
        (
            rule(&["get"], &["apps"], &["deployments/status"]),
            get(deployments("status")),
            true,
        ),
        (
            rule(&["get"], &["apps"], &["deployments/status"]),
            get(deployments("")),
            false,
        ),
        (
            rule(&["get"], &["apps"], &["*/status"]),
            get(deployments("status")),
            true,
        ),
        (
            rule(&["get"], &["apps"], &["*/status"]),
            get(deployments("scale")),
            false,
        ),
        (
            rule(&["get"], &["apps"], &["*/status"]),
            get(deployments("")),
            false,
        ),
        (
            rule(&["get"], &["apps"], &["*"]),
            get(deployments("status")),
            true,
        ),
        (
            rule(&["get"], &["*"], &["deployments"]),
            get(deployments("")),
            true,
        ),
        (
            rule(&["get"], &[""], &["deployments"]),
            get(deployments("")),
            false,
        ),
        (
            rule(&["*"], &["apps"], &["deployments"]),
            get(deployments("")),
            true,
        ),
        (
            rule(&["list"], &["apps"], &["deployments"]),
            get(deployments("")),
            false,
        ),
        (
            policy(json!({ "verbs": ["get"], "nonResourceURLs": ["/metrics"] })),
            get(Target::Url("/metrics".into())),
            true,
        ),
        (
            policy(json!({ "verbs": ["get"], "nonResourceURLs": ["/metrics"] })),
            get(Target::Url("/metrics/x".into())),
            false,
        ),
        (
            policy(json!({ "verbs": ["get"], "nonResourceURLs": ["/metrics/*"] })),
            get(Target::Url("/metrics/x".into())),
            true,
        ),
        (
            policy(json!({ "verbs": ["get"], "nonResourceURLs": ["*"] })),
            get(deployments("")),
            false,
        ),
    ] {
        let any = grants(&rule, &Scope::Cluster, &source())
            .iter()
            .any(|grant| grant.allows("get", &request));
        assert_eq!(any, allowed, "{rule:?} {request:?}");
    }
}

#[test]
fn a_grant_ends_at_its_names_and_its_namespaces() {
    let rule = policy(
        json!({ "verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["x"] }),
    );
    let own = Scope::Own(BTreeSet::from(["n".to_owned()]));
    for (scope, namespace, name, allowed) in [
        (Scope::Cluster, "n", "x", true),
        (Scope::Cluster, "n", "y", false),
        (Scope::Cluster, "n", "", false),
        (Scope::Namespace("n".to_owned()), "n", "x", true),
        (Scope::Namespace("n".to_owned()), "m", "x", false),
        (Scope::Namespace("n".to_owned()), "", "x", false),
        (own, "n", "x", true),
    ] {
        let request = request("get", deployments(""), namespace, name, 200);
        assert_eq!(
            grants(&rule, &scope, &source())[0].allows("get", &request),
            allowed,
            "{scope:?} {namespace}/{name}"
        );
    }
}
