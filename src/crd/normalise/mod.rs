//! Makes the schemas of a CRD fit for Kubernetes: what kube and schemars write that the API server refuses, warns of
//! or forgets becomes what the type means, or a finding that says why it cannot.
//!
//! The way down a schema is one walk ([`walk`]); each file has the rules of one kind of value, and [`check`] holds the
//! result against the API server's own rules, so that nothing it would refuse gets through in silence. A CRD that is
//! normalised stays as it is.

use serde_json::{Map, Value};

use super::{Finding, Level, Place, Raw, Schemas, Step};
use crate::problem::Problem;

mod arrays;
mod check;
mod combine;
mod defaults;
mod empty;
mod lists;
mod markers;
mod objects;
mod refused;
mod scalars;
mod shorten;
mod tidy;
mod types;
mod wording;

#[cfg(test)]
mod any_schema;
#[cfg(test)]
mod tests;

pub use refused::{refused, root};

/// Accepts any value, and keeps what it does not know.
const OPEN: &str = "x-kubernetes-preserve-unknown-fields";
/// Accepts whole numbers and texts.
const EITHER: &str = "x-kubernetes-int-or-string";

/// A schema: the members of a `JSONSchemaProps`.
type Schema = Map<String, Value>;

/// A CRD that is fit for Kubernetes, but for what is found in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalised {
    /// The CRD.
    pub crd: Value,
    /// What could not be made right, or was made right at a price; the API server refuses the CRD if one of them is an
    /// error.
    pub findings: Vec<Finding>,
}

/// Makes every version of a CRD fit for Kubernetes. `schemas` are what schemars made of its types: without them, a CRD
/// that is normalised already stays as it is, and another loses what only they know.
pub fn normalise(crd: &Value, schemas: &Schemas) -> Normalised {
    let mut crd = crd.clone();
    let mut findings = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, kind) = (
        text(&crd["spec"]["group"]),
        text(&crd["spec"]["names"]["kind"]),
    );
    drop_empty_lists(&mut crd);
    let versions = crd.pointer_mut("/spec/versions");
    for version in versions.and_then(Value::as_array_mut).into_iter().flatten() {
        let place = Place::root(&kind, text(&version["name"]));
        let status = version.pointer("/subresources/status").is_some();
        let Some(Value::Object(schema)) = version.pointer_mut("/schema/openAPIV3Schema") else {
            continue;
        };
        let raw = schemas.root(&group, &kind, &place.version);
        let mut found = Vec::new();
        settle(schema, &place, &raw, &mut found);
        check::check(schema, &place, status, &mut found);
        findings.extend(found);
    }
    findings.extend(shorten::shorten(&mut crd, schemas));
    Normalised { crd, findings }
}

/// What kube before 4.2 writes although it says nothing.
fn drop_empty_lists(crd: &mut Value) {
    let is_empty = |value: &mut Value| value.as_array().is_some_and(Vec::is_empty);
    if let Some(names) = crd
        .pointer_mut("/spec/names")
        .and_then(Value::as_object_mut)
    {
        names.retain(|_, value| !is_empty(value));
    }
    let versions = crd.pointer_mut("/spec/versions");
    for version in versions.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(version) = version.as_object_mut() {
            version.retain(|_, value| !is_empty(value));
        }
    }
}

/// Walks until nothing changes: what one rule takes away may have kept another from doing its part.
fn settle(schema: &mut Schema, place: &Place, raw: &Raw<'_>, findings: &mut Vec<Finding>) {
    /// Two walks do for what kube writes, and four for what a fuzzer does.
    const ENOUGH: usize = 16;
    for _ in 0..ENOUGH {
        let before = schema.clone();
        let mut found = Vec::new();
        walk(schema, place, raw, &mut found);
        found.retain(|finding| !findings.contains(finding));
        findings.extend(found);
        if *schema == before {
            break;
        }
    }
}

/// Makes a schema and all below it fit.
fn walk(schema: &mut Schema, place: &Place, raw: &Raw<'_>, findings: &mut Vec<Finding>) {
    empty::settle(schema, place, raw, findings);
    let mut report = Report { place, findings };
    tidy::tidy(schema);
    combine::combine(schema);
    types::settle(schema, raw, &mut report);
    objects::settle(schema, raw, &mut report);
    arrays::settle(schema, &mut report);
    scalars::settle(schema, raw);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, value) in properties {
            if let Value::Object(below) = value {
                let step = Step::Field(name.clone());
                walk(below, &place.field(name), &raw.step(&step), findings);
            }
        }
    }
    for (key, step) in [
        ("items", Step::Items),
        ("additionalProperties", Step::Values),
    ] {
        if let Some(Value::Object(below)) = schema.get_mut(key) {
            let raw = raw.step(&step);
            walk(below, &place.step(step), &raw, findings);
        }
    }
    lists::settle(schema, raw);
}

/// Takes down what is found at one place.
struct Report<'a> {
    place: &'a Place,
    findings: &'a mut Vec<Finding>,
}

impl Report<'_> {
    fn error(&mut self, id: &'static str, message: impl Into<String>, help: &str) {
        self.add(id, Level::Error, message.into(), help);
    }

    fn warning(&mut self, id: &'static str, message: impl Into<String>, help: &str) {
        self.add(id, Level::Warning, message.into(), help);
    }

    fn add(&mut self, id: &'static str, level: Level, message: String, help: &str) {
        self.findings.push(Finding {
            id,
            level,
            place: self.place.clone(),
            problem: Problem::new(message).help(help),
        });
    }
}

/// A keyword's text; empty if there is none.
fn text<'a>(schema: &'a Schema, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a keyword is `true`.
fn is(schema: &Schema, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}
