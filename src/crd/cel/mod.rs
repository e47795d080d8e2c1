//! The CEL rules of a CRD, checked before an API server sees them: do they parse, do they fit the schema, what do they
//! cost.
//!
//! The parser is that of the `cel` crate. Types and costs are worked out as Kubernetes does it, for rules that come new
//! to an API server of version 1.37; the tests hold every verdict against a real one.

use std::{collections::BTreeMap, sync::Arc, thread};

use cel::{Env, IdedExpr};
use serde_json::Value;

use super::{Finding, Level, Place, Step};
use crate::problem::Problem;
use cost::{RULE_LIMIT, SCHEMA_LIMIT};
use infer::Inferred;
use schema::{Decl, bound, declare, is_true};

mod cost;
#[cfg(test)]
mod evaluate;
mod functions;
mod infer;
mod literals;
mod schema;
#[cfg(test)]
mod tests;
mod types;

#[cfg(test)]
pub use evaluate::evaluate;

/// A rule does not parse.
const SYNTAX: &str = "cel-syntax";
/// A rule does not fit the schema.
const TYPE: &str = "cel-type";
/// A rule costs too much.
const COST: &str = "cel-cost";
/// A rule reads a field that may be missing.
const OPTIONAL: &str = "cel-optional";

/// A cost that no value with a size can have.
const UNMEASURED: u64 = u64::MAX / 1000;
/// Rules with more operators and brackets than this are not looked into: no human wrote them.
const OPERATORS: usize = 1500;
/// The parser goes down several calls for each bracket.
const STACK: usize = 256 * 1024 * 1024;

/// Checks every `x-kubernetes-validations` of every version of a CRD, its `messageExpression`s included. Nothing of
/// the CRD is taken for granted: what is no schema is passed over.
pub fn check(crd: &Value) -> Vec<Finding> {
    let work = || {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default();
        let versions = crd["spec"]["versions"].as_array();
        let mut findings = Vec::new();
        for version in versions.into_iter().flatten() {
            let name = version["name"].as_str().unwrap_or_default();
            let mut walk = Walk::default();
            let place = Place::root(kind, name);
            walk.schema(
                &version["schema"]["openAPIV3Schema"],
                &place,
                &Scope::root(),
            );
            walk.total(&place);
            findings.append(&mut walk.findings);
        }
        findings
    };
    // A thread of its own has the stack that nested brackets want; without one, there is that of the caller.
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        match thread.spawn_scoped(scope, work) {
            Ok(handle) => handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => work(),
        }
    })
}

/// What stands above a schema.
#[derive(Clone, Debug)]
struct Scope {
    /// How often the schema can occur in one object, if that is bounded.
    occurs: Option<u64>,
    /// Lists and maps above without a bound.
    unbounded: Vec<(Place, &'static str)>,
    /// The list above whose items have no identity.
    uncorrelated: Option<Place>,
    is_root: bool,
}

impl Scope {
    fn root() -> Self {
        Self {
            occurs: Some(1),
            unbounded: Vec::new(),
            uncorrelated: None,
            is_root: true,
        }
    }

    /// Below a list or a map, with the keyword that bounds it.
    fn below(&self, schema: &Value, place: &Place, keyword: &'static str) -> Self {
        let bound = bound(schema, keyword);
        let mut scope = self.clone();
        scope.occurs = match (self.occurs, bound) {
            (Some(occurs), Some(bound)) => Some(occurs.saturating_mul(bound)),
            _ => None,
        };
        if bound.is_none() {
            scope.unbounded.push((place.clone(), keyword));
        }
        scope.is_root = false;
        scope
    }
}

#[derive(Default)]
struct Walk {
    findings: Vec<Finding>,
    total: u64,
    /// Rules by what they cost.
    costs: Vec<(u64, Place, String)>,
}

/// One rule, as the schema has it.
struct Rule<'a> {
    place: &'a Place,
    scope: &'a Scope,
    decl: &'a Arc<Decl>,
    optional_old_self: bool,
}

impl Walk {
    fn schema(&mut self, schema: &Value, place: &Place, scope: &Scope) {
        if let Some(rules) = schema["x-kubernetes-validations"].as_array() {
            let resource = scope.is_root || is_true(schema, "x-kubernetes-embedded-resource");
            match declare(schema, resource, &place.steps) {
                Some(decl) => rules
                    .iter()
                    .for_each(|rule| self.rule(rule, place, scope, &decl)),
                None => {
                    let problem = Problem::new("rules stand at a schema that CEL cannot see");
                    let help = "give it a `type`, and its items or values too";
                    self.add(TYPE, place, problem.help(help));
                }
            }
        }
        let inner = Scope {
            is_root: false,
            ..scope.clone()
        };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.schema(property, &place.field(name), &inner);
        }
        if schema["additionalProperties"].is_object() {
            let below = scope.below(schema, place, "maxProperties");
            let place = place.step(Step::Values);
            self.schema(&schema["additionalProperties"], &place, &below);
        }
        if schema["items"].is_object() {
            let mut below = scope.below(schema, place, "maxItems");
            if schema["x-kubernetes-list-type"] != "map" && below.uncorrelated.is_none() {
                below.uncorrelated = Some(place.clone());
            }
            self.schema(&schema["items"], &place.step(Step::Items), &below);
        }
    }

    fn rule(&mut self, value: &Value, place: &Place, scope: &Scope, decl: &Arc<Decl>) {
        let Some(rule) = value["rule"]
            .as_str()
            .filter(|rule| !rule.trim().is_empty())
        else {
            let problem = Problem::new("a CEL rule without a `rule`");
            self.add(SYNTAX, place, problem.help("write the expression"));
            return;
        };
        let has_message = value["message"]
            .as_str()
            .is_some_and(|text| !text.trim().is_empty());
        if rule.trim().contains(['\n', '\r']) && !has_message {
            let problem = about("the rule has line breaks and no message".to_owned(), rule);
            self.add(SYNTAX, place, problem.help("give it a `message`"));
        }
        let optional_old_self = value["optionalOldSelf"].as_bool();
        let context = Rule {
            place,
            scope,
            decl,
            optional_old_self: optional_old_self == Some(true),
        };
        let Some((inferred, _)) = self.expression(rule, &context, "bool", true) else {
            return;
        };
        if let (true, Some(list)) = (inferred.uses_old_self, &scope.uncorrelated) {
            let list = list.path();
            let message = format!("`oldSelf` is not known below the list `{list}`");
            let help = format!(
                "make `{list}` a list of type `map` with keys (`ListMerge::Map`), or put the rule above it"
            );
            self.add(TYPE, place, about(message, rule).help(help));
        }
        if !inferred.uses_old_self && optional_old_self.is_some() {
            let problem = about(
                "`optionalOldSelf` is set without `oldSelf`".to_owned(),
                rule,
            );
            self.add(TYPE, place, problem.help("remove `optionalOldSelf`"));
        }
        if let Some(message) = value["messageExpression"].as_str() {
            self.expression(message, &context, "string", false);
        }
    }

    /// Checks one expression; nothing comes back if it does not parse.
    fn expression(
        &mut self,
        source: &str,
        rule: &Rule<'_>,
        wanted: &str,
        repeats: bool,
    ) -> Option<(Inferred, u64)> {
        let parsed = match parse(source) {
            Ok(parsed) => parsed,
            Err((id, problem)) => {
                self.add(id, rule.place, problem);
                return None;
            }
        };
        let mut inferred = infer::infer(&parsed, rule.decl, rule.optional_old_self);
        if inferred.problems.is_empty() && inferred.node.ty.to_string() != wanted {
            let message = format!("it gives `{}` and not `{wanted}`", inferred.node.ty);
            inferred.problems.push(Problem::new(message));
        }
        for problem in &inferred.problems {
            self.add(TYPE, rule.place, told(problem, source));
        }
        for problem in &inferred.optional {
            let (problem, place) = (told(problem, source), rule.place.clone());
            self.findings.push(Finding {
                id: OPTIONAL,
                level: Level::Hint,
                place,
                problem,
            });
        }
        let times = match repeats {
            true => rule.scope.occurs.unwrap_or(rule.decl.repeats()),
            false => 1,
        };
        let cost = inferred.node.cost.saturating_mul(times);
        if inferred.problems.is_empty() {
            self.total = self.total.saturating_add(cost);
            self.costs
                .push((cost, rule.place.clone(), source.to_owned()));
            if cost > RULE_LIMIT {
                let message = format!("Kubernetes estimates {}", over(cost, RULE_LIMIT));
                let above = if repeats {
                    &rule.scope.unbounded[..]
                } else {
                    &[]
                };
                let help = match inferred.has_unmeasured && inferred.node.cost > UNMEASURED {
                    true => "no size is known of what `map`, `optMap`, `quantity` and their like make: read the fields themselves, behind `has(..)` where they may be missing".to_owned(),
                    false => bounds(&inferred.measured, above),
                };
                self.add(COST, rule.place, about(message, source).help(help));
            }
        }
        Some((inferred, cost))
    }

    /// What the rules of a version cost together.
    fn total(&mut self, place: &Place) {
        let has_expensive = self.findings.iter().any(|finding| finding.id == COST);
        if self.total <= SCHEMA_LIMIT || has_expensive {
            return;
        }
        self.costs
            .sort_by_key(|(cost, ..)| std::cmp::Reverse(*cost));
        let most = self.costs.iter().take(4);
        let most: Vec<_> = most
            .map(|(_, place, rule)| format!("{}: {}", place.path(), short(rule)))
            .collect();
        let message = format!(
            "Kubernetes estimates {} for all CEL rules together",
            over(self.total, SCHEMA_LIMIT)
        );
        let problem = Problem::new(message)
            .help("bound the lists, maps and strings that these rules read, or simplify them")
            .detail(most.join("\n"));
        self.add(COST, place, problem);
    }

    fn add(&mut self, id: &'static str, place: &Place, problem: Problem) {
        let (level, place) = (Level::Warning, place.clone());
        self.findings.push(Finding {
            id,
            level,
            place,
            problem,
        });
    }
}

/// Parses an expression without expanding macros.
fn parse(source: &str) -> Result<IdedExpr, (&'static str, Problem)> {
    let is_operator = |c: &char| c.is_ascii_punctuation() && !"_'\"`\\#$@;".contains(*c);
    if source.chars().filter(is_operator).count() > OPERATORS || source.len() > 64 * OPERATORS {
        let problem = about("the rule is too complex to be checked".to_owned(), source);
        let help = "split it into several rules";
        return Err((COST, problem.help(help)));
    }
    Env::default()
        .parser()
        .max_recursion_depth(250)
        .parse(source)
        .map_err(|errors| {
            let first = errors.errors.first();
            let column = first.map_or(0, |error| error.pos.1);
            let reason = first.map_or("it does not parse", |error| error.msg.as_str());
            let reason = reason.lines().next().unwrap_or_default();
            let message = format!("it does not parse at column {column}: {reason}");
            (SYNTAX, about(message, source))
        })
}

/// A problem of one rule, which the message names.
fn about(message: String, rule: &str) -> Problem {
    Problem::new(format!("{}: {message}", short(rule)))
}

fn told(problem: &Problem, rule: &str) -> Problem {
    Problem {
        message: about(problem.message.clone(), rule).message,
        ..problem.clone()
    }
}

/// The beginning of a rule, on one line.
fn short(rule: &str) -> String {
    let words: Vec<_> = rule.split_whitespace().collect();
    let rule = words.join(" ");
    match rule.char_indices().nth(60) {
        Some((end, _)) => format!("`{}...`", &rule[..end]),
        None => format!("`{rule}`"),
    }
}

/// How far a cost is above a limit.
fn over(cost: u64, limit: u64) -> String {
    let times = cost as f64 / limit as f64;
    match times {
        ..=1.05 => "a little more than the cost that it allows".to_owned(),
        ..=100.0 => format!("{times:.1} times the cost that it allows"),
        _ => "more than 100 times the cost that it allows".to_owned(),
    }
}

/// The lists, maps and strings to bound, and how that is written in Rust.
fn bounds(measured: &BTreeMap<String, Arc<Decl>>, above: &[(Place, &'static str)]) -> String {
    let above = above
        .iter()
        .map(|(place, keyword)| (place.steps.as_slice(), *keyword));
    let read = measured.values();
    let read = read.filter_map(|decl| Some((decl.steps.as_slice(), decl.unbounded?)));
    let mut all: Vec<_> = above.chain(read).collect();
    all.sort_by_key(|(steps, _)| steps.len());
    all.dedup();
    let bounds: Vec<_> = all
        .iter()
        .map(|(steps, keyword)| attribute(steps, keyword))
        .collect();
    if !bounds.is_empty() {
        return format!("bound {}", bounds.join(", "));
    }
    let largest = measured.values().filter(|decl| decl.max > 1);
    match largest.max_by_key(|decl| decl.max) {
        Some(decl) => format!(
            "lower the bound of `{}`, or simplify the rule",
            path(&decl.steps)
        ),
        None => "simplify the rule".to_owned(),
    }
}

/// The attribute that bounds a place, and the field that it stands at.
fn attribute(steps: &[Step], keyword: &str) -> String {
    let how = match (keyword, steps.last()) {
        ("maxProperties", Some(Step::Field(_))) => "#[schemars(extend(\"maxProperties\" = ..))]",
        (_, Some(Step::Field(_))) => "#[schemars(length(max = ..))]",
        ("maxLength" | "maxItems", Some(Step::Items)) => "#[schemars(inner(length(max = ..)))]",
        _ => "a type of its own with a bound",
    };
    format!("`{}` with `{keyword}` (`{how}`)", path(steps))
}

/// The way to a place, as findings show it.
fn path(steps: &[Step]) -> String {
    let mut place = Place::root("", "");
    place.steps = steps.to_vec();
    place.path()
}
