//! What is granted: by a project's comments and the roles that its owner keeps by hand, or by files of roles.

use std::{collections::BTreeSet, fs};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    manifests::roles,
    problem::{Problem, Problems},
    project::Project,
    rbac::{
        Account, Comment, Rule,
        verify::{Grant, RoleFiles, Scope, Source, grants},
    },
    shell::Shell,
    yaml,
};

/// The roles of a project, before kustomize gives them their namespace.
const DIRECTORY: &str = "config/rbac";
/// The role that comes from the comments.
const FROM_COMMENTS: &str = "config/rbac/role.yaml";
/// The operator's own namespace and account there.
const OWN: (&str, &str) = ("system", "controller-manager");

/// What a project's operator may do.
///
/// # Errors
/// Comments and roles that cannot be read.
pub(super) fn of_project(
    root: &Utf8Path,
    project: &Project,
    comments: &[Comment],
) -> anyhow::Result<Vec<Grant>> {
    let own = Scope::Own(BTreeSet::from([project.namespace()]));
    let mut all = by_hand(root, comments.is_empty())?;
    for grant in &mut all {
        if grant.scope == Scope::Namespace(OWN.0.to_owned()) {
            grant.scope = own.clone();
        }
    }
    for comment in comments {
        let source = Source {
            path: comment.at.path.clone(),
            line: Some(comment.at.line),
            column: Some(comment.at.column),
            role: None,
        };
        let scope = scope(&comment.rule, project, &own);
        all.extend(grants(&comment.rule.policy, &scope, &source));
    }
    Ok(all)
}

fn scope(rule: &Rule, project: &Project, own: &Scope) -> Scope {
    match roles::defaults(project).namespace_of(rule) {
        None => Scope::Cluster,
        Some(name) if name == OWN.0 || name == project.namespace() => own.clone(),
        Some(name) => Scope::Namespace(name.to_owned()),
    }
}

/// The roles in `config/rbac` that are bound to the operator's account, but for the one that the comments make.
fn by_hand(root: &Utf8Path, without_comments: bool) -> anyhow::Result<Vec<Grant>> {
    let mut files = RoleFiles::default();
    let directory = root.join(DIRECTORY);
    let mut paths: Vec<Utf8PathBuf> = Vec::new();
    if directory.is_dir() {
        for entry in directory
            .read_dir_utf8()
            .with_context(|| format!("failed to read `{directory}`"))?
        {
            let path = entry?.into_path();
            if matches!(path.extension(), Some("yaml" | "yml")) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    for path in paths {
        let below = path.strip_prefix(root).unwrap_or(&path);
        add(&mut files, &path, below)?;
    }
    let account = Account {
        name: OWN.1.to_owned(),
        namespace: OWN.0.to_owned(),
    };
    let mut all = if files.is_empty() {
        Vec::new()
    } else {
        files.grants(Some(&account))?
    };
    all.retain(|grant| without_comments || grant.source.path != FROM_COMMENTS);
    Ok(all)
}

/// What the roles of some files grant, and the account that they grant it to.
///
/// # Errors
/// Files that cannot be read or have no role, and several accounts where none is named.
pub(super) fn of_files(
    paths: &[Utf8PathBuf],
    directory: &Utf8Path,
    account: Option<Account>,
    shell: &Shell,
) -> anyhow::Result<(Vec<Grant>, Option<Account>)> {
    let mut files = RoleFiles::default();
    let mut problems = Problems::default();
    for path in paths {
        if let Err(error) = add(&mut files, &directory.join(path), path) {
            match error.downcast::<Problems>() {
                Ok(more) => problems.0.extend(more.0),
                Err(other) => return Err(other),
            }
        }
    }
    problems.into_result()?;
    let account = match (account, files.accounts().as_slice()) {
        (Some(account), _) => Some(account),
        (None, []) => None,
        (None, [one]) => Some(one.clone()),
        (None, several) => {
            let names: Vec<_> = several
                .iter()
                .map(|it| format!("`{}/{}`", it.namespace, it.name))
                .collect();
            let problem = Problem::new(format!(
                "the roles are bound to several accounts: {}",
                names.join(", ")
            ))
            .help("say which is the operator's: `--account NAMESPACE/NAME`");
            return Err(Problems::from(problem).into());
        }
    };
    let grants = files.grants(account.as_ref())?;
    for note in &files.notes {
        shell.note(note);
    }
    Ok((grants, account))
}

fn add(files: &mut RoleFiles, path: &Utf8Path, name: &Utf8Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read `{name}`"))?;
    let documents = yaml::documents(&text).map_err(|error| {
        let message = format!("`{name}` is not YAML: {}", yaml::reason(&error));
        Problems::from(Problem::new(message).help("render a chart first: `helm template`"))
    })?;
    files.add(name, documents)?;
    Ok(())
}
