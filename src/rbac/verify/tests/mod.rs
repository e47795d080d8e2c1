use serde_json::json;

use super::*;
use crate::rbac::PolicyRule;

mod grants;
mod role_files;

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
