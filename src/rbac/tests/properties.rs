//! What holds for any rules.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

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

fn any_rules() -> impl Strategy<Value = Vec<Comment>> {
    let namespace = prop_oneof![6 => Just(None), 1 => Just(Some("a".to_owned())), 1 => Just(Some(String::new()))];
    let role_name = prop_oneof![6 => Just(None), 1 => Just(Some("other".to_owned()))];
    prop::collection::vec((policy(), namespace, role_name), 0..14).prop_map(|rules| {
        rules
            .into_iter()
            .map(|(policy, namespace, role_name)| {
                comment(Rule {
                    policy,
                    namespace,
                    role_name,
                    reason: None,
                })
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

fn permissions_of_rules(comments: &[Comment], defaults: &RoleDefaults) -> Permissions {
    let rules = comments.iter().map(|comment| &comment.rule);
    let each = rules.flat_map(|rule| {
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
        let all = role.rules.iter().flat_map(|rule| allowed(&rule.policy));
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
        let again: Vec<_> = once.iter().flat_map(|role| role.rules.iter().map(|rule| comment(Rule {
            policy: rule.policy.clone(),
            namespace: role.namespace.clone(),
            role_name: Some(role.name.clone()),
            reason: None,
        }))).collect();
        prop_assert_eq!(&roles(&again, &cluster_wide()), &once);
    }

    #[test]
    fn no_two_rules_of_a_role_are_about_the_same(rules in any_rules()) {
        for role in roles(&rules, &cluster_wide()) {
            let keys: BTreeSet<_> = role.rules.iter().map(|rule| PolicyRule { verbs: BTreeSet::new(), ..rule.policy.clone() }).collect();
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

/// Rules as comments can say them: with anything that may stand in a name, and any reason.
fn any_rule() -> impl Strategy<Value = Rule> {
    let names = prop_oneof![
        2 => Just(BTreeSet::new()),
        1 => prop::collection::btree_set("[a-z,;{}\"'`\\\\:=/]{1,6}", 1..4),
    ];
    let namespace = prop::option::of(prop_oneof![Just(String::new()), "[a-z]{1,4}"]);
    let role_name = prop::option::of("[a-z:]{1,6}");
    let reason = prop::option::of("[\\PC&&[^\\s]]{1,8}( (because|[\\PC&&[^\\s]]{1,8})){0,3}");
    let parts = (policy(), names, namespace, role_name, reason);
    parts.prop_map(|(mut policy, names, namespace, role_name, reason)| {
        if policy.non_resource_urls.is_empty() {
            policy.resource_names = names;
        }
        Rule {
            policy,
            namespace,
            role_name,
            reason,
        }
    })
}

proptest! {
    #[test]
    fn a_rule_that_is_written_and_read_is_the_same_rule(rules in prop::collection::vec(any_rule(), 0..6)) {
        let source: String = rules.iter().map(|rule| format!("// +opgen:rbac:{rule}\n")).collect();
        let reading = reading(&source);
        for (comment, rule) in reading.comments.iter().zip(&rules) {
            prop_assert_eq!(&comment.rule, rule, "{}", source);
            prop_assert_eq!(&source[comment.text.clone()], &rule.to_string());
        }
        prop_assert_eq!(reading.comments.len(), rules.len());
    }
}

/// What an operator may ask the API server for.
struct Request<'a> {
    verb: &'a str,
    group: &'a str,
    resource: &'a str,
    subresource: &'a str,
    name: &'a str,
    /// Outside of the API, if it is not empty.
    url: &'a str,
}

impl Request<'_> {
    /// Whether Kubernetes' authorizer would find it in a rule.
    fn is_allowed_by(&self, rule: &PolicyRule) -> bool {
        let has = |list: &BTreeSet<String>, item: &str| list.contains("*") || list.contains(item);
        if !has(&rule.verbs, self.verb) {
            return false;
        }
        if !self.url.is_empty() {
            let matches = |pattern: &String| match pattern.strip_suffix('*') {
                Some(start) => self.url.starts_with(start),
                None => pattern == self.url,
            };
            return rule.non_resource_urls.iter().any(matches);
        }
        let (whole, any_of_it) = match self.subresource {
            "" => (self.resource.to_owned(), None),
            sub => (format!("{}/{sub}", self.resource), Some(format!("*/{sub}"))),
        };
        let resource = has(&rule.resources, &whole)
            || any_of_it.is_some_and(|pattern| rule.resources.contains(&pattern));
        let named = rule.resource_names.is_empty() || rule.resource_names.contains(self.name);
        has(&rule.api_groups, self.group) && resource && named
    }
}

/// Every request that the rules of [`wild_rules`] can tell apart from others.
fn requests(mut each: impl FnMut(&Request<'_>)) {
    let mut request = |verb, group, resource, subresource, name, url| {
        each(&Request {
            verb,
            group,
            resource,
            subresource,
            name,
            url,
        });
    };
    for verb in ["get", "list", "patch", "unnamed"] {
        for url in ["/a", "/a/b", "/b", "/c"] {
            request(verb, "", "", "", "", url);
        }
        for group in ["", "x", "unnamed"] {
            for (resource, subresource) in
                [("p", ""), ("r", ""), ("r", "s"), ("q", "s"), ("q", "t")]
            {
                for name in ["", "m", "n"] {
                    request(verb, group, resource, subresource, name, "");
                }
            }
        }
    }
}

/// Rules with every wildcard that Kubernetes knows, as comments of a file.
fn wild_rules() -> impl Strategy<Value = Vec<Rule>> {
    let verbs = || list(&["get", "list", "patch", "*"], 1);
    let names = prop_oneof![2 => Just(BTreeSet::new()), 1 => list(&["m", "n"], 1)];
    let on_resources = (
        list(&["", "x", "*"], 1),
        list(&["p", "r", "r/s", "*/s", "*"], 1),
        names,
        verbs(),
    );
    let on_resources =
        on_resources.prop_map(
            |(api_groups, resources, resource_names, verbs)| PolicyRule {
                api_groups,
                resources,
                resource_names,
                verbs,
                ..PolicyRule::default()
            },
        );
    let on_urls = (
        list(&["/a", "/a/*", "/b", "*"], 1),
        list(&["get", "patch", "*"], 1),
    );
    let on_urls = on_urls.prop_map(|(non_resource_urls, verbs)| PolicyRule {
        non_resource_urls,
        verbs,
        ..PolicyRule::default()
    });
    let policy = prop_oneof![5 => on_resources, 1 => on_urls];
    let namespace = prop_oneof![4 => Just(None), 1 => Just(Some("a".to_owned())), 1 => Just(Some(String::new()))];
    let role_name = prop_oneof![4 => Just(None), 1 => Just(Some("other".to_owned()))];
    let reason = prop_oneof![2 => Just(None), 1 => Just(Some("# - x: \"".to_owned()))];
    let rule = (policy, namespace, role_name, reason).prop_map(
        |(policy, namespace, role_name, reason)| {
            // Kubernetes has no Role with URLs, and a comment with both is refused.
            let namespace =
                namespace.filter(|it| it.is_empty() || policy.non_resource_urls.is_empty());
            Rule {
                policy,
                namespace,
                role_name,
                reason,
            }
        },
    );
    prop::collection::vec(rule, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// From the text of comments to the text of roles, by Kubernetes' own rules of what matches.
    #[test]
    fn an_api_server_allows_with_the_roles_what_the_comments_ask_for(rules in wild_rules(), limited in any::<bool>()) {
        let defaults = RoleDefaults { namespace: limited.then(|| "system".to_owned()), ..cluster_wide() };
        let source: String = rules.iter().map(|rule| format!("// +opgen:rbac:{rule}\n")).collect();
        let reading = super::super::read("a.rs".into(), &source, &defaults);
        prop_assert_eq!(&reading.errors, &[]);
        let text = render(&roles(&reading.comments, &defaults));
        let documents = if text.is_empty() { Vec::new() } else { crate::yaml::documents(&text).unwrap() };
        let written: Vec<(String, String, Vec<PolicyRule>)> = documents.into_iter().map(|role| {
            let word = |key: &str| role["metadata"][key].as_str().unwrap_or_default().to_owned();
            assert_eq!(role["kind"] == "ClusterRole", word("namespace").is_empty());
            (word("namespace"), word("name"), serde_json::from_value(role["rules"].clone()).unwrap())
        }).collect();
        for namespace in ["", "a", "system"] {
            for name in ["manager-role", "other"] {
                let asked: Vec<_> = rules.iter().filter(|rule| {
                    let on_urls = !rule.policy.non_resource_urls.is_empty();
                    let usual = if limited && !on_urls { "system" } else { "" };
                    rule.namespace.as_deref().unwrap_or(usual) == namespace
                        && rule.role_name.as_deref().unwrap_or("manager-role") == name
                }).collect();
                let granted: Vec<_> = written.iter().filter(|it| it.0 == namespace && it.1 == name).collect();
                prop_assert!(granted.len() <= 1);
                requests(|request| {
                    let before = asked.iter().any(|rule| request.is_allowed_by(&rule.policy));
                    let after = granted.iter().any(|role| role.2.iter().any(|rule| request.is_allowed_by(rule)));
                    assert_eq!(before, after, "{source}{text}");
                });
            }
        }
    }

    #[test]
    fn each_rule_has_the_reason_of_each_comment_that_asks_for_any_of_it(rules in wild_rules()) {
        let comments: Vec<_> = rules.into_iter().enumerate().map(|(index, rule)| {
            comment(Rule { reason: Some(index.to_string()), ..rule })
        }).collect();
        let roles = roles(&comments, &cluster_wide());
        let mut told = BTreeSet::new();
        for rule in roles.iter().flat_map(|role| &role.rules) {
            prop_assert!(!rule.reasons.is_empty());
            told.extend(rule.reasons.iter().cloned());
        }
        prop_assert_eq!(told.len(), comments.len());
    }
}
