//! Unites rules into few, without allowing anything more or less.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::str::FromStr;

use super::{Comment, PolicyRule, Rule};

/// Where a rule goes that names no role or namespace itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDefaults {
    /// The operator's role, `manager-role` in a project that opgen made.
    pub role_name: String,
    /// `None` for a ClusterRole; the namespace of a Role in a project that is limited to namespaces.
    pub namespace: Option<String>,
}

/// A ClusterRole or a Role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace` of a Role; `None` for a ClusterRole.
    pub namespace: Option<String>,
    /// Sorted as controller-gen sorts them; never empty when it comes from [`roles`].
    pub rules: Vec<Granted>,
}

/// What a role allows, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// What is allowed.
    pub policy: PolicyRule,
    /// The reasons of all comments that ask for any of it.
    pub reasons: BTreeSet<String>,
}

/// A ServiceAccount that roles are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
}

/// Reads `NAMESPACE/NAME`.
impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((namespace, name))
                if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
            {
                Ok(Self {
                    name: name.to_owned(),
                    namespace: namespace.to_owned(),
                })
            }
            _ => Err(
                "name the namespace and the service account, e.g. `shop/shop-operator`".to_owned(),
            ),
        }
    }
}

impl RoleDefaults {
    /// The namespace that a rule is for; none for the whole cluster. Rules on URLs that name no namespace are for the
    /// whole cluster, as no Role can hold them.
    #[must_use]
    pub fn namespace_of<'a>(&'a self, rule: &'a Rule) -> Option<&'a str> {
        let usual = self.namespace.as_deref();
        let usual = usual.filter(|_| rule.policy.non_resource_urls.is_empty());
        let namespace = rule.namespace.as_deref().or(usual);
        namespace.filter(|name| !name.is_empty())
    }
}

/// Groups rules into roles and normalises each, in controller-gen's order: by namespace, then by name.
///
/// The roles allow exactly what the rules ask for, whatever their order, and the result normalises to itself.
#[must_use]
pub fn roles(comments: &[Comment], defaults: &RoleDefaults) -> Vec<Role> {
    let mut grouped: BTreeMap<(Option<&str>, &str), Vec<&Comment>> = BTreeMap::new();
    for comment in comments {
        let rule = &comment.rule;
        let name = rule.role_name.as_ref().unwrap_or(&defaults.role_name);
        let key = (defaults.namespace_of(rule), name.as_str());
        grouped.entry(key).or_default().push(comment);
    }
    let role = |((namespace, name), comments): ((Option<&str>, &str), Vec<&Comment>)| {
        let policies = comments.iter().map(|comment| comment.rule.policy.clone());
        let granted = |policy| Granted {
            reasons: reasons(&policy, &comments),
            policy,
        };
        Role {
            name: name.to_owned(),
            namespace: namespace.map(ToOwned::to_owned),
            rules: normalise(policies.collect())
                .into_iter()
                .map(granted)
                .collect(),
        }
    };
    grouped.into_iter().map(role).collect()
}

/// The reasons of the comments that ask for any of what a rule allows.
fn reasons(united: &PolicyRule, comments: &[&Comment]) -> BTreeSet<String> {
    let asked = |asked: &PolicyRule| {
        let meet = |left: &BTreeSet<String>, right: &BTreeSet<String>| !left.is_disjoint(right);
        // Uniting leaves names as they are; a `*` has taken in the verbs beside it.
        united.resource_names == asked.resource_names
            && (united.verbs.contains("*") || meet(&united.verbs, &asked.verbs))
            && (meet(&united.non_resource_urls, &asked.non_resource_urls)
                || meet(&united.api_groups, &asked.api_groups)
                    && meet(&united.resources, &asked.resources))
    };
    let those = comments.iter().filter(|it| asked(&it.rule.policy));
    those.map(|comment| comment.reason()).collect()
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
