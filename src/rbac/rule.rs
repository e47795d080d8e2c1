//! What one RBAC comment asks for, and how it is written.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::check::VERBS;

/// What one RBAC comment asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// What is allowed.
    pub policy: PolicyRule,
    /// Where it is allowed. `None` leaves it to [`super::RoleDefaults`]; an empty name asks for the whole cluster, also
    /// in a project that is limited to namespaces.
    pub namespace: Option<String>,
    /// The role that gets it, if it is not the operator's usual one.
    pub role_name: Option<String>,
    /// Why, in its author's words: never empty, and on one line.
    pub reason: Option<String>,
}

/// Permissions in the words of `rbac.authorization.k8s.io/v1`: every combination of the listed values is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    /// API groups; the core group is the empty string.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub api_groups: BTreeSet<String>,
    /// Paths outside the API, such as `/metrics`; only without groups and resources.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "BTreeSet::is_empty")]
    pub non_resource_urls: BTreeSet<String>,
    /// Names of objects; empty means every object.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub resource_names: BTreeSet<String>,
    /// Plurals, with the subresource behind a slash.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub resources: BTreeSet<String>,
    /// Lower-case verbs, or `*` alone.
    pub verbs: BTreeSet<String>,
}

/// The rule as a comment has it behind its marker: `groups=apps,resources=deployments,verbs=get because REASON`.
///
/// Keys, verbs and groups stand in the order and spelling that people write, and items are quoted only where they must
/// be. Reading it gives the same rule again.
impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        let group = |group: &String| if group.is_empty() { "core" } else { group }.to_owned();
        let mut verbs: Vec<_> = policy.verbs.iter().cloned().collect();
        // Verbs that opgen does not know stand last, in the order of the set.
        verbs.sort_by_key(|verb| {
            let known = VERBS.iter().position(|known| known == verb);
            known.unwrap_or(VERBS.len())
        });
        let all = |items: &BTreeSet<String>| items.iter().cloned().collect::<Vec<_>>();
        let lists = [
            ("groups", policy.api_groups.iter().map(group).collect()),
            ("resources", all(&policy.resources)),
            ("resourceNames", all(&policy.resource_names)),
            ("urls", all(&policy.non_resource_urls)),
            ("verbs", verbs),
            ("namespace", self.namespace.iter().cloned().collect()),
            ("roleName", self.role_name.iter().cloned().collect()),
        ];
        let written = lists.iter().filter(|(_, items)| !items.is_empty());
        let written = written.map(|(key, items)| {
            let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
            format!("{key}={}", items.join(";"))
        });
        formatter.write_str(&written.collect::<Vec<_>>().join(","))?;
        match &self.reason {
            Some(reason) => write!(formatter, " because {reason}"),
            None => Ok(()),
        }
    }
}

/// An item, in quotes if it would be read as something else without.
fn quoted(item: &str) -> String {
    let plain =
        |c: char| !c.is_whitespace() && !matches!(c, ',' | ';' | '"' | '\'' | '`' | '{' | '}');
    if !item.is_empty() && item.chars().all(plain) && !item.starts_with("//") {
        return item.to_owned();
    }
    format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""))
}
