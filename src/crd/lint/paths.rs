//! The simple JSON paths of printer columns, scale and selectable fields.

use serde_json::Value;

use super::schema;
use crate::crd::{Place, Step};

/// What a path leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    /// A schema, and whether the path goes through a list.
    Schema(&'a Value),
    /// A field of `metadata`, by its type in the terms of printer columns.
    Metadata(&'static str),
    /// Whatever is there is not described.
    Free,
    /// The field that is not there, and those that are.
    Nothing { name: String, known: Vec<&'a str> },
    /// No path that Kubernetes reads.
    NoPath,
}

/// The fields of `metadata` and their types (Kubernetes' ObjectMeta).
const METADATA: &[(&str, &str)] = &[
    ("annotations", "string"),
    ("creationTimestamp", "date"),
    ("deletionGracePeriodSeconds", "integer"),
    ("deletionTimestamp", "date"),
    ("finalizers", "string"),
    ("generateName", "string"),
    ("generation", "integer"),
    ("labels", "string"),
    ("managedFields", "string"),
    ("name", "string"),
    ("namespace", "string"),
    ("ownerReferences", "string"),
    ("resourceVersion", "string"),
    ("selfLink", "string"),
    ("uid", "string"),
];

/// Follows a path such as `.status.conditions[?(@.type=="Ready")].status` from the root of a schema.
pub(super) fn follow<'a>(root: &'a Value, path: &str) -> Found<'a> {
    let Some(parts) = parts(path) else {
        return Found::NoPath;
    };
    let mut here = root;
    for (index, part) in parts.iter().enumerate() {
        if index == 0 && matches!(part, Part::Name(name) if name == "metadata") {
            return metadata(&parts[1..]);
        }
        let free = here["x-kubernetes-preserve-unknown-fields"] == Value::Bool(true);
        let next = match part {
            Part::Name(name) => schema::child(here, &Step::Field(name.clone()))
                .or_else(|| schema::child(here, &Step::Values)),
            Part::Index => schema::child(here, &Step::Items),
        };
        match (next, part) {
            (Some(next), _) => here = next,
            (None, _) if free => return Found::Free,
            (None, Part::Name(name)) => {
                let known = schema::properties(here).map(|(name, _)| name.as_str());
                let (name, known) = (name.clone(), known.collect());
                return Found::Nothing { name, known };
            }
            (None, Part::Index) => return Found::NoPath,
        }
    }
    Found::Schema(here)
}

fn metadata(parts: &[Part]) -> Found<'static> {
    let names = || METADATA.iter().map(|(name, _)| *name).collect();
    match parts.first() {
        None => Found::Metadata("string"),
        Some(Part::Name(name)) => match METADATA.iter().find(|(known, _)| known == name) {
            Some((_, ty)) => Found::Metadata(ty),
            None => Found::Nothing {
                name: name.clone(),
                known: names(),
            },
        },
        Some(Part::Index) => Found::NoPath,
    }
}

/// The place of a path, as far as it has names.
pub(super) fn place(root: &Place, path: &str) -> Place {
    let parts = parts(path).unwrap_or_default();
    parts
        .into_iter()
        .fold(root.clone(), |place, part| match part {
            Part::Name(name) => place.field(&name),
            Part::Index => place.step(Step::Items),
        })
}

#[derive(Debug, PartialEq)]
enum Part {
    Name(String),
    /// `[0]`, `[*]` and `[?(…)]`
    Index,
}

/// The parts of `.a.b['c.d'][*].e\.f`.
fn parts(path: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[?(") {
            let end = after.find(")]")?;
            parts.push(Part::Index);
            rest = &after[end + 2..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
            let end = match quote {
                Some(quote) => after.find(&format!("{quote}]"))? + 1,
                None => after.find(']')?,
            };
            let inner = &after[..end];
            parts.push(match quote {
                Some(_) => Part::Name(inner.get(1..end - 1)?.to_owned()),
                None if inner == "*" || inner.parse::<usize>().is_ok() => Part::Index,
                None => return None,
            });
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.')?;
            let mut name = String::new();
            let mut letters = after.char_indices();
            let mut end = after.len();
            while let Some((index, letter)) = letters.next() {
                match letter {
                    '\\' => name.push(letters.next()?.1),
                    '.' | '[' => {
                        end = index;
                        break;
                    }
                    letter => name.push(letter),
                }
            }
            if name.is_empty() {
                return None;
            }
            parts.push(Part::Name(name));
            rest = &after[end..];
        }
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_followed() {
        let text = json!({ "type": "string" });
        let schema = json!({ "properties": {
            "spec": { "properties": { "a.b": text, "map": { "additionalProperties": text } } },
            "list": { "items": { "properties": { "name": text } } },
            "free": { "x-kubernetes-preserve-unknown-fields": true },
        }});
        for path in [
            r".spec.a\.b",
            ".spec['a.b']",
            r#".spec["a.b"]"#,
            ".spec.map.any",
            ".list[*].name",
            ".list[0].name",
            r#".list[?(@.type=="Ready")].name"#,
            ".list[?(@.a[0])].name",
        ] {
            assert_eq!(follow(&schema, path), Found::Schema(&text), "{path}");
        }
        assert_eq!(follow(&schema, ".free.x[0].y"), Found::Free);
        assert_eq!(
            follow(&schema, ".metadata.creationTimestamp"),
            Found::Metadata("date")
        );
        assert_eq!(
            follow(&schema, ".metadata.labels['a']"),
            Found::Metadata("string")
        );
        let nothing = Found::Nothing {
            name: "nam".to_owned(),
            known: vec!["name"],
        };
        assert_eq!(follow(&schema, ".list[*].nam"), nothing);
        assert!(matches!(
            follow(&schema, ".metadata.nam"),
            Found::Nothing { .. }
        ));
        for path in [
            "", "spec", ".", ".spec.", "..spec", ".list[", ".list[x]", ".list['a", ".spec[0]",
            r".a\",
        ] {
            assert_eq!(follow(&schema, path), Found::NoPath, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(path in r#"[.a\[\]'"\\*?()@0é]{0,12}"#) {
            follow(&json!({}), &path);
        }
    }
}
