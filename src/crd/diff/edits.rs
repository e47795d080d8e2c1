//! Pairs of schemas of which one comes from the other, as those of two commits do.

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::properties::schema;

/// One change of a schema.
#[derive(Clone, Debug)]
enum Edit {
    Remove,
    /// Puts what another schema has under a keyword of the same name, if it has one.
    Take(prop::sample::Index),
    Add(i64),
}

/// A schema, and the same after a few edits, so that the two share most of their keywords and fields.
pub(super) fn edited() -> impl Strategy<Value = (Value, Value)> {
    let edit = prop_oneof![
        Just(Edit::Remove),
        any::<prop::sample::Index>().prop_map(Edit::Take),
        prop::sample::select(vec![-1, 1]).prop_map(Edit::Add),
    ];
    let edits = vec((any::<prop::sample::Index>(), edit), 1..5);
    (schema(), schema(), edits).prop_map(|(one, other, edits)| {
        let mut new = one.clone();
        for (place, edit) in edits {
            apply(&mut new, place, &edit, &other);
        }
        (one, new)
    })
}

fn apply(schema: &mut Value, place: prop::sample::Index, edit: &Edit, other: &Value) {
    let places = members(schema, "");
    if places.is_empty() {
        return;
    }
    let (above, name) = place.get(&places);
    let Some(members) = schema.pointer_mut(above).and_then(Value::as_object_mut) else {
        return;
    };
    let Some(value) = members.get_mut(name) else {
        return;
    };
    match edit {
        Edit::Remove => drop(members.remove(name)),
        Edit::Take(from) => {
            let mut found = members_of_name(other, name);
            if !found.is_empty() {
                *value = found.swap_remove(from.index(found.len()));
            }
        }
        Edit::Add(more) => {
            if let Some(number) = value.as_i64() {
                *value = (number + more).into();
            }
        }
    }
}

/// The members of every object, as the pointer to the object and the name.
fn members(value: &Value, pointer: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push((pointer.to_owned(), name.clone()));
                found.extend(members(value, &format!("{pointer}/{name}")));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(members(item, &format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    found
}

fn members_of_name(value: &Value, name: &str) -> Vec<Value> {
    let places = members(value, "");
    let places = places.iter().filter(|(_, member)| member == name);
    places
        .filter_map(|(above, _)| Some(value.pointer(above)?[name].clone()))
        .collect()
}
