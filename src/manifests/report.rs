//! What was found in the CRDs, in the words of the types that they come from: named as in Rust, with file and line,
//! and without what a comment allows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    comments::{self, Finding as Misplaced},
    crdgen::Kind,
    types::{DEAD_SCALE, Types, Written},
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
            let (attribute, _) = dead;
            let problem = Problem::new(format!("`{attribute}` has no effect"));
            let help = match attribute == DEAD_SCALE {
                true => {
                    "write `status = \"..\"` beside it: kube leaves it out of a kind without a status"
                }
                false => {
                    "write `#[schemars(..)]` for bounds and patterns, and `#[x_kube(validation = ..)]` for CEL rules"
                }
            };
            let (level, place) = (Level::Warning, place.clone());
            findings.push(Finding {
                id: "dead-attribute",
                level,
                place,
                problem: problem.help(help),
            });
        }
        // Below what is not the user's nothing is.
        place.steps.is_empty() || here.rust.is_some()
    });
    findings
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
mod tests {
    use serde_json::json;

    use super::*;

    const SOURCE: &str = "
#[kube(kind = \"A\", version = \"v1\")]
struct ASpec {
    // +opgen:allow:boolean because it is
    on: bool,
    off: bool,
    size: u64,
}";

    fn report_of(source: &str) -> Result<Report, Problems> {
        let field = |ty: &str| json!({ "type": ty, "description": "d" });
        let crd = json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": "v1", "schema": {
            "openAPIV3Schema": { "properties": { "spec": { "properties": {
                "on": field("boolean"), "off": field("boolean"), "size": field("integer"),
                "other": field("boolean"),
            }}}},
        }}]}});
        let kind = Kind {
            type_name: "x::a::A".to_owned(),
            schema: Value::Null,
            crd: Ok(crd.clone()),
        };
        let sources = BTreeMap::from([("src/a.rs".into(), source.to_owned())]);
        let (types, misplaced) = Types::of(&sources);
        let crds = std::slice::from_ref(&crd);
        report(&[kind], crds, lint::lint(&crds[0]), &types, misplaced)
    }

    fn said(source: &str) -> Result<Vec<(Level, String)>, Problems> {
        let lines = report_of(source)?.lines.into_iter();
        Ok(lines
            .map(|line| (line.level, line.problem.message))
            .collect())
    }

    #[test]
    fn findings_have_the_names_and_places_of_the_types() {
        let expected = [
            (
                Level::Warning,
                "`ASpec.size` (A v1 .spec.size): `u64` holds values that Kubernetes and many JSON clients do not keep \
                 in `src/a.rs:7:5` [integer-range]",
            ),
            (
                Level::Hint,
                "`ASpec.off` (A v1 .spec.off): a boolean in `src/a.rs:6:5` [boolean]",
            ),
        ];
        let expected = expected.map(|(level, text)| (level, text.to_owned()));
        assert_eq!(said(SOURCE).unwrap(), expected);
    }

    #[test]
    fn the_names_of_fields_are_told_where_the_user_can_change_them() {
        let own = Place::root("A", "v1").field("spec").field("on_off");
        let source = SOURCE.replace("on: bool", "on_off: Elsewhere");
        let sources = BTreeMap::from([("src/a.rs".into(), source)]);
        let (types, _) = Types::of(&sources);
        let crd = json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": "v1" }] } });
        let kind = Kind {
            type_name: "x::a::A".to_owned(),
            schema: Value::Null,
            crd: Ok(crd),
        };
        let finding = |place: &Place| Finding {
            id: "field-name",
            level: Level::Warning,
            place: place.clone(),
            problem: Problem::new("not in camelCase"),
        };
        let findings = vec![finding(&own), finding(&own.field("of_another_crate"))];
        let report = report(&[kind], &[], findings, &types, Vec::new()).unwrap();
        let told: Vec<_> = report
            .lines
            .iter()
            .map(|line| &line.problem.message)
            .collect();
        let told: Vec<_> = told
            .iter()
            .filter(|told| told.contains("camelCase"))
            .collect();
        assert!(
            told.len() == 1 && told[0].starts_with("`ASpec.on_off` "),
            "{told:?}"
        );
    }

    #[test]
    fn an_attribute_without_effect_is_told_once_with_what_to_write() {
        let told = |attribute: &str| {
            let source = SOURCE.replace("struct ASpec", &format!("{attribute}\nstruct ASpec"));
            let report = report_of(&source).unwrap();
            let dead = report.lines.into_iter();
            let dead = dead.filter(|line| line.id == "dead-attribute");
            dead.map(|line| (line.problem.message, line.problem.help.unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        let rule = told("#[validate(rule = \"true\")]");
        assert_eq!(rule.len(), 1, "{rule:?}");
        assert_eq!(
            rule[0].0,
            "`ASpec` (A v1): `#[validate(rule)]` has no effect in `src/a.rs:4:8` [dead-attribute]"
        );
        let scale = told("#[kube(scale(spec_replicas_path = \".spec.size\"))]");
        assert_eq!(scale.len(), 1, "{scale:?}");
        assert!(scale[0].0.contains("`#[kube(scale)]` has no effect"));
        assert!(scale[0].1.contains("`status = \"..\"`"), "{scale:?}");
        let alive = "#[kube(scale(spec_replicas_path = \".spec.size\"), status = \"AStatus\")]";
        assert_eq!(told(alive), []);
    }

    #[test]
    fn what_is_about_all_versions_has_the_name_of_a_type_too() {
        let kind = |version: &str| Kind {
            type_name: "x::a::A".to_owned(),
            schema: Value::Null,
            crd: Ok(
                json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": version }] } }),
            ),
        };
        let finding = Finding {
            id: "large",
            level: Level::Warning,
            place: Place::root("A", ""),
            problem: Problem::new("it is large"),
        };
        let sources = BTreeMap::from([("src/a.rs".into(), SOURCE.to_owned())]);
        let (types, _) = Types::of(&sources);
        let report = report(
            &[kind("v1"), kind("v2")],
            &[],
            vec![finding],
            &types,
            Vec::new(),
        );
        let said = &report.unwrap().lines[0].problem.message;
        assert_eq!(said, "`ASpec` (A): it is large in `src/a.rs:3:8` [large]");
    }

    #[test]
    fn no_comment_allows_what_kubernetes_refuses() {
        let source = SOURCE.replace("allow:boolean", "allow:selectable-field");
        let (types, _) = Types::of(&BTreeMap::from([("src/a.rs".into(), source)]));
        let kind = Kind {
            type_name: "x::a::A".to_owned(),
            schema: Value::Null,
            crd: Ok(
                json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": "v1" }] } }),
            ),
        };
        for (level, told) in [(Level::Error, true), (Level::Warning, false)] {
            let finding = Finding {
                id: "selectable-field",
                level,
                place: Place::root("A", "v1").field("spec").field("on"),
                problem: Problem::new("nothing is there"),
            };
            let kinds = std::slice::from_ref(&kind);
            let report = report(kinds, &[], vec![finding], &types, Vec::new()).unwrap();
            assert_eq!(
                report.of(level).any(|line| line.id == "selectable-field"),
                told
            );
        }
    }

    #[test]
    fn comments_that_allow_nothing_are_told() {
        let gone = SOURCE.replace("on: bool", "gone: i32");
        let lines = said(&gone).unwrap();
        let unused = "nothing is left that `boolean` allows in `src/a.rs:4:8` [unused-allow]";
        assert!(
            lines.contains(&(Level::Warning, unused.to_owned())),
            "{lines:?}"
        );
        let problems = said(&SOURCE.replace("allow:boolean", "allow:boolen")).unwrap_err();
        assert_eq!(
            problems.0[0].message,
            "`boolen` is nothing that a comment can allow in `src/a.rs:4:8`"
        );
        assert_eq!(
            problems.0[0].help.as_deref(),
            Some("did you mean `boolean`?")
        );
    }
}
