use camino::Utf8Path;

use super::*;
use crate::rbac::Account;

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
