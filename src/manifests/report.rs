//! What was found in the CRDs, in the words of the types that they come from: named as in Rust, with file and line,
//! and without what a comment allows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    comments::{self, Finding as Misplaced},
    crdgen::Kind,
    types::{DEAD_SCALE, STRUCT_TAG, Types, Written},
};
use crate::{
    crd::{self, Finding, Level, Place, lint, walk_versions},
    problem::{Problem, Problems, did_you_mean},
};

/// The findings of one run, the gravest first.
#[derive(Debug, Default)]
pub struct Report {
    /// What is said, with its id.
    pub lines: Vec<Line>,
}

/// One finding as it is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// The id that a comment allows.
    pub id: &'static str,
    /// With the name in Rust and the place; what to do is in the help.
    pub problem: Problem,
}

/// Puts findings into the words of the types.
///
/// # Errors
/// Comments that allow what is not known, or say no reason.
pub fn report(
    kinds: &[Kind],
    crds: &[Value],
    findings: Vec<Finding>,
    types: &Types,
    misplaced: Vec<Misplaced>,
) -> Result<Report, Problems> {
    comments::refuse([misplaced, unknown(types)].concat())?;
    let roots = roots(kinds);
    let written = |place: &Place| {
        let exactly = roots.get(&(place.kind.clone(), place.version.clone()));
        // What is about all versions is found at the first.
        let first = || roots.iter().find(|((kind, _), _)| *kind == place.kind);
        let root = exactly.or_else(|| first().map(|(_, root)| root));
        types.find(root.copied().unwrap_or_default(), place)
    };
    let mut used = BTreeSet::new();
    let mut lines = BTreeSet::new();
    let of_types = crds.iter().flat_map(|crd| of_types(crd, &written));
    for finding in findings.into_iter().chain(of_types) {
        let written = written(&finding.place);
        let of_convention = finding.level == Level::Hint || finding.id == "field-name";
        if of_convention && !written.is_own {
            continue; // not the user's to change
        }
        let allowed = types.allowed(&written, finding.id, &finding.place.path());
        match allowed.filter(|_| lint::can_be_allowed(&finding)) {
            Some(allow) => drop(used.insert(allow)),
            None => drop(lines.insert(line(finding, &written))),
        }
    }
    lines.extend(unused(types, &used));
    let lines = lines.into_iter().collect();
    Ok(Report { lines })
}

impl Report {
    /// The lines of a level.
    pub fn of(&self, level: Level) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.level == level)
    }
}

/// The Rust type of each version of a kind.
fn roots(kinds: &[Kind]) -> BTreeMap<(String, String), &str> {
    let root = |kind: &'_ Kind| {
        let place = crd::root(kind);
        (place.kind, place.version)
    };
    kinds
        .iter()
        .map(|kind| (root(kind), kind.type_name.as_str()))
        .collect()
}

/// What the types say and the schema no longer shows: integers that JSON does not keep, attributes without effect.
fn of_types(crd: &Value, written: &impl Fn(&Place) -> Written) -> Vec<Finding> {
    let (mut findings, mut told) = (Vec::new(), BTreeSet::new());
    walk_versions(crd, &mut |place| {
        let here = written(place);
        let wide = here.rust.as_deref();
        if let Some(wide @ ("u64" | "usize" | "u128" | "i128")) = wide {
            let message =
                format!("`{wide}` holds values that Kubernetes and many JSON clients do not keep");
            let problem = Problem::new(message)
                .help("use `i64`, with `#[schemars(range(min = 0))]` where it is never negative");
            let (level, place) = (Level::Warning, place.clone());
            findings.push(Finding {
                id: "integer-range",
                level,
                place,
                problem,
            });
        }
        for dead in here.dead {
            if !told.insert(dead.clone()) {
                continue; // the spec and the kind around it are of one type
            }
            let (level, place) = (Level::Warning, place.clone());
            let (id, problem) = of_attribute(&dead.0);
            findings.push(Finding {
                id,
                level,
                place,
                problem,
            });
        }
        // Below what is not the user's nothing is.
        place.steps.is_empty() || here.rust.is_some()
    });
    findings
}

/// What is wrong with an attribute that does not do what it looks like.
fn of_attribute(attribute: &str) -> (&'static str, Problem) {
    let dead = |help: &str| Problem::new(format!("`{attribute}` has no effect")).help(help);
    match attribute {
        STRUCT_TAG => {
            let message = format!(
                "`{attribute}` of a struct writes a field that its schema does not have: Kubernetes drops it"
            );
            let help = "leave `tag` out, or write it as a field of its own";
            ("struct-tag", Problem::new(message).help(help))
        }
        DEAD_SCALE => {
            let help =
                "write `status = \"..\"` beside it: kube leaves it out of a kind without a status";
            ("dead-attribute", dead(help))
        }
        _ => {
            let help = "write `#[schemars(..)]` for bounds and patterns, and `#[x_kube(validation = ..)]` for CEL rules";
            ("dead-attribute", dead(help))
        }
    }
}

fn line(finding: Finding, written: &Written) -> Line {
    let Finding {
        id,
        level,
        place,
        problem,
    } = finding;
    let message = match &written.at {
        Some(at) => format!(
            "`{}` ({place}): {} in `{at}` [{id}]",
            written.name, problem.message
        ),
        None => format!("`{place}`: {} [{id}]", problem.message),
    };
    let problem = Problem { message, ..problem };
    Line { level, id, problem }
}

/// True for what `opgen crd diff` finds, and not this.
fn is_difference(id: &str) -> bool {
    !lint::LINTS.iter().any(|(lint, _)| *lint == id) && crd::diff::is_id(id)
}

/// Comments that allow what opgen never finds.
fn unknown(types: &Types) -> Vec<Misplaced> {
    let known = || lint::LINTS.iter().map(|(id, _)| *id);
    let open = |id: &str| known().any(|known| known == id) || is_difference(id);
    let unknown = types
        .allows()
        .iter()
        .filter(|allow| !open(&allow.allowance.id));
    let problem = |allow: &super::types::Allow| {
        let id = &allow.allowance.id;
        let problem = Problem::new(format!("`{id}` is nothing that a comment can allow"));
        let help = match did_you_mean(id, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "its messages have the id at their end, in brackets".to_owned(),
        };
        Misplaced::new(
            &allow.at.path,
            allow.at.line,
            allow.at.column,
            problem.help(help),
        )
    };
    unknown.map(problem).collect()
}

/// Comments that allow what is not there any more.
fn unused<'a>(types: &'a Types, used: &'a BTreeSet<usize>) -> impl Iterator<Item = Line> + 'a {
    let unused = types
        .allows()
        .iter()
        .enumerate()
        .filter(|(index, allow)| !used.contains(index) && !is_difference(&allow.allowance.id));
    unused.map(|(_, allow)| {
        let message = format!(
            "nothing is left that `{}` allows in `{}` [unused-allow]",
            allow.allowance.id, allow.at
        );
        let problem = Problem::new(message).help("remove the comment");
        Line {
            level: Level::Warning,
            id: "unused-allow",
            problem,
        }
    })
}

#[cfg(test)]
mod tests;
