//! The fields of an object as tables, one for each object within.

use serde_json::Value;

use super::{
    kubernetes,
    markdown::{cell, code, table, text},
};
use crate::crd::{
    Place, Step, size, texts,
    validate::{plain, required_alone, shown},
};

/// Objects deeper than this are named, and not described.
const DEEPEST: usize = 12;

/// The section of an object and those of all objects in it, in the order of their fields.
pub(super) fn sections(schema: &Value, place: &Place, page: &mut String) {
    let rows: Vec<_> = fields(schema)
        .map(|(name, property)| row(schema, name, property, place))
        .collect();
    if !place.steps.is_empty() {
        *page += &format!(
            "\n<a id=\"{}\"></a>\n\n### {}\n",
            anchor(place),
            code(&place.path())
        );
        if let Some(description) = schema["description"]
            .as_str()
            .filter(|text| !text.is_empty())
        {
            *page += &format!("\n{}\n", text(description));
        }
    }
    let conditions = conditions(schema);
    if !conditions.is_empty() {
        *page += "\n";
        conditions
            .iter()
            .for_each(|line| *page += &format!("- {line}\n"));
    }
    if !rows.is_empty() {
        *page += &format!(
            "\n{}",
            table(&["Field", "Type", "Default", "Description"], &rows)
        );
    }
    for (name, property) in fields(schema) {
        let (object, place) = innermost(property, &place.field(name));
        if has_section(object, &place) {
            sections(object, &place, page);
        }
    }
}

/// The fields of an object, the required ones first.
fn fields(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let all = || schema["properties"].as_object().into_iter().flatten();
    let required = |name: &str| texts(&schema["required"]).any(|required| required == name);
    let (first, then) = (all(), all());
    first
        .filter(move |(name, _)| required(name))
        .chain(then.filter(move |(name, _)| !required(name)))
}

fn row(parent: &Value, name: &str, property: &Value, place: &Place) -> Vec<String> {
    let required = texts(&parent["required"]).any(|required| required == name);
    let (inner, inner_place) = innermost(property, &place.field(name));
    let default = match &property["default"] {
        Value::Null if required => "**required**".to_owned(),
        Value::Null => String::new(),
        default => code(&plain(default)),
    };
    let mut lines: Vec<String> = property["description"]
        .as_str()
        .map(cell)
        .into_iter()
        .collect();
    let mut level = Some(property);
    while let Some(schema) = level {
        lines.extend(bounds(schema));
        let below = ["items", "additionalProperties"];
        level = below
            .iter()
            .find_map(|name| schema.get(*name).filter(|inner| inner.is_object()));
        // What belongs to an object stands in its own section.
        if !has_section(schema, &inner_place) {
            lines.extend(conditions(schema));
        }
    }
    if let Some(known) = kubernetes::type_of(inner) {
        lines.push(format!("See Kubernetes' reference of {}.", code(known)));
    }
    lines.retain(|line| !line.is_empty());
    vec![
        code(name),
        type_name(property, &inner_place),
        default,
        lines.join("<br>"),
    ]
}

/// What a list or a map holds in the end.
fn innermost<'a>(schema: &'a Value, place: &Place) -> (&'a Value, Place) {
    let (items, values) = (&schema["items"], &schema["additionalProperties"]);
    match (items.is_object(), values.is_object()) {
        (true, _) => innermost(items, &place.step(Step::Items)),
        (_, true) => innermost(values, &place.step(Step::Values)),
        _ => (schema, place.clone()),
    }
}

fn has_section(schema: &Value, place: &Place) -> bool {
    let fields = schema["properties"].as_object();
    fields.is_some_and(|fields| !fields.is_empty())
        && place.steps.len() <= DEEPEST
        && kubernetes::type_of(schema).is_none()
}

/// The type in a word or two, with a link to the section of an object.
fn type_name(schema: &Value, inner: &Place) -> String {
    if schema["items"].is_object() {
        return format!("list of {}", type_name(&schema["items"], inner));
    }
    if schema["additionalProperties"].is_object() {
        return format!(
            "map of {}",
            type_name(&schema["additionalProperties"], inner)
        );
    }
    let known = schema["type"].as_str();
    let name = match (known, schema["format"].as_str()) {
        (Some("object"), _) => match kubernetes::type_of(schema) {
            Some(name) => code(name),
            None if has_section(schema, inner) => format!("[object](#{})", anchor(inner)),
            None => "object".to_owned(),
        },
        (Some(name), Some(format)) => format!("{name} ({})", cell(format)),
        (Some(name), None) => cell(name),
        _ if schema["x-kubernetes-int-or-string"] == true => "integer or string".to_owned(),
        _ => "anything".to_owned(),
    };
    match schema["nullable"] == true {
        true => format!("{name} or null"),
        false => name,
    }
}

/// A name for a section that stays while its field does. A list or a map has no section beside that of its objects, so
/// the names of the fields are enough.
pub(super) fn anchor(place: &Place) -> String {
    let names = place.steps.iter().filter_map(|step| match step {
        Step::Field(name) => Some(name.as_str()),
        Step::Items | Step::Values => None,
    });
    let names: Vec<_> = std::iter::once(place.version.as_str())
        .chain(names)
        .collect();
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    names.join(".").replace(|letter| !safe(letter), "_")
}

/// What a value may be beside its type, in short sentences.
fn bounds(schema: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().map(|value| code(&plain(value))).collect();
        lines.push(format!("One of {}.", values.join(", ")));
    }
    let number = |name: &str| schema[name].as_number().map(shown);
    let lower = match schema["exclusiveMinimum"] == true {
        true => "More than",
        false => "At least",
    };
    let upper = match schema["exclusiveMaximum"] == true {
        true => "less than",
        false => "at most",
    };
    lines.extend(range(
        number("minimum"),
        number("maximum"),
        lower,
        upper,
        "",
    ));
    if let Some(step) = number("multipleOf") {
        lines.push(format!("A multiple of {step}."));
    }
    for (what, one, many) in [
        ("Length", "character", "characters"),
        ("Items", "item", "items"),
        ("Properties", "entry", "entries"),
    ] {
        let bound = |side: &str| size(&schema[format!("{side}{what}")]);
        let (least, most) = (bound("min"), bound("max"));
        let unit = if most.or(least) == Some(1) { one } else { many };
        let text = |bound: Option<usize>| bound.map(|bound| bound.to_string());
        lines.extend(range(text(least), text(most), "At least", "at most", unit));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        lines.push(format!("Pattern: {}.", code(pattern)));
    }
    lines.extend(match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Some("Each item once.".to_owned()),
        Some("map") => {
            let keys = texts(&schema["x-kubernetes-list-map-keys"]).map(code);
            let keys = keys.collect::<Vec<_>>().join(", ");
            Some(format!("One item for each {keys}: an apply merges them."))
        }
        _ => None,
    });
    if schema["x-kubernetes-map-type"] == "atomic" {
        lines.push("An apply replaces it as a whole.".to_owned());
    }
    if schema["x-kubernetes-embedded-resource"] == true {
        lines.push("A whole Kubernetes object.".to_owned());
    }
    lines
}

/// `At least 1, at most 5 items.`
fn range(
    least: Option<String>,
    most: Option<String>,
    lower: &str,
    upper: &str,
    unit: &str,
) -> Option<String> {
    let bounds = match (least, most) {
        (Some(least), Some(most)) if least == most => format!("Exactly {least}"),
        (Some(least), Some(most)) => format!("{lower} {least}, {upper} {most}"),
        (Some(least), None) => format!("{lower} {least}"),
        (None, Some(most)) => {
            let mut letters = upper.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            format!("{}{} {most}", first.unwrap_or_default(), letters.as_str())
        }
        (None, None) => return None,
    };
    Some(format!("{bounds} {unit}").trim_end().to_owned() + ".")
}

/// What must hold between the parts of a value: choices, and CEL rules.
fn conditions(schema: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, few) in [("oneOf", "Exactly one of"), ("anyOf", "At least one of")] {
        let Some(branches) = schema[name].as_array() else {
            continue;
        };
        match required_alone(branches) {
            Some(names) => {
                let names: Vec<_> = names.iter().map(|name| code(name)).collect();
                lines.push(format!("{few} {} is set.", names.join(", ")));
            }
            // What an integer or a string has anyway.
            None if schema["x-kubernetes-int-or-string"] == true => {}
            None => lines.push(format!(
                "{few} several shapes: see {} in the CRD.",
                code(name)
            )),
        }
    }
    for name in ["allOf", "not"]
        .iter()
        .filter(|name| !schema[**name].is_null())
    {
        lines.push(format!(
            "Further conditions: see {} in the CRD.",
            code(name)
        ));
    }
    for rule in schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let expression = code(rule["rule"].as_str().unwrap_or_default().trim());
        let message = rule["message"].as_str().map(cell).unwrap_or_default();
        let message = message.trim_end_matches('.');
        lines.push(match message {
            "" => format!("Rule: {expression}."),
            message => format!("Rule: {message} ({expression})."),
        });
    }
    lines
}
