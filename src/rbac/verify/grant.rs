//! What is allowed: one verb on one resource or path, and where that is said.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use crate::rbac::{
    PolicyRule,
    usage::{Request, Target},
};

/// One verb of one rule, on one of its resources or paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The verb, or `*`.
    pub verb: String,
    /// What it is about; a group or a resource may be `*`, and a path may end in it.
    pub target: Target,
    /// Names of objects; empty means every object.
    pub names: BTreeSet<String>,
    /// Where it holds.
    pub scope: Scope,
    /// Where it is said.
    pub source: Source,
}

/// Where a permission holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// In every namespace, and outside of namespaces.
    Cluster,
    /// In one namespace.
    Namespace(String),
    /// In the operator's own namespace, or those that it is told to watch instead.
    Own(BTreeSet<String>),
}

/// Where a permission is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The file, as the user knows it.
    pub path: Utf8PathBuf,
    /// The line of a comment, counted from 1; `None` for a file of roles.
    pub line: Option<usize>,
    /// The column of a comment, counted from 1.
    pub column: Option<usize>,
    /// The name of the role, for a file of roles.
    pub role: Option<String>,
}

/// `src/controller/apps/my_app.rs:53` or `config/rbac/leader_election_role.yaml (leader-election-role)`.
impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = &self.path;
        match (self.line, &self.role) {
            (Some(line), _) => write!(formatter, "{path}:{line}"),
            (None, Some(role)) => write!(formatter, "{path} ({role})"),
            (None, None) => write!(formatter, "{path}"),
        }
    }
}

/// Every single permission of a rule.
pub fn grants(rule: &PolicyRule, scope: &Scope, source: &Source) -> Vec<Grant> {
    let resources = rule.api_groups.iter().flat_map(|group| {
        let resource = |resource: &String| Target::Resource {
            group: group.clone(),
            resource: resource.clone(),
        };
        rule.resources.iter().map(resource)
    });
    let urls = rule.non_resource_urls.iter().cloned().map(Target::Url);
    let targets: Vec<_> = resources.chain(urls).collect();
    let of_verb = |verb: &String| {
        let grant = |target: &Target| Grant {
            verb: verb.clone(),
            target: target.clone(),
            names: rule.resource_names.clone(),
            scope: scope.clone(),
            source: source.clone(),
        };
        targets.iter().map(grant).collect::<Vec<_>>()
    };
    rule.verbs.iter().flat_map(of_verb).collect()
}

impl Grant {
    /// Whether it allows a verb of a request, by the rules of Kubernetes' RBAC authorizer
    /// (k8s.io/kubernetes, `pkg/apis/rbac/v1/evaluation_helpers.go`).
    #[must_use]
    pub fn allows(&self, verb: &str, request: &Request) -> bool {
        let here = match &self.scope {
            Scope::Cluster => true,
            Scope::Namespace(namespace) => *namespace == request.namespace,
            Scope::Own(namespaces) => namespaces.contains(&request.namespace),
        };
        let named = self.names.is_empty() || self.names.contains(&request.name);
        here && named && is_or_any(&self.verb, verb) && covers(&self.target, &request.target)
    }

    /// What of it is `*`, in the words of a comment's keys.
    pub(super) fn wildcards(&self) -> Vec<&'static str> {
        let (group, resource) = match &self.target {
            Target::Resource { group, resource } => (group == "*", resource.starts_with('*')),
            Target::Url(_) => (false, false),
        };
        let all = [
            (self.verb == "*", "verbs"),
            (group, "groups"),
            (resource, "resources"),
        ];
        all.into_iter()
            .filter_map(|(is, key)| is.then_some(key))
            .collect()
    }
}

fn is_or_any(granted: &str, wanted: &str) -> bool {
    granted == "*" || granted == wanted
}

fn covers(granted: &Target, wanted: &Target) -> bool {
    match (granted, wanted) {
        (Target::Url(granted), Target::Url(wanted)) => match granted.strip_suffix('*') {
            Some(prefix) => wanted.starts_with(prefix),
            None => granted == wanted,
        },
        (
            Target::Resource { group, resource },
            Target::Resource {
                group: wanted_group,
                resource: wanted,
            },
        ) => {
            let of_any = resource.strip_prefix("*/");
            let subresource = wanted.split_once('/').map(|(_, subresource)| subresource);
            is_or_any(group, wanted_group)
                && (is_or_any(resource, wanted) || (of_any.is_some() && of_any == subresource))
        }
        _ => false,
    }
}
