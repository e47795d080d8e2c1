//! Tables and properties of the RBAC rules.

use camino::Utf8Path;
use proptest::prelude::*;

use super::*;
use crate::{
    manifests::comments::{refuse, scan},
    problem::{Problems, did_you_mean},
};

/// The rules of comments, one to a line, each without its `// +opgen:rbac:`.
fn read(comments: &str) -> Result<Vec<Rule>, Problems> {
    let source: String = comments
        .lines()
        .map(|line| format!("// +opgen:rbac:{}\n", line.trim()))
        .collect();
    let (rules, findings) = rules(&scan(Utf8Path::new("a.rs"), &source).0);
    refuse(findings).map(|()| rules)
}

fn cluster_wide() -> RoleDefaults {
    RoleDefaults {
        role_name: "manager-role".to_owned(),
        namespace: None,
    }
}

fn rendered(comments: &str, defaults: &RoleDefaults) -> String {
    render(&roles(
        &read(comments).unwrap_or_else(|problems| panic!("{problems}")),
        defaults,
    ))
}

/// A rule on one line: `groups|resources|names|urls|verbs`.
fn line(policy: &PolicyRule) -> String {
    let lists = [
        &policy.api_groups,
        &policy.resources,
        &policy.resource_names,
        &policy.non_resource_urls,
        &policy.verbs,
    ];
    lists
        .map(|list| {
            list.iter()
                .map(|item| if item.is_empty() { "core" } else { item })
                .collect::<Vec<_>>()
                .join(",")
        })
        .join("|")
}

fn lines(roles: &[Role]) -> Vec<String> {
    roles
        .iter()
        .flat_map(|role| role.rules.iter().map(line))
        .collect()
}

#[test]
fn the_grammar_is_kubebuilders() {
    let cases = [
        (
            "groups=apps,resources=deployments,verbs=get",
            "apps|deployments|||get",
        ),
        (
            "groups=apps,resources=deployments;deployments/status,verbs=get;list",
            "apps|deployments,deployments/status|||get,list",
        ),
        (
            "groups={apps,batch},resources={jobs,deployments},verbs={get,list}",
            "apps,batch|deployments,jobs|||get,list",
        ),
        (
            "groups=\"\",resources=\"pods\",verbs=\"*\"",
            "core|pods|||*",
        ),
        (
            "groups=core,resources=`pods`,verbs=`get`;\"list\"",
            "core|pods|||get,list",
        ),
        ("groups=core;\"\",resources=pods,verbs=*", "core|pods|||*"),
        (
            " groups = apps , resources = deployments ; statefulsets , verbs = { get , list } ",
            "apps|deployments,statefulsets|||get,list",
        ),
        (
            "urls=/metrics;/healthz/*,verbs=get",
            "|||/healthz/*,/metrics|get",
        ),
        ("urls=*,verbs=*", "|||*|*"),
        (
            "groups=core,resources=secrets,resourceNames=a;\"b,c\",verbs=get",
            "core|secrets|a,b,c||get",
        ),
        (
            "groups=core,resources=secrets,resourceNames=\"a\\\"\\\\b\",verbs=get",
            "core|secrets|a\"\\b||get",
        ),
        ("groups=*,resources=*,verbs=*", "*|*|||*"),
        (
            "groups=apps,resources=*/scale,verbs=patch",
            "apps|*/scale|||patch",
        ),
        (
            "groups=example.com,resources=widgets/finalizers,verbs=update",
            "example.com|widgets/finalizers|||update",
        ),
        ("groups=art,resources=job,verbs=get", "art|job|||get"),
        (
            "groups=batch;apps,resources=deployments;jobs,verbs=get",
            "apps,batch|deployments,jobs|||get",
        ),
        (
            "groups=core,resources=users,verbs=impersonate;impersonate:user-info",
            "core|users|||impersonate,impersonate:user-info",
        ),
        (
            "groups=certificates.k8s.io,resources=signers,resourceNames=example.com:x,verbs=sign",
            "certificates.k8s.io|signers|example.com:x||sign",
        ),
        (
            "groups=certificates.k8s.io,resources=signers,resourceNames=kubernetes.io/kubelet-serving;example.com/*,verbs=sign",
            "certificates.k8s.io|signers|example.com/*,kubernetes.io/kubelet-serving||sign",
        ),
        (
            "groups=authentication.k8s.io,resources=users,verbs=impersonate:user-info",
            "authentication.k8s.io|users|||impersonate:user-info",
        ),
        (
            "groups=apps,resources=brandnewthings,verbs=get",
            "apps|brandnewthings|||get",
        ),
    ];
    for (comment, expected) in cases {
        let rules = read(comment).unwrap_or_else(|problems| panic!("{comment}: {problems}"));
        assert_eq!(
            rules
                .iter()
                .map(|rule| line(&rule.policy))
                .collect::<Vec<_>>(),
            [expected],
            "{comment}"
        );
    }
}

#[test]
fn a_bad_rule_is_refused_with_its_place_and_a_way_out() {
    // The arguments begin in column 16.
    let cases = [
        (
            "group=apps,resources=deployments,verbs=get",
            "unknown key `group` in `a.rs:1:16` => did you mean `groups`?",
        ),
        (
            "groups=apps,resources=deployments,verb=get",
            "unknown key `verb` in `a.rs:1:50` => did you mean `verbs`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,apiGroups=x",
            "unknown key `apiGroups` in `a.rs:1:60` => did you mean `groups`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,resourcenames=x",
            "unknown key `resourcenames` in `a.rs:1:60` => did you mean `resourceNames`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,cluster=x",
            "unknown key `cluster` in `a.rs:1:60` => the keys are `groups`, `resources`, `resourceNames`, `urls`, `verbs`, `namespace`, `roleName`",
        ),
        (
            "groups=apps,groups=batch,resources=deployments,verbs=get",
            "repeated key `groups` in `a.rs:1:28` => put all items into one list",
        ),
        (
            "groups=apps,resources=deployments",
            "rule without `verbs` in `a.rs:1:4` => add what is done, such as `verbs=get;list;watch`",
        ),
        (
            "groups=apps,verbs=get",
            "rule without `resources` or `urls` in `a.rs:1:4` => add what it is about, such as `resources=pods`",
        ),
        (
            "resources=pods,verbs=get",
            "rule with `resources` but without `groups` in `a.rs:1:4` => add `groups=core`",
        ),
        (
            "resources=deployments;statefulsets,verbs=get",
            "rule with `resources` but without `groups` in `a.rs:1:4` => add `groups=apps`",
        ),
        (
            "resources=widgets,verbs=get",
            "rule with `resources` but without `groups` in `a.rs:1:4` => add the API group, such as `groups=apps`; the core group is `groups=core`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,list",
            "expected `key=value` instead of `list` in `a.rs:1:60` => separate the items of a list with `;`, such as `verbs=get;list`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get;",
            "empty item in `verbs` in `a.rs:1:60` => remove the separator, or name the item",
        ),
        (
            "groups=apps,resources=;deployments,verbs=get",
            "empty item in `resources` in `a.rs:1:38` => remove the separator, or name the item",
        ),
        (
            "groups=,resources=pods,verbs=get",
            "empty item in `groups` in `a.rs:1:23` => the core group is `core` or `\"\"`",
        ),
        (
            "groups={apps,},resources=deployments,verbs=get",
            "empty item in `groups` in `a.rs:1:29` => the core group is `core` or `\"\"`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get,",
            "stray `,` at the end in `a.rs:1:59` => remove it",
        ),
        (
            "groups=apps,,resources=deployments,verbs=get",
            "stray `,` in `a.rs:1:28` => remove it",
        ),
        (
            "groups=apps,resources=deployments,verbs={get,list",
            "`{` without `}` in `a.rs:1:56` => close the list with `}`",
        ),
        (
            "groups=apps,resources=deployments,verbs={get;list}",
            "`;` between braces in `a.rs:1:60` => separate items in braces with `,`, or leave the braces out",
        ),
        (
            "groups=apps,resources=deployments,verbs=\"get",
            "unterminated string `\"get` in `a.rs:1:56` => close it with \"",
        ),
        (
            "groups=apps,resources=deployments,verbs=\"get\"x",
            "unexpected `x` after a string in `a.rs:1:61` => separate items with `;` and keys with `,`",
        ),
        (
            "groups=apps,resources=deployments,verbs={get}x",
            "expected `,` before `x` in `a.rs:1:61` => separate keys with `,` and items with `;`",
        ),
        (
            "groups=apps,resources=deployments,verbs=get;list // for now, only these",
            "comment behind a rule in `a.rs:1:65` => put the comment on a line of its own",
        ),
        (
            "groups='apps',resources=deployments,verbs=get",
            "`'` around `apps` in `a.rs:1:23` => use double quotes",
        ),
        (
            "groups=\"a\\nb\",resources=deployments,verbs=get",
            "unknown escape `\\n` in `a.rs:1:25` => only `\\\"` and `\\\\` are escapes",
        ),
        (
            "groups=apps,resources=deployments,verbs=lst",
            "unknown verb `lst` in `a.rs:1:56` => did you mean `list`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get;GET",
            "verb `GET` is not in lower case in `a.rs:1:60` => did you mean `get`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=post",
            "unknown verb `post` in `a.rs:1:56` => did you mean `create`?",
        ),
        (
            "groups=apps,resources=deployments,verbs=get list",
            "unknown verb `get list` in `a.rs:1:56` => separate verbs with `;`",
        ),
        (
            "urls=/metrics,verbs=list",
            "unknown verb `list` for a URL in `a.rs:1:36` => did you mean `get`?",
        ),
        (
            "urls=/metrics,groups=core,verbs=get",
            "`groups` in a rule with `urls` in `a.rs:1:30` => Kubernetes refuses both in one rule: write one comment for each",
        ),
        (
            "urls=/metrics,verbs=get,namespace=a",
            "`urls` in a rule with `namespace` in `a.rs:1:16` => only a ClusterRole can allow URLs: leave `namespace` out",
        ),
        (
            "urls=metrics,verbs=get",
            "invalid URL `metrics` in `a.rs:1:21` => write a path that begins with `/`, such as `/metrics`, or `*`",
        ),
        (
            "urls=/a/*/b,verbs=get",
            "`*` within the URL `/a/*/b` in `a.rs:1:21` => Kubernetes knows `*` only as the last character, such as `/healthz/*`",
        ),
        (
            "groups=apps/v1,resources=deployments,verbs=get",
            "`/` in the group `apps/v1` in `a.rs:1:23` => rules name no versions: write `apps`",
        ),
        (
            "groups=apps/deployments,resources=deployments,verbs=get",
            "`/` in the group `apps/deployments` in `a.rs:1:23` => did you mean `groups=apps,resources=deployments`?",
        ),
        (
            "groups=v1,resources=pods,verbs=get",
            "version `v1` as a group in `a.rs:1:23` => rules name no versions; the core group is `core`",
        ),
        (
            "groups=app,resources=deployments,verbs=get",
            "unknown group `app` in `a.rs:1:23` => did you mean `apps`?",
        ),
        (
            "groups=Apps,resources=deployments,verbs=get",
            "invalid group `Apps` in `a.rs:1:23` => a group is lower-case letters, digits, `-` and `.`, such as `apps` or `example.com`",
        ),
        (
            "groups=apps,resources=deployment,verbs=get",
            "no resource `deployment` in group `apps` in `a.rs:1:38` => did you mean `deployments`?",
        ),
        (
            "groups=apps,resources=deployment/status,verbs=get",
            "no resource `deployment` in group `apps` in `a.rs:1:38` => did you mean `deployments/status`?",
        ),
        (
            "groups=networking.k8s.io,resources=ingress,verbs=get",
            "no resource `ingress` in group `networking.k8s.io` in `a.rs:1:51` => did you mean `ingresses`?",
        ),
        (
            "groups=networking.k8s.io,resources=networkpolicy,verbs=get",
            "no resource `networkpolicy` in group `networking.k8s.io` in `a.rs:1:51` => did you mean `networkpolicies`?",
        ),
        (
            "groups=apps,resources=deploymets,verbs=get",
            "no resource `deploymets` in group `apps` in `a.rs:1:38` => did you mean `deployments`?",
        ),
        (
            "groups=core,resources=deployments,verbs=get",
            "no resource `deployments` in group `core` in `a.rs:1:38` => it is in `groups=apps`",
        ),
        (
            "groups=apps,resources=Deployment,verbs=get",
            "invalid resource `Deployment` in `a.rs:1:38` => resources are named by their lower-case plural, such as `deployments`",
        ),
        (
            "groups=example.com,resources=myApps/status,verbs=get",
            "invalid resource `myApps/status` in `a.rs:1:45` => resources are named by their lower-case plural, such as `myapps/status`",
        ),
        (
            "groups=apps,resources=a/b/c,verbs=get",
            "invalid resource `a/b/c` in `a.rs:1:38` => a resource is a lower-case plural, with its subresource behind a `/`",
        ),
        (
            "groups=core,resources=secrets,resourceNames=*,verbs=get",
            "`*` as a resource name in `a.rs:1:60` => Kubernetes takes it literally: leave `resourceNames` out to allow every name",
        ),
        (
            "groups=core,resources=secrets,resourceNames=a/b,verbs=get",
            "invalid resource name `a/b` in `a.rs:1:60` => write `metadata.name` of the object, without namespace and slash",
        ),
        (
            "groups=core,resources=secrets,verbs=get,namespace=A_b",
            "invalid namespace `A_b` in `a.rs:1:66` => a namespace is at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends",
        ),
        (
            "groups=core,resources=secrets,verbs=get,namespace=a;b",
            "more than one value for `namespace` in `a.rs:1:66` => write one comment for each",
        ),
        (
            "groups=core,resources=secrets,verbs=get,roleName=a b",
            "invalid role name `a b` in `a.rs:1:65` => a role's name is letters, digits, `-`, `.`, `_` and `:`, such as `manager-role`",
        ),
    ];
    for (comment, expected) in cases {
        let problems = read(comment).expect_err(comment);
        let shown: Vec<_> = problems
            .0
            .iter()
            .map(|p| format!("{} => {}", p.message, p.help.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(shown, [expected], "{comment}");
    }
}

#[test]
fn all_problems_of_all_rules_come_at_once_sorted_by_place() {
    let comments = "verbs=lst;GET\ngroups=apps,resources=deployments,verbs=get\ngroups=apps,resource=x,verbs=foo";
    let problems = read(comments).unwrap_err();
    let places: Vec<_> = problems
        .0
        .iter()
        .map(|problem| {
            problem
                .message
                .rsplit("a.rs:")
                .next()
                .unwrap()
                .trim_end_matches('`')
                .to_owned()
        })
        .collect();
    assert_eq!(places, ["1:4", "1:22", "1:26", "3:28", "3:45"]);
}

#[test]
fn a_word_is_corrected_only_when_it_is_near() {
    let cases = [
        ("verb", Some("verbs")),
        ("resourcename", Some("resourceNames")),
        ("URLS", Some("urls")),
        ("banana", None),
        ("", None),
        ("xy", None),
    ];
    for (word, expected) in cases {
        assert_eq!(
            did_you_mean(word, arguments::KEYS.iter().copied()),
            expected,
            "{word}"
        );
    }
}

#[test]
fn markers_with_other_names_are_no_rules() {
    let (markers, findings) = scan(Utf8Path::new("a.rs"), "// +opgen:allow:whatever\n");
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(rules(&markers), (Vec::new(), Vec::new()));
}

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
                    urls=/metrics,verbs=get\n\
                    groups=core;apps,resources=*;*/scale,verbs=get;list,namespace=n,roleName=y";
    let expected = r##"---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: manager-role
rules:
- nonResourceURLs:
  - /metrics
  verbs:
  - get
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
fn a_long_name_stays_on_its_line() {
    let name = "n".repeat(200);
    assert!(
        rendered(&format!("urls=/{name},verbs=get"), &cluster_wide())
            .contains(&format!("- /{name}\n"))
    );
}

const VERBS: [&str; 4] = ["get", "list", "patch", "watch"];

fn list(words: &'static [&'static str], least: usize) -> impl Strategy<Value = BTreeSet<String>> {
    prop::sample::subsequence(words, least..=words.len())
        .prop_map(|list| list.into_iter().map(ToOwned::to_owned).collect())
}

fn policy() -> impl Strategy<Value = PolicyRule> {
    let verbs = || prop_oneof![4 => list(&VERBS, 1), 1 => Just(BTreeSet::from(["*".to_owned()])), 1 => Just(BTreeSet::from(["*".to_owned(), "get".to_owned()]))];
    let names = prop_oneof![2 => Just(BTreeSet::new()), 1 => list(&["m", "n"], 1)];
    let on_resources = (
        list(&["", "x", "y"], 1),
        list(&["p", "r", "r/s"], 1),
        names,
        verbs(),
    )
        .prop_map(
            |(api_groups, resources, resource_names, verbs)| PolicyRule {
                api_groups,
                resources,
                resource_names,
                verbs,
                ..PolicyRule::default()
            },
        );
    let on_urls =
        (list(&["/a", "/b", "/c"], 1), verbs()).prop_map(|(non_resource_urls, verbs)| PolicyRule {
            non_resource_urls,
            verbs,
            ..PolicyRule::default()
        });
    prop_oneof![5 => on_resources, 1 => on_urls]
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    let namespace = prop_oneof![6 => Just(None), 1 => Just(Some("a".to_owned())), 1 => Just(Some(String::new()))];
    let role_name = prop_oneof![6 => Just(None), 1 => Just(Some("other".to_owned()))];
    prop::collection::vec((policy(), namespace, role_name), 0..14).prop_map(|rules| {
        rules
            .into_iter()
            .map(|(policy, namespace, role_name)| Rule {
                policy,
                namespace,
                role_name,
            })
            .collect()
    })
}

/// Every single permission that a policy grants. `*` grants the known verbs, and one that no rule names.
fn allowed(policy: &PolicyRule) -> BTreeSet<[String; 4]> {
    let mut all = BTreeSet::new();
    let any = BTreeSet::from(["<any>".to_owned()]);
    let names = if policy.resource_names.is_empty() {
        &any
    } else {
        &policy.resource_names
    };
    let every = VERBS
        .iter()
        .copied()
        .chain(["unnamed"])
        .map(ToOwned::to_owned)
        .collect();
    let verbs: &BTreeSet<String> = if policy.verbs.contains("*") {
        &every
    } else {
        &policy.verbs
    };
    for verb in verbs {
        for url in &policy.non_resource_urls {
            all.insert([verb.clone(), "url".to_owned(), url.clone(), String::new()]);
        }
        for group in &policy.api_groups {
            for resource in &policy.resources {
                for name in names {
                    all.insert([verb.clone(), group.clone(), resource.clone(), name.clone()]);
                }
            }
        }
    }
    all
}

type Permissions = BTreeSet<(Option<String>, String, [String; 4])>;

fn permissions_of_rules(rules: &[Rule], defaults: &RoleDefaults) -> Permissions {
    let each = rules.iter().flat_map(|rule| {
        let on_urls = !rule.policy.non_resource_urls.is_empty();
        let namespace = match rule.namespace.as_deref() {
            Some("") => None,
            Some(namespace) => Some(namespace.to_owned()),
            None if on_urls => None,
            None => defaults.namespace.clone(),
        };
        let name = rule.role_name.clone().unwrap_or(defaults.role_name.clone());
        allowed(&rule.policy)
            .into_iter()
            .map(move |permission| (namespace.clone(), name.clone(), permission))
    });
    each.collect()
}

fn permissions_of_roles(roles: &[Role]) -> Permissions {
    let each = roles.iter().flat_map(|role| {
        let all = role.rules.iter().flat_map(allowed);
        all.map(|permission| (role.namespace.clone(), role.name.clone(), permission))
    });
    each.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn roles_allow_exactly_what_the_rules_ask_for(rules in any_rules(), limited in any::<bool>()) {
        let defaults = RoleDefaults { namespace: limited.then(|| "system".to_owned()), ..cluster_wide() };
        let roles = roles(&rules, &defaults);
        prop_assert_eq!(permissions_of_rules(&rules, &defaults), permissions_of_roles(&roles));
    }

    #[test]
    fn roles_do_not_depend_on_the_order_of_rules(
        (rules, shuffled) in any_rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
    ) {
        prop_assert_eq!(roles(&rules, &cluster_wide()), roles(&shuffled, &cluster_wide()));
    }

    #[test]
    fn roles_made_into_rules_again_are_the_same_roles(rules in any_rules()) {
        let once = roles(&rules, &cluster_wide());
        let again: Vec<_> = once.iter().flat_map(|role| role.rules.iter().map(|policy| Rule {
            policy: policy.clone(),
            namespace: role.namespace.clone(),
            role_name: Some(role.name.clone()),
        })).collect();
        prop_assert_eq!(&roles(&again, &cluster_wide()), &once);
    }

    #[test]
    fn no_two_rules_of_a_role_are_about_the_same(rules in any_rules()) {
        for role in roles(&rules, &cluster_wide()) {
            let keys: BTreeSet<_> = role.rules.iter().map(|rule| PolicyRule { verbs: BTreeSet::new(), ..rule.clone() }).collect();
            prop_assert_eq!(keys.len(), role.rules.len());
        }
    }

    #[test]
    fn any_arguments_are_read_without_panic(arguments in "\\PC*") {
        let _ = read(&arguments);
    }

    #[test]
    fn any_soup_of_arguments_is_read_without_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "groups", "resources", "verbs", "urls", "namespace", "=", ",", ";", "{", "}", "\"", "`", "'", "\\", " ", "é", "*", "/", "core", "apps", "get", "v1",
        ]), 0..40),
    ) {
        let _ = read(&pieces.concat());
    }
}
