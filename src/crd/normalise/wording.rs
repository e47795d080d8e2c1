//! Documentation of variants, which kube drops.

use serde_json::Value;

use super::{Schema, text};
use crate::crd::Raw;

/// Appends what the variants of a plain enum are documented with to the description of the field.
pub(super) fn variants(schema: &mut Schema, raw: &Raw<'_>) {
    if text(schema, "type") != "string" || raw.kubernetes_type().is_some() {
        return;
    }
    let mut lines: Vec<_> = raw
        .variants()
        .iter()
        .filter_map(|variant| line(variant))
        .collect();
    lines.sort();
    let list = lines.join("\n");
    let description = text(schema, "description");
    if list.is_empty() || description.ends_with(&list) {
        return;
    }
    let description = match description {
        "" => list,
        description => format!("{description}\n\n{list}"),
    };
    schema.insert("description".to_owned(), description.into());
}

/// A variant with one value and a description.
fn line(variant: &Value) -> Option<String> {
    let value = match variant["enum"].as_array().map(Vec::as_slice) {
        Some([only]) => only,
        _ => variant.get("const")?,
    };
    let words = variant["description"].as_str()?.split_whitespace();
    let words = words.collect::<Vec<_>>().join(" ");
    Some(format!("- `{}`: {words}", value.as_str()?))
}
