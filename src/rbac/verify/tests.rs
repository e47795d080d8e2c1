use camino::Utf8Path;
use serde_json::json;

use super::*;
use crate::rbac::{Account, PolicyRule};

fn policy(value: serde_json::Value) -> PolicyRule {
    serde_json::from_value(value).unwrap()
}

fn source() -> Source {
    Source {
        path: "src/main.rs".into(),
        line: Some(3),
        column: Some(4),
        role: None,
    }
}

fn request(verb: &str, target: Target, namespace: &str, name: &str, code: u16) -> Request {
    Request {
        verb: verb.to_owned(),
        target,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        code: Some(code),
        apply: false,
        refused: None,
        manager: String::new(),
    }
}

fn deployments(subresource: &str) -> Target {
    Target::resource("apps", "deployments", subresource)
}

/// What comes out for one rule and some requests: state, verb and note of each permission.
fn outcome(
    rule: serde_json::Value,
    scope: Scope,
    requests: &[Request],
) -> Vec<(State, String, String)> {
    let mut comparison = Comparison::new(grants(&policy(rule), &scope, &source()), None, None);
    requests
        .iter()
        .for_each(|request| comparison.request(request));
    let lines = comparison.report().lines.into_iter();
    lines
        .map(|line| (line.state, line.need.verb, line.note))
        .collect()
}

fn states(rule: serde_json::Value, requests: &[Request]) -> Vec<(State, String)> {
    let lines = outcome(rule, Scope::Cluster, requests).into_iter();
    lines.map(|(state, verb, _)| (state, verb)).collect()
}

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

#[test]
fn both_sides_are_compared() {
    let rule =
        json!({ "verbs": ["get", "list"], "apiGroups": ["apps"], "resources": ["deployments"] });
    let requests = [
        request("list", deployments(""), "", "", 200),
        request("patch", deployments(""), "n", "x", 201),
    ];
    use State::{Missing, Unused, Used};
    let expected = [
        (Missing, "create"),
        (Missing, "patch"),
        (Unused, "get"),
        (Used, "list"),
    ];
    assert_eq!(
        states(rule, &requests),
        expected.map(|(state, verb)| (state, verb.to_owned()))
    );
}

#[test]
fn what_everybody_may_do_is_not_missing_unless_it_was_refused() {
    let reviews = Target::resource("authorization.k8s.io", "selfsubjectaccessreviews", "");
    for (verb, target, missing) in [
        ("create", reviews.clone(), false),
        ("list", reviews, true),
        ("get", Target::Url("/apis/apps/v1".to_owned()), false),
        ("get", Target::Url("/version".to_owned()), false),
        ("post", Target::Url("/version".to_owned()), true),
        ("get", Target::Url("/metrics".to_owned()), true),
        ("get", Target::Url("/healthz/etcd".to_owned()), true),
    ] {
        let mut request = request(verb, target, "", "", 200);
        let is_missing = |request: &Request| {
            let mut comparison = Comparison::default();
            comparison.request(request);
            !comparison.report().lines.is_empty()
        };
        assert_eq!(is_missing(&request), missing, "{request:?}");
        request.refused = Some(verb.to_owned());
        assert!(is_missing(&request), "{request:?}");
    }
}

#[test]
fn a_refusal_is_missing_and_no_use() {
    let refused = Request {
        refused: Some("create".to_owned()),
        ..request("patch", deployments(""), "n", "x", 403)
    };
    let rule = json!({ "verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"] });
    let expected = [
        (State::Missing, "create".to_owned()),
        (State::Used, "patch".to_owned()),
    ];
    assert_eq!(states(rule, std::slice::from_ref(&refused)), expected);
    // What ran had another role than the one that is compared.
    let rule = json!({ "verbs": ["create", "patch"], "apiGroups": ["apps"], "resources": ["deployments"] });
    let expected = [
        (State::Contradicted, "create".to_owned()),
        (State::Used, "patch".to_owned()),
    ];
    assert_eq!(states(rule, &[refused]), expected);
}

#[test]
fn what_no_recording_can_show_is_implied_and_says_why() {
    let rule = |group: &str, resource: &str, verbs: &[&str]| json!({ "verbs": verbs, "apiGroups": [group], "resources": [resource] });
    let events = Target::resource("events.k8s.io", "events", "");
    let leases = Target::resource("coordination.k8s.io", "leases", "");
    let roles = Target::resource("rbac.authorization.k8s.io", "roles", "");
    let none: &[Request] = &[];
    for (rule, requests, reason) in [
        (
            rule("example.com", "apps/finalizers", &["update"]),
            none,
            Some("blocks the deletion"),
        ),
        (
            rule("rbac.authorization.k8s.io", "roles", &["bind"]),
            none,
            Some("making of a binding"),
        ),
        (
            rule("rbac.authorization.k8s.io", "roles", &["escalate"]),
            none,
            Some("change of a role"),
        ),
        (
            rule("", "users", &["impersonate"]),
            none,
            Some("another's name"),
        ),
        (
            rule("events.k8s.io", "events", &["create", "patch"]),
            &[request("create", events, "n", "x", 201)],
            Some("series"),
        ),
        (rule("events.k8s.io", "events", &["patch"]), none, None),
        (
            rule("coordination.k8s.io", "leases", &["create", "update"]),
            &[request("update", leases, "n", "x", 200)],
            Some("first start"),
        ),
        (
            rule("coordination.k8s.io", "leases", &["create"]),
            none,
            None,
        ),
        (
            rule("", "pods", &["delete"]),
            &[request("create", roles, "n", "x", 201)],
            None,
        ),
        (rule("apps", "deployments", &["get"]), none, None),
    ] {
        let outcome = outcome(rule.clone(), Scope::Cluster, requests);
        let found = outcome
            .iter()
            .find(|(state, ..)| *state == State::Implied)
            .map(|(_, _, note)| note.as_str());
        match reason {
            Some(reason) => assert!(
                found.is_some_and(|note| note.contains(reason)),
                "{rule}: {outcome:?}"
            ),
            None => assert_eq!(found, None, "{rule}"),
        }
    }
}

#[test]
fn who_writes_roles_needs_what_they_allow() {
    let rule = json!({ "verbs": ["create"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"] });
    let mut all = grants(&policy(rule), &Scope::Cluster, &source());
    let rule = json!({ "verbs": ["delete"], "apiGroups": [""], "resources": ["pods"] });
    all.extend(grants(&policy(rule), &Scope::Cluster, &source()));
    let mut comparison = Comparison::new(all, None, None);
    comparison.request(&request(
        "create",
        Target::resource("rbac.authorization.k8s.io", "roles", ""),
        "n",
        "x",
        201,
    ));
    let report = comparison.report();
    let delete = report
        .lines
        .iter()
        .find(|line| line.need.verb == "delete")
        .unwrap();
    assert_eq!(delete.state, State::Implied, "{}", delete.note);
}

#[test]
fn a_wildcard_is_wider_than_what_it_was_used_for() {
    let rule = json!({ "verbs": ["*"], "apiGroups": ["apps"], "resources": ["deployments"] });
    let requests = [
        request("list", deployments(""), "", "", 200),
        request("get", deployments(""), "n", "x", 200),
    ];
    let expected = "for `get deployments.apps`, `list deployments.apps` alone";
    assert_eq!(
        outcome(rule, Scope::Cluster, &requests),
        [(State::Wider, "*".to_owned(), format!("used {expected}"))]
    );
}

/// A recording in which two objects of different names and namespaces were reconciled.
fn with_variety(rule: serde_json::Value, requests: &[Request]) -> Vec<(State, String)> {
    let mut comparison = Comparison::new(
        grants(&policy(rule), &Scope::Cluster, &source()),
        None,
        None,
    );
    for object in ["n/a", "m/b"] {
        let line = format!(r#"{{"controller":"c","object":"{object}","outcome":"success"}}"#);
        comparison
            .recorded(&Recording::read(&line).unwrap())
            .unwrap();
    }
    requests
        .iter()
        .for_each(|request| comparison.request(request));
    comparison
        .report()
        .lines
        .into_iter()
        .map(|line| (line.state, line.note))
        .collect()
}

#[test]
fn one_name_and_one_namespace_tell_something_only_where_there_were_several_objects() {
    let rule = json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"] });
    let get = |namespace: &str, name: &str| {
        request(
            "get",
            Target::resource("", "configmaps", ""),
            namespace,
            name,
            200,
        )
    };
    let same = [get("n", "x"), get("n", "x")];
    assert_eq!(
        outcome(rule.clone(), Scope::Cluster, &same)[0].0,
        State::Used
    );
    let (state, note) = with_variety(rule.clone(), &same).remove(0);
    assert_eq!(
        (state, note.as_str()),
        (State::Wider, "used for the name `x` alone")
    );
    let (state, note) = with_variety(rule.clone(), &[get("n", "x"), get("n", "y")]).remove(0);
    assert_eq!(
        (state, note.as_str()),
        (State::Wider, "used in the namespace `n` alone")
    );
    assert_eq!(
        with_variety(rule, &[get("n", "x"), get("m", "y")])[0].0,
        State::Used
    );
}

#[test]
fn controllers_say_what_they_did() {
    let mut comparison = Comparison::default();
    for line in [
        r#"{"recording":1,"operator":"o","controllers":["c","idle"]}"#,
        r#"{"controller":"c","object":"n/a","outcome":"success"}"#,
        r#"{"controller":"c","object":"n/a","outcome":"success"}"#,
        r#"{"controller":"c","object":"n/b","outcome":"failure"}"#,
        r#"{"controller":"c","object":"n/b","outcome":"panic"}"#,
        r#"{"controller":"c","object":"n/a","outcome":"success","deleting":true}"#,
        r#"{"verb":"patch","group":"apps","resource":"deployments","namespace":"n","name":"a","code":201,"apply":true,"manager":"c"}"#,
        r#"{"verb":"patch","group":"apps","resource":"deployments","namespace":"n","name":"a","code":200,"apply":true,"manager":"c"}"#,
        r#"{"verb":"patch","group":"x","resource":"as","subresource":"status","namespace":"n","name":"a","code":200,"apply":true,"manager":"c"}"#,
    ] {
        comparison
            .recorded(&Recording::read(line).unwrap())
            .unwrap();
    }
    let report = comparison.report();
    let counts = |it: &Controller| {
        (
            it.name.clone(),
            it.reconciled,
            it.repaired,
            it.cleaned_up,
            it.failed,
        )
    };
    let counts: Vec<_> = report.controllers.iter().map(counts).collect();
    assert_eq!(
        counts,
        [
            ("c".to_owned(), 1, 1, 1, 1),
            ("idle".to_owned(), 0, 0, 0, 0)
        ]
    );
    assert_eq!(report.requests, 3);
}

#[test]
fn a_recording_of_another_operator_is_refused() {
    let begin =
        |name: &str| Recording::read(&format!(r#"{{"recording":1,"operator":"{name}"}}"#)).unwrap();
    let mut comparison = Comparison::new(Vec::new(), Some("ours".to_owned()), None);
    comparison.recorded(&begin("ours")).unwrap();
    let problem = comparison.recorded(&begin("theirs")).unwrap_err();
    assert_eq!(
        problem.message,
        "the recording is of the operator `theirs`, not of `ours`"
    );
}

#[test]
fn an_operator_that_is_limited_to_namespaces_says_where_else_it_wants() {
    let own = BTreeSet::from(["n".to_owned()]);
    let mut comparison = Comparison::new(Vec::new(), None, Some(own));
    for namespace in ["n", "m", ""] {
        comparison.request(&request("list", deployments(""), namespace, "", 200));
    }
    let namespaces: Vec<_> = comparison
        .report()
        .lines
        .into_iter()
        .map(|line| line.namespace)
        .collect();
    assert_eq!(
        namespaces,
        [None, Some(String::new()), Some("m".to_owned())]
    );
}

fn files(yaml: &str) -> RoleFiles {
    let mut files = RoleFiles::default();
    files
        .add(
            Utf8Path::new("chart.yaml"),
            crate::yaml::documents(yaml).unwrap(),
        )
        .unwrap();
    files
}

const ROLES: &str = "\
kind: ClusterRole
metadata: {name: wide}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
kind: Role
metadata: {name: narrow, namespace: one}
rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]
---
kind: Service
metadata: {name: x}
";

#[test]
fn roles_without_bindings_all_count() {
    let mut files = files(ROLES);
    let scopes: Vec<_> = files
        .grants(None)
        .unwrap()
        .into_iter()
        .map(|grant| (grant.verb, grant.scope))
        .collect();
    assert_eq!(
        scopes,
        [
            ("get".to_owned(), Scope::Cluster),
            ("list".to_owned(), Scope::Namespace("one".to_owned()))
        ]
    );
    assert_eq!(
        files.notes,
        ["1 document is no role and no binding in `chart.yaml`, and left out"]
    );
}

#[test]
fn bindings_say_which_roles_count_and_where() {
    let bindings = "\
---
kind: RoleBinding
metadata: {name: b, namespace: two}
roleRef: {kind: ClusterRole, name: wide}
subjects: [{kind: ServiceAccount, name: a, namespace: one}]
---
kind: ClusterRoleBinding
metadata: {name: c}
roleRef: {kind: ClusterRole, name: elsewhere}
subjects: [{kind: ServiceAccount, name: a, namespace: one}, {kind: Group, name: g}]
";
    let mut files = files(&format!("{ROLES}{bindings}"));
    let account = Account {
        name: "a".to_owned(),
        namespace: "one".to_owned(),
    };
    assert_eq!(files.accounts(), std::slice::from_ref(&account));
    let grants = files.grants(Some(&account)).unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].scope, Scope::Namespace("two".to_owned()));
    assert!(files.notes.iter().any(|note| note == "ClusterRole `elsewhere`, which `c` binds, is in none of the files"));
    assert!(
        files
            .notes
            .iter()
            .any(|note| note == "not bound to `one/a`, and left out: Role `narrow`")
    );
}

#[test]
fn a_list_is_its_items() {
    let list = "kind: List\nitems:\n- {kind: ClusterRole, metadata: {name: a}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}\n";
    assert_eq!(files(list).grants(None).unwrap().len(), 1);
}

#[test]
fn a_list_that_is_null_is_empty() {
    let role = "{kind: ClusterRole, metadata: {name: a}, rules: [{apiGroups: [''], resources: [pods], verbs: null}]}";
    assert_eq!(files(role).grants(None).unwrap(), []);
}

#[test]
fn roles_that_say_nothing_are_refused() {
    for (yaml, message) in [
        (
            "kind: Service",
            "no Role and no ClusterRole in the files with roles",
        ),
        (
            "{kind: Role, metadata: {name: a}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}",
            "Role `a` in `chart.yaml` has no namespace",
        ),
    ] {
        let problems = files(yaml).grants(None).unwrap_err();
        assert_eq!(problems.to_string(), message);
    }
    for (yaml, message) in [
        (
            "{kind: ClusterRole, metadata: {name: a}, aggregationRule: {}}",
            "is an aggregate, whose rules are made in the cluster",
        ),
        (
            "{kind: ClusterRole, metadata: {name: a}, rules: 7}",
            "failed to read a ClusterRole in `chart.yaml`",
        ),
    ] {
        let problems = RoleFiles::default()
            .add(
                Utf8Path::new("chart.yaml"),
                crate::yaml::documents(yaml).unwrap(),
            )
            .unwrap_err();
        assert!(problems.to_string().contains(message), "{problems}");
    }
}
