//! Whether a resource can stand beside the others of a project.

use std::collections::BTreeSet;

use crate::{
    problem::{Problem, Problems},
    project::{Project, Resource, Types},
};

/// Longest field manager that the API server takes, in bytes (`metav1.PatchOptions`).
const FIELD_MANAGER: usize = 128;
/// Longest name of an object, and so of a CRD, in bytes.
const OBJECT_NAME: usize = 253;

/// A resource beside the others of the project: names in Kubernetes and in Rust must be its own.
pub(super) fn fits(resource: &Resource, project: &Project) -> Result<(), Problems> {
    let mut problems = Problems::default();
    if resource.types == Types::Own {
        problems.check(lengths(resource, project));
        problems.0.extend(needless_short_names(resource));
    }
    let mut others: Vec<_> = project.resources.iter().collect();
    others.dedup_by(|left, right| left.is_sibling(right)); // versions of a kind share its names
    for other in others {
        if !other.is_sibling(resource) {
            problems.0.extend(clashes(resource, other, project));
        }
    }
    problems.0.sort();
    problems.0.dedup();
    problems.into_result()
}

/// The first name that is too long: those behind it are too long for the same reason.
fn lengths(resource: &Resource, project: &Project) -> Result<(), Problem> {
    let group = resource.group.qualified(&project.domain)?;
    let limited = |what: &str, name: String, most: usize, help: &str| match name.len() {
        length if length <= most => Ok(()),
        length => Err(Problem::new(format!(
            "{what} `{name}` has {length} characters, more than {most}"
        ))
        .help(help)),
    };
    let crd = format!("{}.{group}", resource.plural);
    limited("the CRD's name", crd, OBJECT_NAME, "shorten the group")?;
    let manager = format!("{group}/{}", resource.kind.singular());
    let help = "shorten the group or the kind";
    limited("the field manager", manager, FIELD_MANAGER, help)
}

/// Short names that are given twice, or are the kind's name in any case.
fn needless_short_names(resource: &Resource) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for name in &resource.short_names {
        let reason = if !seen.insert(name) {
            "is given twice"
        } else if name.as_str() == resource.kind.singular() {
            "is the kind's singular already"
        } else if name.as_str() == resource.plural.as_str() {
            "is the kind's plural already"
        } else {
            continue;
        };
        problems.push(Problem::new(format!("short name `{name}` {reason}")).help("leave it out"));
    }
    problems
}

/// What two kinds of a project cannot both be called.
fn clashes(resource: &Resource, other: &Resource, project: &Project) -> Vec<Problem> {
    let (title, other_title) = (
        resource.title(&project.domain),
        other.title(&project.domain),
    );
    let same_group = other.types == resource.types && other.group == resource.group;
    let (kind, other_kind) = (resource.kind.as_str(), other.kind.as_str());
    if same_group && other_kind.eq_ignore_ascii_case(kind) {
        let message = format!(
            "`{title}` and `{other_title}` of this project differ in upper and lower case only"
        );
        return vec![Problem::new(message).help("choose another kind")];
    }
    let mut problems = Vec::new();
    if same_group && resource.types == Types::Own {
        problems = shared_names(resource, other, &title, &other_title);
    }
    if let Some((what, help)) = shared_code(resource, other).filter(|_| problems.is_empty()) {
        let message = format!("`{title}` and `{other_title}` of this project share {what}");
        problems.push(Problem::new(message).help(help));
    }
    problems
}

/// Names by which kubectl would find either kind: Kubernetes does not serve the second.
fn shared_names(
    resource: &Resource,
    other: &Resource,
    title: &str,
    other_title: &str,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (role, name, help) in names(resource) {
        if let Some((other_role, ..)) = names(other)
            .into_iter()
            .find(|(_, known, _)| *known == name)
        {
            let message = format!(
                "the {role} `{name}` of `{title}` is the {other_role} of `{other_title}` already"
            );
            problems.push(Problem::new(message).help(help));
        }
    }
    problems
}

/// Every name of a kind, what it is, and how to choose another.
fn names(resource: &Resource) -> Vec<(&'static str, String, &'static str)> {
    let mut names = vec![
        ("singular", resource.kind.singular(), "choose another kind"),
        (
            "plural",
            resource.plural.to_string(),
            "pass another `--plural`",
        ),
    ];
    let short = resource.short_names.iter();
    names.extend(short.map(|name| {
        (
            "short name",
            name.to_string(),
            "pass another `--short-name`",
        )
    }));
    names
}

/// Rust code of both that would stand in one place, and how to choose another.
fn shared_code(resource: &Resource, other: &Resource) -> Option<(String, &'static str)> {
    let (ours, theirs) = (&resource.rust, &other.rust);
    let same_types = other.types == resource.types;
    let same_group = same_types && other.group == resource.group;
    let same_module = ours.group == theirs.group && ours.module == theirs.module;
    if same_group && ours.module == theirs.module {
        let what = format!("the Rust module `{}`", theirs.module);
        Some((what, "choose another kind"))
    } else if same_types && !same_group && ours.group == theirs.group {
        let what = format!("the Rust module `{}` of their groups", theirs.group);
        Some((what, "choose another group"))
    } else if !same_types && same_module {
        let file = format!("src/controller/{}/{}.rs", theirs.group, theirs.module);
        Some((
            format!("the controller's file `{file}`"),
            "choose another group",
        ))
    } else {
        None
    }
}
