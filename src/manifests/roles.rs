//! The roles of a project as files, from the RBAC comments in its sources.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{HEADER, comments, sources};
use crate::{
    problem::Problems,
    project::Project,
    rbac::{self, Account, Role, RoleDefaults, Rule},
    scaffold::{Owner, Scaffold, plan::Plan, record::Record},
};

/// The roles of the whole cluster and of the operator's own namespace.
const ROLE_FILE: &str = "config/rbac/role.yaml";
/// The roles of other namespaces: kustomize would move them into the operator's below `config/default`.
const NAMESPACES: &str = "config/namespaces";
/// The operator's role, which `config/rbac/role_binding.yaml` binds.
const ROLE: &str = "manager-role";
/// The operator's own namespace, before kustomize puts its real name there.
const OWN_NAMESPACE: &str = "system";
/// The operator's account, before kustomize puts its prefix there.
const ACCOUNT: &str = "controller-manager";

/// The roles of a project, from the RBAC comments on the disk and in what a plan is about to write.
/// Without any comment there is none, and what stands at `config/rbac/role.yaml` is the user's.
///
/// # Errors
/// Every comment that is wrong, with its place.
pub fn scaffold(
    root: &Utf8Path,
    project: &Project,
    plan: &Plan,
    record: &Record,
) -> anyhow::Result<Scaffold> {
    let mut sources = sources::read(root)?;
    for step in plan.changes().filter(|step| sources::is_source(&step.path)) {
        match &step.after {
            Some(text) => sources.insert(step.path.clone(), text.clone()),
            None => sources.remove(&step.path),
        };
    }
    Ok(files(project, &rules(&sources)?, record))
}

fn rules(sources: &BTreeMap<Utf8PathBuf, String>) -> Result<Vec<Rule>, Problems> {
    let mut markers = Vec::new();
    let mut findings = Vec::new();
    for (path, text) in sources {
        let (found, wrong) = comments::scan(path, text);
        markers.extend(found);
        findings.extend(wrong);
    }
    let (rules, wrong) = rbac::rules(&markers);
    findings.extend(wrong);
    comments::refuse(findings).map(|()| rules)
}

fn files(project: &Project, rules: &[Rule], record: &Record) -> Scaffold {
    let system = format!("{}-system", project.name);
    let rules: Vec<Rule> = rules.iter().map(|rule| own(rule, &system)).collect();
    let defaults = RoleDefaults {
        role_name: ROLE.to_owned(),
        namespace: project.namespaced.then(|| OWN_NAMESPACE.to_owned()),
    };
    let (elsewhere, here): (Vec<Role>, Vec<Role>) = rbac::roles(&rules, &defaults)
        .into_iter()
        .partition(|role| {
            role.namespace
                .as_deref()
                .is_some_and(|name| name != OWN_NAMESPACE)
        });
    let mut derived = Scaffold::default();
    if !rules.is_empty() {
        let bound = |role: &&Role| role.name == ROLE && role.namespace == defaults.namespace;
        let unbound = here.iter().filter(|role| !bound(role));
        let account = Account {
            name: ACCOUNT.to_owned(),
            namespace: OWN_NAMESPACE.to_owned(),
        };
        let bindings = rbac::render_bindings(unbound, &account);
        derived.derived(
            ROLE_FILE,
            format!("{HEADER}{}{bindings}", rbac::render(&here)),
        );
    }
    if !elsewhere.is_empty() {
        let account = Account {
            name: format!("{}-{ACCOUNT}", project.name),
            namespace: system,
        };
        derived.extend(other_namespaces(project, &elsewhere, &account));
    }
    let ours = record
        .paths(Owner::Opgen, NAMESPACES)
        .map(Utf8Path::to_owned);
    derived.removals = ours
        .filter(|path| !derived.files.contains_key(path))
        .collect();
    derived
}

/// The rule, with the operator's own namespace by the name that kustomize replaces.
fn own(rule: &Rule, system: &str) -> Rule {
    let mut rule = rule.clone();
    if rule.namespace.as_deref() == Some(system) {
        rule.namespace = Some(OWN_NAMESPACE.to_owned());
    }
    rule
}

/// A kustomization beside `config/default`, with what that one does but for the namespace.
fn other_namespaces(project: &Project, roles: &[Role], account: &Account) -> Scaffold {
    let name = &project.name;
    let kustomization = format!(
        "{HEADER}\
        # Roles for other namespaces than the operator's, which must be there before.\n\
        namePrefix: {name}-\n\
        labels:\n\
        - pairs:\n    \
            app.kubernetes.io/name: {name}\n    \
            app.kubernetes.io/managed-by: kustomize\n\
        resources:\n\
        - role.yaml\n"
    );
    let bindings = rbac::render_bindings(roles, account);
    let mut derived = Scaffold::default();
    derived.derived(format!("{NAMESPACES}/kustomization.yaml"), kustomization);
    derived.derived(
        format!("{NAMESPACES}/role.yaml"),
        format!("{HEADER}{}{bindings}", rbac::render(roles)),
    );
    derived
}
