//! The roles of a project as files, from the RBAC comments in its sources.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{HEADER, comments, sources};
use crate::{
    problem::{Problem, Problems},
    project::Project,
    rbac::{self, Account, Comment, Role, RoleDefaults},
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

/// The roles of a project, from the RBAC comments on the disk and in what a plan is about to write; and what in them
/// wants a reason.
///
/// Without any comment there is none, and what stands at `config/rbac/role.yaml` is the user's.
///
/// # Errors
/// Every comment that is wrong, with its place.
pub fn scaffold(
    root: &Utf8Path,
    project: &Project,
    plan: &Plan,
    record: &Record,
) -> anyhow::Result<(Scaffold, Vec<Problem>)> {
    let changes = plan.changes();
    let changes = changes.map(|step| (step.path.clone(), step.after.clone()));
    let sources = sources::read_changed(root, &changes.collect())?;
    let (comments, warnings) = comments(project, &sources)?;
    Ok((files(project, comments, record), warnings))
}

/// The RBAC comments of sources by their paths, and what in them wants a reason.
///
/// # Errors
/// Every comment that is wrong, with its place.
pub fn comments(
    project: &Project,
    sources: &BTreeMap<Utf8PathBuf, String>,
) -> Result<(Vec<Comment>, Vec<Problem>), Problems> {
    let defaults = defaults(project);
    let (mut all, mut errors, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (path, text) in sources {
        let reading = rbac::read(path, text, &defaults);
        all.extend(reading.comments);
        errors.extend(reading.errors);
        warnings.extend(reading.warnings);
    }
    comments::refuse(errors)?;
    warnings.sort();
    let warnings = warnings.into_iter().map(|found| found.problem);
    Ok((all, warnings.collect()))
}

/// Where the rules of a project go that say nothing of it.
#[must_use]
pub fn defaults(project: &Project) -> RoleDefaults {
    RoleDefaults {
        role_name: ROLE.to_owned(),
        namespace: project.namespaced.then(|| OWN_NAMESPACE.to_owned()),
    }
}

fn files(project: &Project, mut comments: Vec<Comment>, record: &Record) -> Scaffold {
    let system = project.namespace();
    for comment in &mut comments {
        // The operator's own namespace by the name that kustomize replaces.
        let namespace = comment.rule.namespace.as_mut();
        if let Some(namespace) = namespace.filter(|name| **name == system) {
            OWN_NAMESPACE.clone_into(namespace);
        }
    }
    let defaults = defaults(project);
    let (elsewhere, here): (Vec<Role>, Vec<Role>) = rbac::roles(&comments, &defaults)
        .into_iter()
        .partition(|role| {
            role.namespace
                .as_deref()
                .is_some_and(|name| name != OWN_NAMESPACE)
        });
    let mut derived = Scaffold::default();
    if !comments.is_empty() {
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
