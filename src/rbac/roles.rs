//! Unites rules into few, without allowing anything more or less.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::{PolicyRule, Role, RoleDefaults, Rule};

/// Groups rules into roles and normalises each, in controller-gen's order: by namespace, then by name.
///
/// The roles allow exactly what the rules ask for, whatever their order, and the result normalises to itself. Rules on
/// URLs that name no namespace stay in a ClusterRole, as no Role can hold them.
#[must_use]
pub fn roles(rules: &[Rule], defaults: &RoleDefaults) -> Vec<Role> {
    let mut grouped: BTreeMap<(Option<String>, String), BTreeSet<PolicyRule>> = BTreeMap::new();
    for rule in rules {
        let usual = defaults
            .namespace
            .as_ref()
            .filter(|_| rule.policy.non_resource_urls.is_empty());
        let namespace = rule
            .namespace
            .as_ref()
            .or(usual)
            .filter(|name| !name.is_empty());
        let name = rule.role_name.as_ref().unwrap_or(&defaults.role_name);
        grouped
            .entry((namespace.cloned(), name.clone()))
            .or_default()
            .insert(rule.policy.clone());
    }
    grouped
        .into_iter()
        .map(|((namespace, name), policies)| Role {
            name,
            namespace,
            rules: normalise(policies),
        })
        .collect()
}

/// Splits by resource and unites what differs in one respect alone, until nothing changes.
///
/// One pass is not enough: groups that are united may meet a rule that already was about both, and controller-gen,
/// which makes one pass, then drops one of the two. A pass that unites groups or URLs leaves fewer combinations of
/// groups, names and resource than it found, and one that does not is the last, so this ends.
fn normalise(mut rules: BTreeSet<PolicyRule>) -> Vec<PolicyRule> {
    loop {
        let mut next = unite(rules.iter().flat_map(one_per_resource), |rule| {
            &mut rule.verbs
        });
        next = unite(next, |rule| &mut rule.resources);
        next = unite(next, |rule| &mut rule.api_groups);
        next = unite(next, |rule| &mut rule.non_resource_urls);
        if next == rules {
            break;
        }
        rules = next;
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_cached_key(sort_key);
    rules
}

fn one_per_resource(rule: &PolicyRule) -> Vec<PolicyRule> {
    if rule.resources.len() < 2 {
        return vec![rule.clone()];
    }
    let alone = |resource: &String| PolicyRule {
        resources: BTreeSet::from([resource.clone()]),
        ..rule.clone()
    };
    rule.resources.iter().map(alone).collect()
}

/// Makes one rule of those that are equal apart from one list.
fn unite(
    rules: impl IntoIterator<Item = PolicyRule>,
    list: impl Fn(&mut PolicyRule) -> &mut BTreeSet<String>,
) -> BTreeSet<PolicyRule> {
    let mut united: BTreeMap<PolicyRule, BTreeSet<String>> = BTreeMap::new();
    for mut rule in rules {
        let items = mem::take(list(&mut rule));
        united.entry(rule).or_default().extend(items);
    }
    let whole = united.into_iter().map(|(mut rule, items)| {
        *list(&mut rule) = items;
        if rule.verbs.contains("*") {
            rule.verbs.retain(|verb| verb == "*");
        }
        rule
    });
    whole.collect()
}

/// The string that controller-gen sorts by, so that a project which comes from Kubebuilder sees no needless difference.
fn sort_key(rule: &PolicyRule) -> (String, PolicyRule) {
    let join = |items: &BTreeSet<String>| {
        items
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("&")
    };
    let lists = [
        &rule.api_groups,
        &rule.resources,
        &rule.resource_names,
        &rule.non_resource_urls,
    ];
    (lists.map(join).join(" + "), rule.clone())
}
