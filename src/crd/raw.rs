//! The schema of a kind as schemars makes it, which still has the names of types, walked beside that of the CRD.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value;

use super::Step;
use crate::manifests::crdgen::Kind;

/// The definitions of Kubernetes' own types begin with it.
const KUBERNETES: &str = "io.k8s.";

/// The schemas of schemars, by group, kind and version.
#[derive(Clone, Debug, Default)]
pub struct Schemas(BTreeMap<(String, String, String), Value>);

impl Schemas {
    /// Those of the kinds that kube has made a CRD of.
    pub fn new(kinds: &[Kind]) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = |kind: &Kind| {
            let spec = &kind.crd.as_ref().ok()?["spec"];
            let version = &spec["versions"][0]["name"];
            Some((
                text(&spec["group"]),
                text(&spec["names"]["kind"]),
                text(version),
            ))
        };
        let schemas = kinds
            .iter()
            .filter_map(|kind| Some((key(kind)?, kind.schema.clone())));
        Self(schemas.collect())
    }

    /// The root of a version of a kind.
    pub fn root(&self, group: &str, kind: &str, version: &str) -> Raw<'_> {
        let key = (group.to_owned(), kind.to_owned(), version.to_owned());
        self.0.get(&key).map_or_else(Raw::default, Raw::new)
    }
}

/// What schemars says about one place; nothing, where it says nothing.
#[derive(Clone, Debug, Default)]
pub struct Raw<'a> {
    root: Option<&'a Value>,
    /// Schemas that every value there has to fit.
    whole: Vec<&'a Value>,
    /// Schemas of which a value fits at least one, `null` left out.
    variants: Vec<&'a Value>,
    /// The definitions that `whole` came through, the outermost first.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Raw<'a> {
    /// The root of a schema, with its definitions in `components/schemas`, `definitions` or `$defs`.
    pub fn new(root: &'a Value) -> Self {
        let mut raw = Self {
            root: Some(root),
            ..Self::default()
        };
        raw.expand(root, true, &mut BTreeSet::new());
        raw
    }

    /// One step further down.
    #[must_use]
    pub fn step(&self, step: &Step) -> Self {
        let mut sources: Vec<&'a Value> = Vec::new();
        for schema in self.whole.iter().chain(&self.variants) {
            let below: Vec<&Value> = match step {
                Step::Field(name) => schema["properties"].get(name).into_iter().collect(),
                Step::Items => [&schema["items"], &schema["prefixItems"]]
                    .into_iter()
                    .flat_map(|items| match items {
                        Value::Array(items) => items.iter().collect(),
                        items => vec![items],
                    })
                    .collect(),
                Step::Values => {
                    let patterns = schema["patternProperties"].as_object();
                    let patterns = patterns.into_iter().flat_map(|patterns| patterns.values());
                    patterns.chain([&schema["additionalProperties"]]).collect()
                }
            };
            let new = below
                .into_iter()
                .filter(|schema| schema.is_object() && !sources.contains(schema));
            let new: Vec<_> = new.collect();
            sources.extend(new);
        }
        let mut raw = Self {
            root: self.root,
            ..Self::default()
        };
        let only = sources.len() == 1;
        for source in sources {
            raw.expand(source, only, &mut BTreeSet::new());
        }
        raw
    }

    /// The type of Kubernetes that stands there, e.g. `io.k8s.api.core.v1.PodSpec`.
    pub fn kubernetes_type(&self) -> Option<&str> {
        let mut names = self.names.iter().map(AsRef::as_ref);
        names.find(|name| name.starts_with(KUBERNETES))
    }

    /// The name that schemars gives to the type there, if it has one: types that derive `KubeSchema` have none.
    pub fn type_name(&self) -> Option<&str> {
        self.names.first().map(AsRef::as_ref)
    }

    /// The schemas that every value there has to fit.
    pub fn whole(&self) -> &[&'a Value] {
        &self.whole
    }

    /// The schemas of which a value there fits at least one; empty, unless there are two or more.
    pub fn variants(&self) -> &[&'a Value] {
        &self.variants
    }

    /// What tells a type from others: a type that holds itself comes back to the same schemas.
    pub(super) fn identity(&self) -> Vec<*const Value> {
        let schemas = self.whole.iter().chain(&self.variants);
        schemas.map(|schema| std::ptr::from_ref(*schema)).collect()
    }

    /// The types of JSON that a value may have, without `null`. `any` stands for all.
    pub fn types(&self) -> BTreeSet<&'a str> {
        let of_whole: BTreeSet<_> = self
            .whole
            .iter()
            .flat_map(|schema| own_types(schema))
            .collect();
        if !of_whole.is_empty() {
            return of_whole;
        }
        let mut types = BTreeSet::new();
        for variant in &self.variants {
            let own = own_types(variant);
            let leads_on = ["$ref", "allOf", "anyOf", "oneOf"];
            if own.is_empty() && leads_on.iter().all(|key| variant.get(key).is_none()) {
                types.insert("any");
            }
            types.extend(own);
        }
        types
    }

    fn expand(&mut self, schema: &'a Value, whole: bool, seen: &mut BTreeSet<String>) {
        if whole {
            self.whole.push(schema);
        } else {
            self.variants.push(schema);
        }
        if let Some(name) = schema["$ref"].as_str().and_then(definition_name)
            && seen.insert(name.to_string())
        {
            if whole {
                self.names.push(name.clone());
            }
            if let Some(definition) = self.definition(&name) {
                self.expand(definition, whole, seen);
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.expand(part, whole, seen);
        }
        for key in ["anyOf", "oneOf"] {
            let parts = schema[key].as_array().into_iter().flatten();
            let parts: Vec<_> = parts.filter(|part| !is_null(part)).collect();
            let only = parts.len() == 1;
            for part in parts {
                self.expand(part, whole && only, seen);
            }
        }
    }

    fn definition(&self, name: &str) -> Option<&'a Value> {
        let root = self.root?;
        let places = [
            &root["components"]["schemas"],
            &root["definitions"],
            &root["$defs"],
        ];
        places.into_iter().find_map(|place| place.get(name))
    }
}

/// Whether a schema accepts `null` alone, as the second half of an `Option`.
pub fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
        || schema["enum"]
            .as_array()
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_null))
        || schema.get("const").is_some_and(Value::is_null)
}

/// The last part of a reference, which is a JSON pointer.
fn definition_name(reference: &str) -> Option<Cow<'_, str>> {
    let name = reference.rsplit_once('/')?.1;
    Some(if name.contains('~') {
        name.replace("~1", "/").replace("~0", "~").into()
    } else {
        name.into()
    })
}

/// The types that a schema names itself, or that follow from its own keywords.
fn own_types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) if name != "null" => return vec![name],
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str);
            return names.filter(|name| *name != "null").collect();
        }
        _ => {}
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return vec!["integer", "string"];
    }
    if schema.get("properties").is_some() {
        return vec!["object"];
    }
    let constant = schema.get("const");
    let values = schema["enum"].as_array().into_iter().flatten();
    values.chain(constant).filter_map(type_of).collect()
}

/// The type of a value; none for `null`.
pub fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(raw: &Raw<'_>, name: &str) -> (Option<String>, Vec<String>) {
        let raw = raw.step(&Step::Field(name.to_owned()));
        let name = raw.type_name().map(str::to_owned);
        (name, raw.types().into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn names_and_types_are_found_through_references_and_options() {
        let root = json!({
            "properties": {
                "plain": { "$ref": "#/components/schemas/A" },
                "optional": { "anyOf": [{ "$ref": "#/components/schemas/A" }, { "enum": [null] }] },
                "described": { "allOf": [{ "$ref": "#/components/schemas/A" }], "default": 1 },
                "either": { "anyOf": [{ "$ref": "#/components/schemas/A" }, { "type": "string" }] },
                "escaped": { "$ref": "#/components/schemas/a~1b" },
                "anything": {},
            },
            "components": { "schemas": { "A": { "type": ["integer", "null"] }, "a/b": {} } },
        });
        let raw = Raw::new(&root);
        let some = |name: &str, types: &[&str]| {
            let types = types.iter().map(|name| (*name).to_owned()).collect();
            (Some(name.to_owned()), types)
        };
        assert_eq!(field(&raw, "plain"), some("A", &["integer"]));
        assert_eq!(field(&raw, "optional"), some("A", &["integer"]));
        assert_eq!(field(&raw, "described"), some("A", &["integer"]));
        assert_eq!(field(&raw, "escaped"), some("a/b", &[]));
        assert_eq!(field(&raw, "anything"), (None, vec![]));
        let either = (None, vec!["integer".to_owned(), "string".to_owned()]);
        assert_eq!(field(&raw, "either"), either);
    }

    #[test]
    fn a_type_that_holds_itself_ends() {
        let root = json!({
            "$ref": "#/$defs/Tree",
            "$defs": { "Tree": { "items": { "$ref": "#/$defs/Tree" }, "anyOf": [{ "$ref": "#/$defs/Tree" }] } },
        });
        let items = Raw::new(&root).step(&Step::Items).step(&Step::Items);
        assert_eq!(items.type_name(), Some("Tree"));
    }
}
