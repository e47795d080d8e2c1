//! Ways through a structural schema.

use serde_json::{Map, Value};

use super::{Place, Step};

/// What a schema says of the fields of an object.
pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(Map::iter)
}

/// The schema one step down.
pub(super) fn child<'a>(schema: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Field(name) => schema.get("properties")?.get(name),
        Step::Items => schema.get("items").filter(|items| items.is_object()),
        Step::Values => schema
            .get("additionalProperties")
            .filter(|values| values.is_object()),
    }
}

/// Visits a schema and all below it, each before what is below it. `visit` says whether to go on downwards.
pub(super) fn walk<'a>(
    place: &Place,
    schema: &'a Value,
    visit: &mut impl FnMut(&Place, &'a Value) -> bool,
) {
    if !visit(place, schema) {
        return;
    }
    for (name, property) in properties(schema) {
        walk(&place.field(name), property, visit);
    }
    for step in [Step::Items, Step::Values] {
        if let Some(below) = child(schema, &step) {
            walk(&place.step(step), below, visit);
        }
    }
}

/// The text at a key; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a key; empty where there is none.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let list = value.get(key).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// Every version of a CRD with its schema and the place of its root.
pub(super) fn versions(crd: &Value) -> impl Iterator<Item = (Place, &Value, &Value)> {
    let kind = text(&crd["spec"]["names"], "kind");
    list(&crd["spec"], "versions").iter().map(move |version| {
        let place = Place::root(kind, text(version, "name"));
        (place, version, &version["schema"]["openAPIV3Schema"])
    })
}

/// Visits every place of every version of a CRD. `visit` says whether to go on downwards.
pub fn walk_versions(crd: &Value, visit: &mut impl FnMut(&Place) -> bool) {
    for (root, _, schema) in versions(crd) {
        walk(&root, schema, &mut |place, _| visit(place));
    }
}

/// The CRD with the values of every enum where a reader looks for them. Those of an enum that may be null stand in
/// `allOf`, since Kubernetes would refuse the null otherwise (see [`super::normalise`]).
pub(super) fn plain_enums(crd: &Value) -> Value {
    let mut crd = crd.clone();
    lift_enums(&mut crd);
    crd
}

fn lift_enums(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(lift_enums);
            let alone = match fields.get("allOf").and_then(Value::as_array) {
                Some(parts) => match parts.as_slice() {
                    [Value::Object(part)] if part.len() == 1 => part.get("enum").cloned(),
                    _ => None,
                },
                None => None,
            };
            if let Some(values) = alone.filter(|_| !fields.contains_key("enum")) {
                fields.remove("allOf");
                fields.insert("enum".to_owned(), values);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lift_enums),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_enum_alone_is_lifted() {
        let lifted =
            plain_enums(&json!({ "a": { "allOf": [{ "enum": ["x"] }], "nullable": true } }));
        assert_eq!(lifted, json!({ "a": { "enum": ["x"], "nullable": true } }));
        for other in [
            json!({ "allOf": [{ "enum": ["x"], "minLength": 1 }] }),
            json!({ "allOf": [{ "enum": ["x"] }, { "enum": ["y"] }] }),
            json!({ "allOf": [{ "enum": ["x"] }], "enum": ["y"] }),
            json!({ "allOf": {} }),
        ] {
            assert_eq!(plain_enums(&other), other);
        }
    }
}
