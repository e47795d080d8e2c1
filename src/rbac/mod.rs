//! From RBAC comments to roles: reads the rules, checks them against what Kubernetes accepts, unites and renders them.

mod arguments;
mod check;
mod render;
mod roles;

use std::collections::BTreeSet;

use serde::Serialize;

pub use self::render::{render, render_bindings};
pub use self::roles::roles;
use crate::manifests::comments::{Finding, Marker};
use crate::problem::Problem;

/// What one RBAC comment asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// What is allowed.
    pub policy: PolicyRule,
    /// Where it is allowed. `None` leaves it to [`RoleDefaults`]; an empty name asks for the whole cluster, also in a
    /// project that is limited to namespaces.
    pub namespace: Option<String>,
    /// The role that gets it, if it is not the operator's usual one.
    pub role_name: Option<String>,
}

/// Permissions in the words of `rbac.authorization.k8s.io/v1`: every combination of the listed values is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
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
    pub rules: Vec<PolicyRule>,
}

/// A ServiceAccount that roles are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
}

/// Reads the rules of all `rbac` markers, in their order, and every mistake in them: what cannot be read, what
/// Kubernetes would refuse, and what would be accepted but never match a request, such as a misspelt verb. Markers with
/// other names are skipped.
#[must_use]
pub fn rules(markers: &[Marker]) -> (Vec<Rule>, Vec<Finding>) {
    let mut rules = Vec::new();
    let mut findings = Vec::new();
    for marker in markers.iter().filter(|marker| marker.name == "rbac") {
        let mut reader = Reader {
            marker,
            findings: Vec::new(),
        };
        let arguments = arguments::parse(&mut reader);
        rules.push(check::check(&arguments, &mut reader));
        findings.extend(reader.findings);
    }
    (rules, findings)
}

/// A marker that is being read, and what is wrong with it so far.
struct Reader<'a> {
    marker: &'a Marker,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    /// Remembers a problem at a byte offset into the arguments.
    fn refuse_at(&mut self, offset: usize, message: impl Into<String>, help: impl Into<String>) {
        let (line, column) = self.marker.position(offset);
        self.push(line, column, message.into(), help.into());
    }

    /// Remembers a problem of the marker as a whole.
    fn refuse(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(
            self.marker.line,
            self.marker.column,
            message.into(),
            help.into(),
        );
    }

    fn push(&mut self, line: usize, column: usize, message: String, help: String) {
        let problem = Problem::new(message).help(help);
        self.findings
            .push(Finding::new(&self.marker.path, line, column, problem));
    }
}

#[cfg(test)]
mod tests;
