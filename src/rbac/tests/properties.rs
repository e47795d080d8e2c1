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
