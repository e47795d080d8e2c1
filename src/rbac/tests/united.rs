//! How rules become roles.

use super::*;

#[test]
fn rules_are_united_like_controller_gens() {
    let cases: &[(&str, &[&str])] = &[
        (
            "groups=apps,resources=deployments,verbs=get\ngroups=apps,resources=deployments,verbs=list",
            &["apps|deployments|||get,list"],
        ),
        (
            "groups=a,resources=x,verbs=get\ngroups=a,resources=y,verbs=get",
            &["a|x,y|||get"],
        ),
        (
            "groups=a,resources=x,verbs=get\ngroups=b,resources=x,verbs=get",
            &["a,b|x|||get"],
        ),
        (
            "groups=a,resources=x,verbs=get\ngroups=b,resources=x,verbs=list",
            &["a|x|||get", "b|x|||list"],
        ),
        (
            "groups=a,resources=x;y,verbs=get\ngroups=a,resources=y,verbs=list",
            &["a|x|||get", "a|y|||get,list"],
        ),
        ("groups=a,resources=x,verbs=get;*", &["a|x|||*"]),
        (
            "groups=a,resources=x,verbs=get\ngroups=a,resources=x,verbs=*",
            &["a|x|||*"],
        ),
        (
            "groups=a,resources=x,verbs=get;*\ngroups=b,resources=x,verbs=*",
            &["a,b|x|||*"],
        ),
        (
            "groups=a,resources=x,verbs=get\ngroups=a,resources=x,resourceNames=n,verbs=get",
            &["a|x|||get", "a|x|n||get"],
        ),
        (
            "urls=/b,verbs=get\ngroups=core,resources=pods,verbs=get\nurls=/a,verbs=get",
            &["|||/a,/b|get", "core|pods|||get"],
        ),
        (
            "groups=batch.io,resources=x,verbs=get\ngroups=batch,resources=x,verbs=list",
            &["batch|x|||list", "batch.io|x|||get"],
        ),
        // controller-gen loses `get` or `list` here, depending on the order of a Go map.
        (
            "groups=x,resources=r,verbs=get\ngroups=y,resources=r,verbs=get\ngroups=x;y,resources=r,verbs=list",
            &["x,y|r|||get,list"],
        ),
        // United groups meet an older rule about one of their resources.
        (
            "groups=x,resources=r;s,verbs=get\ngroups=y,resources=r;s,verbs=get\ngroups=x;y,resources=r,verbs=list",
            &["x,y|r|||get,list", "x,y|s|||get"],
        ),
    ];
    for (comments, expected) in cases {
        assert_eq!(
            lines(&roles(&read(comments).unwrap(), &cluster_wide())),
            *expected,
            "{comments}"
        );
    }
}

#[test]
fn each_namespace_and_role_name_gets_its_role() {
    let limited = RoleDefaults {
        role_name: "manager-role".to_owned(),
        namespace: Some("system".to_owned()),
    };
    let comments = "groups=apps,resources=deployments,verbs=get\n\
                    groups=core,resources=nodes,verbs=get,namespace=\"\"\n\
                    groups=core,resources=secrets,verbs=get,namespace=users,roleName=reader\n\
                    groups=core,resources=pods,verbs=get,roleName=admin\n\
                    urls=/metrics,verbs=get";
    let names = |defaults: &RoleDefaults| -> Vec<String> {
        let roles = roles(&read(comments).unwrap(), defaults);
        roles
            .iter()
            .map(|role| {
                format!(
                    "{}/{} {}",
                    role.namespace.as_deref().unwrap_or(""),
                    role.name,
                    role.rules.len()
                )
            })
            .collect()
    };
    assert_eq!(
        names(&cluster_wide()),
        ["/admin 1", "/manager-role 3", "users/reader 1"]
    );
    assert_eq!(
        names(&limited),
        [
            "/manager-role 2",
            "system/admin 1",
            "system/manager-role 1",
            "users/reader 1"
        ]
    );
}

#[test]
fn roles_are_rendered_as_controller_gen_renders_them() {
    let comments = "groups=core,resources=pods,resourceNames=yes;\"1e3\";on;~;null;\"0x1\";\"2026-11-23\",verbs=*\n\
                    urls=/metrics,verbs=get because of Prometheus\n\
                    groups=core;apps,resources=*;*/scale,verbs=get;list,namespace=n,roleName=y because I say so # really";
    let expected = r##"---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: manager-role
rules:
# of Prometheus
- nonResourceURLs:
  - /metrics
  verbs:
  - get
# a.rs
- apiGroups:
  - ""
  resourceNames:
  - "0x1"
  - "1e3"
  - "2026-11-23"
  - "null"
  - "on"
  - "yes"
  - "~"
  resources:
  - pods
  verbs:
  - "*"
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "y"
  namespace: "n"
rules:
# I say so # really
- apiGroups:
  - ""
  - apps
  resources:
  - "*"
  - "*/scale"
  verbs:
  - get
  - list
"##;
    let found = rendered(comments, &cluster_wide());
    assert_eq!(found, expected, "{found}");
    assert_eq!(render(&[]), "");
}

#[test]
fn a_rule_has_the_reasons_of_all_comments_that_ask_for_any_of_it() {
    let source = "\
// +opgen:rbac:groups=apps,resources=deployments,verbs=get because of drift
// +opgen:rbac:groups=apps,resources=deployments;daemonsets,verbs=list;get
fn reconcile() {}
// +opgen:rbac:groups=apps,resources=daemonsets,verbs=list
// +opgen:rbac:groups=core,resources=pods,verbs=get;list because of drift
// +opgen:rbac:groups=apps,resources=deployments,resourceNames=one,verbs=get because it is one
// +opgen:rbac:urls=/metrics,verbs=get because it is looked at
fn cleanup() {}
";
    let reading = reading(source);
    let roles = roles(&reading.comments, &cluster_wide());
    let rules = roles.iter().flat_map(|role| &role.rules);
    let shown: Vec<_> = rules
        .map(|rule| {
            let reasons: Vec<_> = rule.reasons.iter().map(String::as_str).collect();
            format!("{} <= {}", line(&rule.policy), reasons.join(" & "))
        })
        .collect();
    let expected = [
        "|||/metrics|get <= it is looked at",
        "core|pods|||get,list <= of drift",
        "apps|daemonsets,deployments|||get,list <= a.rs: cleanup & a.rs: reconcile & of drift",
        "apps|deployments|one||get <= it is one",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_long_name_stays_on_its_line() {
    let name = "n".repeat(200);
    assert!(
        rendered(&format!("urls=/{name},verbs=get"), &cluster_wide())
            .contains(&format!("- /{name}\n"))
    );
}
