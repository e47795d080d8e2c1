//! What CEL sees of a schema: types, names that are escaped, and how big a value can be.
//!
//! The figures are those of `k8s.io/apiserver/pkg/cel/common`: what has no bound is as big as fits into the largest
//! request that the API server takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::types::Type;
use crate::crd::Step;

/// The largest request, in bytes.
const REQUEST: u64 = 3 * 1024 * 1024;
/// The longest `metadata.name`.
const NAME: u64 = 253;

/// One place of a schema, as CEL sees it.
#[derive(Debug)]
pub(super) struct Decl {
    pub(super) kind: Kind,
    /// The most items, properties or bytes that a value can have.
    pub(super) max: u64,
    /// The least bytes of JSON that a value takes.
    pub(super) min_bytes: u64,
    /// The keyword that would bound it, if nothing does.
    pub(super) unbounded: Option<&'static str>,
    /// The way from the root of the object.
    pub(super) steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Dyn,
    Bool,
    Int,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Arc<Decl>),
    Map(Arc<Decl>, Arc<Decl>),
    Object {
        /// Fields by their escaped names.
        fields: BTreeMap<String, Field>,
        /// Fields that are in the schema and that CEL cannot see, by their own names.
        hidden: BTreeSet<String>,
    },
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) decl: Arc<Decl>,
    /// Whether it is always there: it is required or has a default.
    pub(super) present: bool,
}

impl Decl {
    pub(super) fn ty(self: &Arc<Self>) -> Type {
        match &self.kind {
            Kind::Dyn => Type::Dyn,
            Kind::Bool => Type::Bool,
            Kind::Int => Type::Int,
            Kind::Double => Type::Double,
            Kind::String => Type::String,
            Kind::Bytes => Type::Bytes,
            Kind::Duration => Type::Duration,
            Kind::Timestamp => Type::Timestamp,
            Kind::List(items) => Type::list(items.ty()),
            Kind::Map(key, value) => Type::map(key.ty(), value.ty()),
            Kind::Object { .. } => Type::Object(self.clone()),
        }
    }

    /// A field of an object, by its escaped name; a reserved word may stand as it is.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        let Kind::Object { fields, .. } = &self.kind else {
            return None;
        };
        let reserved = || fields.get(&escape(name)?);
        let is_reserved = RESERVED.contains(&name);
        fields
            .get(name)
            .or_else(|| reserved().filter(|_| is_reserved))
    }

    /// How often data of this kind fits into one request.
    pub(super) fn repeats(&self) -> u64 {
        REQUEST / self.min_bytes.saturating_add(1)
    }

    fn scalar(kind: Kind, min_bytes: u64, steps: &[Step]) -> Self {
        let (max, unbounded, steps) = (0, None, steps.to_vec());
        Self {
            kind,
            max,
            min_bytes,
            unbounded,
            steps,
        }
    }
}

/// What CEL sees of a schema, or nothing if it sees nothing there. `resource` is for the root of an object, which has
/// `apiVersion`, `kind` and a little of `metadata`.
pub(super) fn declare(schema: &Value, resource: bool, steps: &[Step]) -> Option<Arc<Decl>> {
    let below = |step: Step| [steps, &[step]].concat();
    let decl = if is_true(schema, "x-kubernetes-int-or-string") {
        text(schema, Kind::Dyn, 1, steps)
    } else {
        match schema["type"].as_str()? {
            "boolean" => Decl::scalar(Kind::Bool, 4, steps),
            "integer" => Decl::scalar(Kind::Int, 1, steps),
            "number" => Decl::scalar(Kind::Double, 1, steps),
            "string" => string(schema, steps),
            "array" => {
                let items = child(&schema["items"], below(Step::Items))?;
                let max = (REQUEST - 2) / (items.min_bytes + 1);
                collection(schema, "maxItems", max, Kind::List(items), steps)
            }
            "object" if schema["additionalProperties"].is_object() => {
                let values = child(&schema["additionalProperties"], below(Step::Values))?;
                let max = (REQUEST - 2) / (values.min_bytes + 6);
                let key = Arc::new(Decl::scalar(Kind::String, 2, steps));
                let kind = Kind::Map(key, values);
                collection(schema, "maxProperties", max, kind, steps)
            }
            "object" => object(schema, resource, steps),
            _ => return None,
        }
    };
    Some(Arc::new(decl))
}

/// Words that CEL keeps for itself.
const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The name that CEL has for a field, or nothing if it has none.
pub(super) fn escape(name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let is_known = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let first = name.chars().next()?;
    if first.is_ascii_digit() || !name.chars().all(is_known) {
        return None;
    }
    let escaped = name.replace("__", "__underscores__");
    let escaped = escaped.replace('.', "__dot__").replace('-', "__dash__");
    Some(escaped.replace('/', "__slash__"))
}

/// Whether a keyword is there and true.
pub(super) fn is_true(schema: &Value, keyword: &str) -> bool {
    schema[keyword] == Value::Bool(true)
}

/// A bound, which may be written as a floating-point number.
pub(super) fn bound(schema: &Value, keyword: &str) -> Option<u64> {
    let value = &schema[keyword];
    // Negative bounds count as zero, and a cast saturates.
    value.as_u64().or(value.as_f64().map(|float| float as u64))
}

fn child(schema: &Value, steps: Vec<Step>) -> Option<Arc<Decl>> {
    let resource = is_true(schema, "x-kubernetes-embedded-resource");
    declare(schema, resource, &steps)
}

fn collection(schema: &Value, keyword: &'static str, max: u64, kind: Kind, steps: &[Step]) -> Decl {
    let bound = bound(schema, keyword);
    Decl {
        max: bound.unwrap_or(max),
        unbounded: bound.is_none().then_some(keyword),
        ..Decl::scalar(kind, 2, steps)
    }
}

/// A string, by its longest value in bytes: a character may take four.
fn text(schema: &Value, kind: Kind, min_bytes: u64, steps: &[Step]) -> Decl {
    let per_character = if matches!(kind, Kind::Bytes) { 1 } else { 4 };
    let bound = bound(schema, "maxLength").map(|max| max.saturating_mul(per_character));
    Decl {
        max: bound.unwrap_or(REQUEST - 2),
        unbounded: bound.is_none().then_some("maxLength"),
        ..Decl::scalar(kind, min_bytes, steps)
    }
}

fn string(schema: &Value, steps: &[Step]) -> Decl {
    let sized = |kind, min_bytes, max| Decl {
        max,
        ..Decl::scalar(kind, min_bytes, steps)
    };
    match schema["format"].as_str() {
        Some("byte") => text(schema, Kind::Bytes, 2, steps),
        Some("duration") => sized(Kind::Duration, 3, 32),
        Some("date") => sized(Kind::Timestamp, 12, 12),
        Some("date-time") => sized(Kind::Timestamp, 21, 32),
        _ => {
            let longest = schema["enum"].as_array().and_then(|values| {
                let lengths = values
                    .iter()
                    .map(|value| value.as_str().unwrap_or("").len());
                lengths.max()
            });
            match longest {
                Some(longest) if bound(schema, "maxLength").is_none() => {
                    sized(Kind::String, 2, longest as u64)
                }
                _ => text(schema, Kind::String, 2, steps),
            }
        }
    }
}

fn object(schema: &Value, resource: bool, steps: &[Step]) -> Decl {
    let no_properties = serde_json::Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&no_properties);
    let mut fields = BTreeMap::new();
    let mut hidden = BTreeSet::new();
    let mut min_bytes = 2_u64;
    for (name, property) in properties {
        if resource && ["apiVersion", "kind", "metadata"].contains(&name.as_str()) {
            continue;
        }
        let required = schema["required"].as_array();
        let required = required.is_some_and(|names| names.iter().any(|other| other == name));
        let has_default = !property["default"].is_null();
        let steps = [steps, &[Step::Field(name.clone())]].concat();
        let decl = child(property, steps);
        if let Some(decl) = &decl
            && required
            && !has_default
        {
            min_bytes = min_bytes.saturating_add(name.len() as u64 + decl.min_bytes + 4);
        }
        match (decl, escape(name)) {
            (Some(decl), Some(escaped)) => {
                let present = required || has_default;
                fields.insert(escaped, Field { decl, present });
            }
            _ => {
                hidden.insert(name.clone());
            }
        }
    }
    if resource {
        resource_fields(schema, &mut fields, steps);
    }
    Decl::scalar(Kind::Object { fields, hidden }, min_bytes, steps)
}

/// What every resource has, whatever its schema says.
fn resource_fields(schema: &Value, fields: &mut BTreeMap<String, Field>, steps: &[Step]) {
    let at = |names: &[&str]| {
        let names = names.iter().map(|name| Step::Field((*name).to_owned()));
        steps.iter().cloned().chain(names).collect::<Vec<_>>()
    };
    let string = |max, unbounded, steps: Vec<Step>| {
        Arc::new(Decl {
            max,
            unbounded,
            ..Decl::scalar(Kind::String, 2, &steps)
        })
    };
    let present = |decl| Field {
        decl,
        present: true,
    };
    for name in ["apiVersion", "kind"] {
        let decl = string(REQUEST - 2, Some("maxLength"), at(&[name]));
        fields.insert(name.to_owned(), present(decl));
    }
    let metadata = &schema["properties"]["metadata"]["properties"];
    let names = [("name", NAME), ("generateName", NAME - 1)].map(|(name, cap)| {
        let max = bound(&metadata[name], "maxLength").map_or(cap, |max| max.min(cap));
        let decl = string(max * 4, None, at(&["metadata", name]));
        let present = name == "name";
        (name.to_owned(), Field { decl, present })
    });
    let kind = Kind::Object {
        fields: names.into(),
        hidden: BTreeSet::new(),
    };
    let decl = Arc::new(Decl::scalar(kind, 2, &at(&["metadata"])));
    fields.insert("metadata".to_owned(), present(decl));
}
