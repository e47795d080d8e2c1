//! Descriptions of a CRD that is too large.

use serde_json::Value;

use super::{Finding, Level, Place, Schema, Step};
use crate::{
    crd::{Raw, Schemas},
    problem::Problem,
};

/// `kubectl apply` keeps the object in an annotation, and all annotations together have at most this many bytes:
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply>
const ANNOTATIONS: usize = 262_144;
/// The name of that annotation, and the line break behind its text.
const BESIDE: usize = "kubectl.kubernetes.io/last-applied-configuration\n".len();
/// The largest request that etcd takes by default.
const ETCD: usize = 1_572_864;

/// What becomes of a description.
type Rule = fn(&str) -> Option<&str>;

/// Whose descriptions are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Kubernetes,
    Own,
}

/// Shortens the descriptions of a CRD that is too large, as little as it can: first those of Kubernetes' own types,
/// each to its first sentence, then wholly, then the others in the same way.
pub(super) fn shorten(crd: &mut Value, schemas: &Schemas) -> Vec<Finding> {
    let kind = crd["spec"]["names"]["kind"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let before = size(crd);
    let fits = |crd: &Value| size(crd) + BESIDE <= ANNOTATIONS;
    if fits(crd) {
        return Vec::new();
    }
    let steps: [(Whose, Rule, _); 4] = [
        (
            Whose::Kubernetes,
            first_sentence,
            "those of Kubernetes' own types to their first sentence",
        ),
        (
            Whose::Kubernetes,
            nothing,
            "those of Kubernetes' own types away",
        ),
        (Whose::Own, first_sentence, "yours to their first sentence"),
        (Whose::Own, nothing, "all away"),
    ];
    let mut done = "";
    for (whose, rule, words) in steps {
        each_schema(crd, schemas, |schema, raw| {
            below(schema, raw, Whose::Own, whose, rule)
        });
        done = words;
        if fits(crd) {
            break;
        }
    }
    let after = size(crd);
    let place = Place::root(kind, "");
    let finding = |id, level, problem| Finding {
        id,
        level,
        place: place.clone(),
        problem,
    };
    let mut findings = Vec::new();
    if after < before {
        let message = format!(
            "descriptions are shortened ({done}): the CRD had {before} bytes of JSON and has {after}"
        );
        let problem = Problem::new(message).help(format!("`kubectl apply` takes {ANNOTATIONS} bytes; embed fewer types of Kubernetes to keep them"));
        findings.push(finding("shortened", Level::Note, problem));
    }
    if after > ETCD {
        let message = format!("the CRD has {after} bytes of JSON, and etcd takes {ETCD}");
        let problem =
            Problem::new(message).help("embed fewer types of Kubernetes, or divide the kind");
        findings.push(finding("too-large", Level::Error, problem));
    } else if !fits(crd) {
        let message =
            format!("the CRD has {after} bytes of JSON, and `kubectl apply` takes {ANNOTATIONS}");
        let problem = Problem::new(message).help("apply it with `kubectl apply --server-side`");
        findings.push(finding("large", Level::Warning, problem));
    }
    findings
}

fn size(crd: &Value) -> usize {
    crd.to_string().len()
}

fn each_schema(crd: &mut Value, schemas: &Schemas, change: impl Fn(&mut Schema, &Raw<'_>)) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, kind) = (
        text(&crd["spec"]["group"]),
        text(&crd["spec"]["names"]["kind"]),
    );
    let versions = crd.pointer_mut("/spec/versions");
    for version in versions.and_then(Value::as_array_mut).into_iter().flatten() {
        let raw = schemas.root(&group, &kind, &text(&version["name"]));
        if let Some(Value::Object(schema)) = version.pointer_mut("/schema/openAPIV3Schema") {
            change(schema, &raw);
        }
    }
}

/// Applies a rule to the descriptions of one owner, in a schema of `owner` and all below it. What describes a field
/// of Kubernetes' types is Kubernetes'; what describes a field that has such a type is the user's, but kube puts the
/// description of the type there if the user wrote none.
fn below(schema: &mut Schema, raw: &Raw<'_>, owner: Whose, whose: Whose, rule: Rule) {
    let of_type = raw.kubernetes_type().is_some();
    let inherited = raw.whole().iter().skip(1).any(|part| {
        part["description"]
            .as_str()
            .is_some_and(|words| Some(words) == schema.get("description").and_then(Value::as_str))
    });
    let here = if of_type && (inherited || owner == Whose::Kubernetes) {
        Whose::Kubernetes
    } else {
        owner
    };
    if here == whose
        && let Some(Value::String(words)) = schema.get("description")
    {
        match rule(words).map(str::to_owned) {
            Some(words) => schema.insert("description".to_owned(), words.into()),
            None => schema.remove("description"),
        };
    }
    let owner = if of_type { Whose::Kubernetes } else { owner };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, field) in properties {
            if let Value::Object(field) = field {
                below(
                    field,
                    &raw.step(&Step::Field(name.clone())),
                    owner,
                    whose,
                    rule,
                );
            }
        }
    }
    for (key, step) in [
        ("items", Step::Items),
        ("additionalProperties", Step::Values),
    ] {
        if let Some(Value::Object(field)) = schema.get_mut(key) {
            below(field, &raw.step(&step), owner, whose, rule);
        }
    }
}

fn nothing(_: &str) -> Option<&str> {
    None
}

/// Up to the first full stop that ends a line or has a blank behind it; the first paragraph if there is none.
fn first_sentence(words: &str) -> Option<&str> {
    let paragraph = words.split("\n\n").next().unwrap_or(words);
    let end = paragraph.find(". ").or_else(|| paragraph.find(".\n"));
    Some(end.map_or(paragraph, |end| &paragraph[..=end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_sentence_stays_as_it_is() {
        for (words, first) in [
            ("One. Two.", "One."),
            ("One\nline.\nTwo.", "One\nline."),
            ("Version 1.2 of it\n\nMore.", "Version 1.2 of it"),
            ("One.", "One."),
        ] {
            assert_eq!(first_sentence(words), Some(first));
            assert_eq!(first_sentence(first), Some(first));
        }
    }
}
