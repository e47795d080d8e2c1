//! The keywords that refuse values, and of which one may refuse more or less than another.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{Both, stem};
use crate::crd::diff::{
    Class::{self, Breaking, Look, Safe},
    Report, formats,
    values::{Whole, get, items, only},
};

pub(super) fn enumeration(both: &Both, report: &mut Report) {
    let (Some(old), Some(new)) = both.get("enum") else {
        Whole::VALIDATION.compare("enum", "`enum`", both.place, both.get("enum"), report);
        return;
    };
    let (old, new) = (items(Some(old)), items(Some(new)));
    let (removed, added) = (only(old, new), only(new, old));
    let list = |values: &[&Value]| Some(values.iter().map(|value| (*value).clone()).collect());
    if !removed.is_empty() {
        let sides = (list(&removed), None);
        let message = "values are removed from `enum`";
        report.add(both.place, ("enum-value-removed", Breaking), message, sides);
    }
    if !added.is_empty() {
        let sides = (None, list(&added));
        let message = "values are added to `enum`: clients may read what they do not know";
        report.add(both.place, ("enum-value-added", Look), message, sides);
    }
}

/// Kubernetes ignores formats that it does not know, and hyphens in them.
pub(super) fn format(both: &Both, report: &mut Report) {
    let (old, new) = both.get("format");
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (before, after) = (text(old), text(new));
    let class = match (before.as_deref(), after.as_deref()) {
        (Some("int32"), Some("int64")) | (Some("float"), Some("double")) => Look,
        (_, Some(after)) if formats::is_checked(after) => Breaking,
        _ => Look,
    };
    Whole::of(class).compare("format", "`format`", both.place, (old, new), report);
}

/// Compares bounds. `tighter` is the order of a new value to an old one that refuses more.
pub(super) fn bound(
    keyword: &str,
    exclusive: Option<&str>,
    both: &Both,
    tighter: Ordering,
    report: &mut Report,
) {
    let of = |schema| {
        let value = get(schema, keyword)?;
        let no_bound = exclusive.is_none() && tighter == Ordering::Greater;
        if no_bound && value.as_f64() == Some(0.0) {
            return None;
        }
        let excluded = exclusive.is_some_and(|word| get(schema, word).is_some());
        Some((value, excluded))
    };
    let (Some((old, old_excluded)), Some((new, new_excluded))) = (of(both.old), of(both.new))
    else {
        let sides = (
            of(both.old).map(|(value, _)| value),
            of(both.new).map(|(value, _)| value),
        );
        Whole::VALIDATION.compare(
            &stem(keyword),
            &format!("`{keyword}`"),
            both.place,
            sides,
            report,
        );
        return;
    };
    let Some(order) = compare_numbers(new, old) else {
        let sides = (Some(old), Some(new));
        Whole::of(Breaking).compare(
            &stem(keyword),
            &format!("`{keyword}`"),
            both.place,
            sides,
            report,
        );
        return;
    };
    let (verb, class) = match (order, new_excluded.cmp(&old_excluded)) {
        (Ordering::Equal, Ordering::Equal) => return,
        (Ordering::Equal, Ordering::Greater) => ("tightened", Breaking),
        (Ordering::Equal, Ordering::Less) => ("loosened", Safe),
        (order, _) if order == tighter => ("tightened", Breaking),
        _ => ("loosened", Safe),
    };
    let shown = |value: &Value, excluded: bool| {
        Some(if excluded {
            format!("{value}, exclusive").into()
        } else {
            value.clone()
        })
    };
    let sides = (shown(old, old_excluded), shown(new, new_excluded));
    let id = format!("{}-{verb}", stem(keyword));
    report.add(
        both.place,
        (id, class),
        format!("`{keyword}` is {verb}"),
        sides,
    );
}

/// The order of two numbers, exact where both are whole.
fn compare_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

pub(super) fn multiple_of(both: &Both, report: &mut Report) {
    let (old, new) = both.get("multipleOf");
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).filter(|it| *it > 0.0);
    let (Some(before), Some(after)) = (number(old), number(new)) else {
        Whole::VALIDATION.compare(
            "multiple-of",
            "`multipleOf`",
            both.place,
            (old, new),
            report,
        );
        return;
    };
    let divides = |left: f64, right: f64| (right / left).fract() == 0.0;
    let (verb, class) = match (divides(after, before), divides(before, after)) {
        (true, true) => return,
        (true, false) => ("loosened", Safe),
        (false, true) => ("tightened", Breaking),
        (false, false) => ("changed", Breaking),
    };
    let id = format!("multiple-of-{verb}");
    let sides = (old.cloned(), new.cloned());
    report.add(
        both.place,
        (id, class),
        format!("`multipleOf` is {verb}"),
        sides,
    );
}

/// The branches of a keyword, without those that `x-kubernetes-int-or-string` may spell out.
fn branches_of(schema: &Map<String, Value>, keyword: &str) -> Vec<Value> {
    let spelled = json!([{ "type": "integer" }, { "type": "string" }]);
    let inner = json!({ "anyOf": spelled });
    let implied = get(schema, "x-kubernetes-int-or-string").is_some();
    let list = items(get(schema, keyword));
    match keyword {
        "anyOf" if implied && spelled.as_array().is_some_and(|it| it == list) => Vec::new(),
        "allOf" if implied => list.iter().filter(|it| **it != inner).cloned().collect(),
        _ => list.to_vec(),
    }
}

pub(super) fn branches(
    keyword: &str,
    (more, fewer): (Class, Class),
    both: &Both,
    report: &mut Report,
) {
    let (old, new) = (
        branches_of(both.old, keyword),
        branches_of(both.new, keyword),
    );
    let (removed, added) = (only(&old, &new), only(&new, &old));
    let every = keyword == "allOf";
    let (verb, class, text) = match (removed.is_empty(), added.is_empty()) {
        (true, true) => return,
        _ if old.is_empty() => ("added", Breaking, "is added"),
        _ if new.is_empty() => ("removed", Look, "is removed"),
        (true, false) => (
            if every { "tightened" } else { "loosened" },
            more,
            "has one more branch",
        ),
        (false, true) => (
            if every { "loosened" } else { "tightened" },
            fewer,
            "has one branch less",
        ),
        (false, false) => ("changed", Breaking, "is changed"),
    };
    let list = |values: &[&Value]| {
        let values: Vec<Value> = values.iter().map(|value| (*value).clone()).collect();
        (!values.is_empty()).then_some(Value::from(values))
    };
    let id = format!("{}-{verb}", stem(keyword));
    let sides = (list(&removed), list(&added));
    report.add(
        both.place,
        (id, class),
        format!("`{keyword}` {text}"),
        sides,
    );
}

pub(super) fn list_map_keys(both: &Both, report: &mut Report) {
    let keyword = "x-kubernetes-list-map-keys";
    let (old, new) = both.get(keyword);
    // Keys come and go with the type of the list, which has a difference of its own.
    let kind = "x-kubernetes-list-type";
    let same_kind = get(both.old, kind) == get(both.new, kind);
    let moved =
        !(only(items(old), items(new)).is_empty() && only(items(new), items(old)).is_empty());
    if same_kind && moved {
        let sides = (old, new);
        Whole::of(Breaking).compare(
            "list-map-keys",
            &format!("`{keyword}`"),
            both.place,
            sides,
            report,
        );
    }
}
