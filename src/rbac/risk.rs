//! Permissions that a reviewer asks about: each wants a reason in its comment.

use std::collections::BTreeSet;

use super::{
    RoleDefaults, Rule,
    arguments::{Arguments, Item},
};
use crate::{
    manifests::comments::{Finding, Marker},
    problem::Problem,
};

const WILDCARD: &str = "rbac-wildcard";
const ESCALATION: &str = "rbac-escalation";

/// What a verb gives away, whatever it is about.
const VERBS: &[(&str, &str)] = &[
    (
        "bind",
        "binds any role to anybody, the operator itself included",
    ),
    (
        "escalate",
        "gives roles permissions that the operator does not have",
    ),
    ("impersonate", "acts in the name of others"),
];

/// A resource that gives away more than it seems to.
struct Risk {
    id: &'static str,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Behind the name of the resource.
    message: &'static str,
    /// What makes it harmless.
    narrower: Option<Narrower>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Narrower {
    /// Names of objects.
    Names,
    /// Names of objects, or a namespace.
    NamesOrNamespace,
}

/// After the list of risks in Kubernetes' documentation of RBAC, as far as an operator needs such a thing seldom.
const RISKS: &[Risk] = &[
    Risk {
        id: "rbac-secrets",
        group: "",
        resources: &["secrets"],
        verbs: &[
            "get",
            "list",
            "watch",
            "create",
            "update",
            "patch",
            "delete",
            "deletecollection",
        ],
        message: "of every namespace",
        narrower: Some(Narrower::NamesOrNamespace),
    },
    Risk {
        id: "rbac-exec",
        group: "",
        resources: &[
            "pods/exec",
            "pods/attach",
            "pods/portforward",
            "nodes/proxy",
        ],
        verbs: &["create", "get"],
        message: "reaches into containers",
        narrower: None,
    },
    Risk {
        id: "rbac-exec",
        group: "",
        resources: &["pods/ephemeralcontainers"],
        verbs: &["update", "patch"],
        message: "runs containers within the pods of others",
        narrower: None,
    },
    Risk {
        id: "rbac-credentials",
        group: "",
        resources: &["serviceaccounts/token"],
        verbs: &["create"],
        message: "makes tokens of other accounts",
        narrower: Some(Narrower::Names),
    },
    Risk {
        id: "rbac-credentials",
        group: "certificates.k8s.io",
        resources: &["signers"],
        verbs: &["approve", "sign"],
        message: "makes certificates that stand for others",
        narrower: Some(Narrower::Names),
    },
    Risk {
        id: "rbac-admission",
        group: "admissionregistration.k8s.io",
        resources: &[
            "mutatingadmissionpolicies",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
        verbs: &["create", "update", "patch"],
        message: "can see or change every object that is written",
        narrower: Some(Narrower::Names),
    },
];

/// True for the id of something that [`find`] finds.
pub(crate) fn is_id(id: &str) -> bool {
    [WILDCARD, ESCALATION].contains(&id) || RISKS.iter().any(|risk| risk.id == id)
}

/// What a rule without a reason should have one for.
pub(super) fn find(
    arguments: &Arguments,
    rule: &Rule,
    marker: &Marker,
    defaults: &RoleDefaults,
) -> Vec<Finding> {
    if rule.reason.is_some() {
        return Vec::new();
    }
    let mut found = Found {
        marker,
        findings: Vec::new(),
    };
    for key in ["groups", "resources", "urls", "verbs"] {
        for item in arguments.items(key) {
            if item.text == "*" || (key == "resources" && item.text.starts_with("*/")) {
                let message = format!("`{}` in `{key}`", item.text);
                found.warn(WILDCARD, item, &message, "list what is needed");
            }
        }
    }
    for item in arguments.items("verbs") {
        let verb = item.text.split(':').next().unwrap_or_default();
        if let Some((_, does)) = VERBS.iter().find(|(known, _)| *known == verb) {
            let message = format!("`{}` {does}", item.text);
            found.warn(ESCALATION, item, &message, "leave the verb out");
        }
    }
    let named = !rule.policy.resource_names.is_empty();
    let limited = defaults.namespace_of(rule).is_some();
    for risk in RISKS {
        let harmless = match risk.narrower {
            Some(Narrower::Names) => named,
            Some(Narrower::NamesOrNamespace) => named || limited,
            None => false,
        };
        if harmless
            || !rule.policy.api_groups.contains(risk.group)
            || !has_any(&rule.policy.verbs, risk.verbs)
        {
            continue;
        }
        let help = match risk.narrower {
            Some(Narrower::Names) => "name the objects in `resourceNames`",
            Some(Narrower::NamesOrNamespace) => {
                "name the objects in `resourceNames`, or their `namespace`"
            }
            None => "leave the resource out",
        };
        for item in arguments.items("resources") {
            if risk.resources.contains(&item.text.as_str()) {
                let message = format!("`{}` {}", item.text, risk.message);
                found.warn(risk.id, item, &message, help);
            }
        }
    }
    found.findings
}

struct Found<'a> {
    marker: &'a Marker,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn warn(&mut self, id: &str, item: &Item, message: &str, narrower: &str) {
        let (line, column) = self.marker.position(item.offset);
        let help = match self.marker.prefix {
            "+opgen:" => format!("{narrower}, or say why behind the rule: `… because REASON`"),
            _ => format!("{narrower}, or say why: `+opgen:rbac:… because REASON`"),
        };
        let problem = Problem::new(message).help(help);
        let mut finding = Finding::new(&self.marker.path, line, column, problem);
        finding.problem.message.push_str(&format!(" [{id}]"));
        self.findings.push(finding);
    }
}

fn has_any(verbs: &BTreeSet<String>, risky: &[&str]) -> bool {
    verbs.contains("*") || risky.iter().any(|verb| verbs.contains(*verb))
}
