//! What comes out of a comparison, a line for each permission.

use serde::Serialize;

use super::{Comparison, Controller, Grant, Need, Scope, Source, Use, implied};
use crate::rbac::usage::Target;

/// The outcome of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Every permission that is granted or was used, the gravest first.
    pub lines: Vec<Line>,
    /// What was done meanwhile.
    pub controllers: Vec<Controller>,
    /// How many requests were compared.
    pub requests: u64,
}

/// One permission, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it stands.
    pub state: State,
    /// What is allowed, or needed.
    pub need: Need,
    /// The grant; none for what is missing.
    pub grant: Option<Grant>,
    /// How many requests used it.
    pub requests: u64,
    /// What else there is to say: why, where, or what instead.
    pub note: String,
    /// Where it is needed, as a comment says it; `None` for where the operator's permissions hold by default.
    pub namespace: Option<String>,
    /// The first few controllers that made the requests.
    pub controllers: Vec<String>,
}

/// How a permission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Used, and not granted.
    Missing,
    /// Refused, although it is granted here: the cluster had another role.
    Contradicted,
    /// Granted, and never used.
    Unused,
    /// Granted for more than it was used for.
    Wider,
    /// Granted, and nothing can show whether it is used.
    Implied,
    /// Granted and used.
    Used,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Contradicted => "refused",
            Self::Unused => "unused",
            Self::Wider => "wider",
            Self::Implied => "implied",
            Self::Used => "used",
        }
    }
}

impl Report {
    /// The lines of a state.
    pub fn of(&self, state: State) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.state == state)
    }
}

impl Line {
    /// Where it is granted.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.grant.as_ref().map(|grant| &grant.source)
    }
}

pub(super) fn report(comparison: Comparison) -> Report {
    let variety = comparison.controllers.variety();
    let granted = comparison.grants.iter().zip(&comparison.uses);
    let is_used = |verb: &str, group: &str, resource: &str| {
        let target = Target::resource(group, resource, "");
        let mut all = comparison.grants.iter().zip(&comparison.uses);
        all.any(|(grant, used)| {
            let exactly = grant.verb == verb && grant.target == target && used.requests > 0;
            exactly
                || used
                    .exactly
                    .iter()
                    .any(|need| need.verb == verb && need.target == target)
        })
    };
    let of_grant = |(grant, used): (&Grant, &Use)| {
        let (state, note) = standing(grant, used, variety, &is_used);
        let need = Need {
            verb: grant.verb.clone(),
            target: grant.target.clone(),
        };
        line(state, need, Some(grant.clone()), used, note)
    };
    let missing = comparison.missing.iter();
    let missing = missing.map(|((need, namespace), used)| Line {
        namespace: namespace.clone(),
        ..line(State::Missing, need.clone(), None, used, examples(used))
    });
    let mut lines: Vec<_> = granted.map(of_grant).chain(missing).collect();
    lines.sort_by(|left, right| key(left).cmp(&key(right)));
    Report {
        lines,
        controllers: comparison.controllers.counts(),
        requests: comparison.requests,
    }
}

fn key(line: &Line) -> (State, &Target, &str, Option<&Source>) {
    (
        line.state,
        &line.need.target,
        &line.need.verb,
        line.source(),
    )
}

fn line(state: State, need: Need, grant: Option<Grant>, used: &Use, note: String) -> Line {
    Line {
        state,
        need,
        grant,
        requests: used.requests,
        note,
        namespace: None,
        controllers: used.managers.0.iter().cloned().collect(),
    }
}

fn standing(
    grant: &Grant,
    used: &Use,
    variety: (bool, bool),
    is_used: &dyn Fn(&str, &str, &str) -> bool,
) -> (State, String) {
    if used.requests == 0 && used.refused > 0 {
        let note = "refused all the same: what ran had another role";
        return (State::Contradicted, note.to_owned());
    }
    if used.requests == 0 {
        return match implied::reason(grant, is_used) {
            Some(reason) => (State::Implied, reason.to_owned()),
            None => (State::Unused, String::new()),
        };
    }
    match wider(grant, used, variety) {
        Some(note) => (State::Wider, note),
        None => (State::Used, String::new()),
    }
}

/// What a grant is for, beyond what it was used for.
fn wider(grant: &Grant, used: &Use, (names, namespaces): (bool, bool)) -> Option<String> {
    if !grant.wildcards().is_empty() {
        let exactly: Vec<_> = used
            .exactly
            .iter()
            .map(|need| format!("`{} {}`", need.verb, need.target))
            .collect();
        return Some(format!("used for {} alone", exactly.join(", ")));
    }
    // Lists and watches name no object, and what is created is of any name.
    let of_one = ["get", "update", "patch", "delete"].contains(&grant.verb.as_str());
    if names
        && of_one
        && grant.names.is_empty()
        && used.requests > 1
        && let Some(name) = used.names.only()
    {
        return Some(format!("used for the name `{name}` alone"));
    }
    if namespaces
        && grant.scope == Scope::Cluster
        && used.requests > 1
        && let Some(namespace) = used.namespaces.only()
    {
        return Some(format!("used in the namespace `{namespace}` alone"));
    }
    None
}

/// `e.g. default/a`
fn examples(used: &Use) -> String {
    let first = |few: &super::Few| few.0.iter().find(|value| !value.is_empty()).cloned();
    match (first(&used.namespaces), first(&used.names)) {
        (Some(namespace), Some(name)) => format!("e.g. {namespace}/{name}"),
        (Some(namespace), None) => format!("e.g. in {namespace}"),
        (None, Some(name)) => format!("e.g. {name}"),
        (None, None) => String::new(),
    }
}
