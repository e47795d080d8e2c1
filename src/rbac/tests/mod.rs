//! Tables and properties of the RBAC rules.

mod comments;
mod properties;
mod risks;
mod united;

use super::*;
use crate::{
    manifests::{comments::refuse, types::Position},
    problem::Problems,
};
/// Comments, one to a line, each without its `// +opgen:rbac:`.
fn read(comments: &str) -> Result<Vec<Comment>, Problems> {
    let source: String = comments
        .lines()
        .map(|line| format!("// +opgen:rbac:{}\n", line.trim()))
        .collect();
    let reading = reading(&source);
    refuse(reading.errors).map(|()| reading.comments)
}

/// What a whole file says.
fn reading(source: &str) -> Reading {
    super::read("a.rs".into(), source, &cluster_wide())
}

/// A comment that stands nowhere in particular.
fn comment(rule: Rule) -> Comment {
    let nowhere = Position {
        path: "a.rs".into(),
        line: 1,
        column: 1,
    };
    Comment {
        rule,
        at: nowhere.clone(),
        verbs: nowhere,
        text: 0..0,
        function: None,
    }
}

fn cluster_wide() -> RoleDefaults {
    RoleDefaults {
        role_name: "manager-role".to_owned(),
        namespace: None,
    }
}

fn rendered(comments: &str, defaults: &RoleDefaults) -> String {
    render(&roles(
        &read(comments).unwrap_or_else(|problems| panic!("{problems}")),
        defaults,
    ))
}

/// A rule on one line: `groups|resources|names|urls|verbs`.
fn line(policy: &PolicyRule) -> String {
    let lists = [
        &policy.api_groups,
        &policy.resources,
        &policy.resource_names,
        &policy.non_resource_urls,
        &policy.verbs,
    ];
    lists
        .map(|list| {
            list.iter()
                .map(|item| if item.is_empty() { "core" } else { item })
                .collect::<Vec<_>>()
                .join(",")
        })
        .join("|")
}

fn lines(roles: &[Role]) -> Vec<String> {
    roles
        .iter()
        .flat_map(|role| role.rules.iter().map(|rule| line(&rule.policy)))
        .collect()
}
