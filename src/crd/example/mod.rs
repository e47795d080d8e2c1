//! An example of a kind: an object that its CRD accepts, with what a reader wants to see of it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Place,
    schema::plain_enums,
    texts,
    validate::{mismatches, object_mismatches},
    version,
};
use crate::yaml;

mod collection;
mod number;
#[cfg(test)]
mod tests;
mod text;

/// A place of a schema that no value was found for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// Where in the schema.
    pub place: Place,
    /// What is in the way, as the end of a sentence that begins with the place.
    pub message: String,
}

/// `` `.spec.name` has no value that … ``
impl fmt::Display for Unmet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.path().as_str() {
            "" => write!(formatter, "the object {}", self.message),
            path => write!(formatter, "`{path}` {}", self.message),
        }
    }
}

/// An object of a version of a kind that the CRD accepts, but for its CEL rules: the required fields, and those that
/// carry an example of their own. Its status is left out, since the operator writes it.
///
/// A value is the first that fits of: the schema's `example`; the literal in backticks behind `e.g.` in the
/// description; `default`; a value of `enum`; one made from type, format, bounds and pattern.
///
/// # Errors
/// Every place that no value was found for.
pub fn example(crd: &Value, version_name: &str) -> Result<Value, Vec<Unmet>> {
    let stored = version(crd, version_name).is_some_and(|it| it["storage"] == true);
    let names = &crd["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default();
    let singular = names["singular"].as_str().filter(|name| !name.is_empty());
    let singular = singular.map_or_else(|| kind.to_lowercase(), str::to_owned);
    let later = (!stored).then_some(version_name);
    let name = sample_name(&singular, later);
    named(crd, version_name, &name)
}

/// `myapp-sample`, or `myapp-sample-v2` for a version that is not the stored one. Where that would be too long for a
/// label, which many operators put it in, it is `sample` alone.
pub fn sample_name(singular: &str, later_version: Option<&str>) -> String {
    let suffix = match later_version {
        None => "sample".to_owned(),
        Some(version) => format!("sample-{version}"),
    };
    let name = format!("{singular}-{suffix}");
    if name.len() <= 63 { name } else { suffix }
}

/// The text of a sample: an [`example`] of a name, as YAML.
///
/// # Errors
/// Every place that no value was found for.
pub fn sample(
    crd: &Value,
    version: &str,
    name: &str,
) -> anyhow::Result<Result<String, Vec<Unmet>>> {
    named(crd, version, name)
        .map(|object| to_text(&object))
        .map_or_else(|unmet| Ok(Err(unmet)), |text| text.map(Ok))
}

/// An object as YAML, with what every object has first.
pub(super) fn to_text(object: &Value) -> anyhow::Result<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Object<'a> {
        api_version: &'a Value,
        kind: &'a Value,
        metadata: &'a Value,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }
    let mut rest = object.as_object().cloned().unwrap_or_default();
    rest.retain(|name, _| !OF_EVERY_OBJECT.contains(&name.as_str()));
    yaml::to_string(&Object {
        api_version: &object["apiVersion"],
        kind: &object["kind"],
        metadata: &object["metadata"],
        rest,
    })
}

pub(super) const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn named(crd: &Value, version_name: &str, name: &str) -> Result<Value, Vec<Unmet>> {
    let spec = &crd["spec"];
    let kind = spec["names"]["kind"].as_str().unwrap_or_default();
    let place = Place::root(kind, version_name);
    let Some(version) = version(crd, version_name) else {
        return Err(unmet(&place, "has no such version"));
    };
    let mut schema = plain_enums(&version["schema"]["openAPIV3Schema"]);
    let name_schema = schema
        .pointer("/properties/metadata/properties/name")
        .cloned();
    if let Some(properties) = schema["properties"].as_object_mut() {
        let ours = |name: &str| !OF_EVERY_OBJECT.contains(&name) && name != "status";
        properties.retain(|name, _| ours(name));
        let spec = properties.contains_key("spec").then_some("spec");
        let required = texts(&schema["required"])
            .filter(|name| ours(name))
            .chain(spec);
        schema["required"] = required.collect();
    }
    let Value::Object(mut object) = make(&schema, &place, 0)? else {
        return Err(unmet(&place, "is not of the type `object`"));
    };
    let name = match name_schema.filter(|schema| !mismatches(schema, &name.into()).is_empty()) {
        Some(schema) => make(&schema, &place.field("metadata").field("name"), 0)?,
        None => name.into(),
    };
    let group = spec["group"].as_str().unwrap_or_default();
    object.insert(
        "apiVersion".into(),
        format!("{group}/{version_name}").into(),
    );
    object.insert("kind".into(), kind.into());
    object.insert("metadata".into(), json!({ "name": name }));
    let object = object.into();
    match object_mismatches(crd, &object).first() {
        None => Ok(object),
        Some(mismatch) => Err(unmet(&place, &format!("has no example: {mismatch}"))),
    }
}

type Made = Result<Value, Vec<Unmet>>;

fn unmet(place: &Place, message: &str) -> Vec<Unmet> {
    vec![Unmet {
        place: place.clone(),
        message: message.to_owned(),
    }]
}

/// A value that fits a schema. Values of one schema and another `nth` differ, if they can.
fn make(schema: &Value, place: &Place, nth: usize) -> Made {
    let fits = |value: &Value| mismatches(schema, value).is_empty();
    if let Some(value) = given(schema).into_iter().filter(fits).nth(nth) {
        return Ok(value);
    }
    let mut problems = Vec::new();
    for variant in variants(schema) {
        match candidates(&variant, place, nth) {
            Ok(candidates) => {
                if let Some(value) = candidates.iter().find(|value| fits(value)) {
                    return Ok(value.clone());
                }
                let tried = candidates.first();
                let reasons = tried
                    .map(|value| mismatches(schema, value))
                    .unwrap_or_default();
                let reason = reasons.first().map_or_else(
                    || {
                        "has no value that its bounds, format and pattern all let through"
                            .to_owned()
                    },
                    |reason| format!("has no value that fits: {reason}"),
                );
                problems.extend(unmet(place, &reason));
            }
            Err(more) => problems.extend(more),
        }
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

/// The values that a schema names itself, the best first.
fn given(schema: &Value) -> Vec<Value> {
    let mut values: Vec<Value> = schema.get("example").into_iter().cloned().collect();
    values.extend(literal(schema));
    values.extend(schema.get("default").cloned());
    values.extend(schema["enum"].as_array().into_iter().flatten().cloned());
    let mut known = Vec::new();
    values.retain(|value| {
        let new = !value.is_null() && !known.contains(value);
        known.push(value.clone());
        new
    });
    values
}

/// The value in backticks behind `e.g.` in a description.
fn literal(schema: &Value) -> Option<Value> {
    let (_, behind) = schema["description"].as_str()?.split_once("e.g. `")?;
    let (text, _) = behind.split_once('`')?;
    match schema["type"].as_str() {
        Some("string") => Some(text.into()),
        _ => serde_json::from_str(text).ok(),
    }
}

fn carries_example(schema: &Value) -> bool {
    let example = schema.get("example").cloned().or_else(|| literal(schema));
    example.is_some_and(|value| !value.is_null() && mismatches(schema, &value).is_empty())
}

/// The schema with one branch of each of its choices taken into it; one without choices stays alone.
fn variants(schema: &Value) -> Vec<Value> {
    /// Who offers more combinations than these shows no example with the later ones.
    const MOST: usize = 64;
    let branches = |name: &str| schema[name].as_array().cloned().unwrap_or_default();
    let mut base = schema.clone();
    if let Some(fields) = base.as_object_mut() {
        fields.retain(|name, _| !["allOf", "anyOf", "oneOf"].contains(&name.as_str()));
    }
    for part in branches("allOf") {
        base = variants(&merge(&base, &part)).swap_remove(0);
    }
    let mut variants = vec![base];
    for choice in ["anyOf", "oneOf"].map(branches) {
        if !choice.is_empty() {
            let merged = variants
                .iter()
                .flat_map(|variant| choice.iter().map(|branch| merge(variant, branch)));
            variants = merged.take(MOST).collect();
        }
    }
    variants
}

/// A schema with what a branch says beside it. What both say, the branch says better, and the whole is the judge of
/// what comes of it.
fn merge(base: &Value, branch: &Value) -> Value {
    let mut merged = match base {
        Value::Object(_) => base.clone(),
        _ => json!({}),
    };
    for (name, more) in branch.as_object().into_iter().flatten() {
        merged[name] = match (name.as_str(), &base[name]) {
            ("required", known) => {
                let new = texts(more).filter(|name| texts(known).all(|known| known != *name));
                texts(known).chain(new).collect()
            }
            ("properties", Value::Object(known)) => {
                let mut properties = known.clone();
                for (name, schema) in more.as_object().into_iter().flatten() {
                    let known = properties.entry(name.as_str()).or_insert_with(|| json!({}));
                    *known = merge(known, schema);
                }
                properties.into()
            }
            ("items" | "additionalProperties", known @ Value::Object(_)) => merge(known, more),
            // What is forbidden is the whole schema's to judge.
            ("not", known) => known.clone(),
            _ => more.clone(),
        };
        if merged[name].is_null()
            && let Some(fields) = merged.as_object_mut()
        {
            fields.remove(name);
        }
    }
    merged
}

/// Values for a schema without choices, of which none may fit.
fn candidates(schema: &Value, place: &Place, nth: usize) -> Result<Vec<Value>, Vec<Unmet>> {
    let texts = || text::texts(schema, nth).into_iter().map(Value::from);
    Ok(match schema["type"].as_str() {
        Some("string") => texts().collect(),
        Some("integer") => number::integer_value(schema, nth).into_iter().collect(),
        Some("number") => number::number_values(schema, nth),
        Some("boolean") => vec![nth.is_multiple_of(2).into(), (nth % 2 == 1).into()],
        Some("array") => collection::lists(schema, place, nth)?,
        Some("object") => collection::objects(schema, place, nth)?,
        _ if schema["x-kubernetes-int-or-string"] == true => number::integer_value(schema, nth)
            .into_iter()
            .chain(texts())
            .collect(),
        _ if schema["x-kubernetes-preserve-unknown-fields"] == true => vec![json!({})],
        _ => return Err(unmet(place, "has no type")),
    })
}
