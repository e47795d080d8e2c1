//! Values of JSON, compared as Kubernetes understands them.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{Class, Report};
use crate::crd::Place;

/// What stands on both sides of a comparison.
pub(super) type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// What it means that something is added, changed or removed.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    pub added: Class,
    pub changed: Class,
    pub removed: Class,
}

impl Whole {
    /// Something that somebody may want to read about.
    pub const LOOK: Self = Self::of(Class::Look);
    /// Something that refuses values: a new or another one may refuse what was accepted, and one that is gone may let
    /// in what nobody expects.
    pub const VALIDATION: Self = Self {
        added: Class::Breaking,
        changed: Class::Breaking,
        removed: Class::Look,
    };

    /// The same in each direction.
    pub const fn of(class: Class) -> Self {
        Self {
            added: class,
            changed: class,
            removed: class,
        }
    }

    /// Compares two values as wholes; ids are the stem with `-added`, `-changed` or `-removed`.
    pub fn compare(self, stem: &str, what: &str, place: &Place, pair: Pair, report: &mut Report) {
        let (verb, class) = match pair {
            (None, Some(_)) => ("added", self.added),
            (Some(_), None) => ("removed", self.removed),
            (Some(old), Some(new)) if !same(old, new) => ("changed", self.changed),
            _ => return,
        };
        let (before, after) = (pair.0.cloned(), pair.1.cloned());
        let message = format!("{what} is {verb}");
        report.add(
            place,
            (format!("{stem}-{verb}"), class),
            message,
            (before, after),
        );
    }
}

/// What stands under a name, unless it is null or an empty value: Kubernetes leaves `false`, `""`, `[]` and `{}` out,
/// but where a value or a schema is meant.
pub(super) fn get<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = fields.get(name).filter(|value| !value.is_null())?;
    let keeps_empty = matches!(
        name,
        "default" | "example" | "items" | "additionalProperties" | "not" | "status"
    );
    let empty = match found {
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    (keeps_empty || !empty).then_some(found)
}

/// The fields of an object, or none where it is something else.
pub(super) fn fields(value: Option<&Value>) -> &Map<String, Value> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    value.and_then(Value::as_object).unwrap_or(&NONE)
}

/// The items of a list, or none where it is something else.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The names that stand on either side, each once, sorted.
pub(super) fn names<'a>(old: &'a Map<String, Value>, new: &'a Map<String, Value>) -> Vec<&'a str> {
    let mut names: Vec<_> = old.keys().chain(new.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The items that only the first list has, each as often as it has more of it.
pub(super) fn only<'a>(left: &'a [Value], right: &[Value]) -> Vec<&'a Value> {
    let mut rest: Vec<_> = right.iter().collect();
    left.iter()
        .filter(|item| {
            let found = rest.iter().position(|other| same(item, other));
            found.map(|index| rest.swap_remove(index)).is_none()
        })
        .collect()
}

/// Whether two values are the same to Kubernetes, to which 1 and 1.0 are one number.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && (one.iter())
                    .all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        _ => left == right,
    }
}
