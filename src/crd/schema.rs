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
