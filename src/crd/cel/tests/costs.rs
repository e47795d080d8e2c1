//! Schemas that decide what a rule costs, and places where a rule may not stand.

use serde_json::{Value, json};

use super::{COST, SYNTAX, TYPE};

pub(super) type Case = (String, Value, Option<&'static str>, Option<&'static str>);

/// Rules on an unbounded spec.
const UNBOUNDED: &[(&str, Option<&str>)] = &[
    ("self.s == 'a'", None),
    ("self.s.size() < 10", None),
    ("self.s.startsWith('a')", None),
    ("self.s.contains('abc')", None),
    ("self.s.contains(self.t)", Some(COST)),
    ("self.s == self.t", None),
    ("self.s.matches('^[a-z]+$')", None),
    (
        "self.s.matches('^[a-z]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?(/[a-z0-9]+)*$')",
        None,
    ),
    ("self.s.split(',').all(x, x.size() > 0)", Some(COST)),
    ("self.l.size() < 10", None),
    ("self.l.all(x, x == 'a')", None),
    ("self.l.all(x, x.startsWith('a'))", None),
    ("self.l.all(x, x.matches('^[a-z]+$'))", Some(COST)),
    ("self.l.all(x, self.l.exists_one(y, x == y))", Some(COST)),
    ("self.l.exists(x, x.contains('b'))", Some(COST)),
    ("self.m.all(k, k.matches('^[a-z]+$'))", None),
    ("self.m.all(k, self.m[k] == 'a')", None),
    ("self.m.all(k, v, v.contains('abc'))", Some(COST)),
    ("'a' in self.l", None),
    ("self.l.isSorted()", Some(COST)),
    ("self.li.isSorted()", None),
    ("self.li.sum() > 1", None),
    ("self.li.sort() == self.li", Some(COST)),
    ("self.li.distinct().size() == 1", Some(COST)),
    ("self.l.map(x, x.size()).sum() > 10", Some(COST)),
    ("self.l.filter(x, x == 'a').size() > 10", Some(COST)),
    ("sets.contains(self.l, ['a'])", None),
    ("sets.contains(self.l, self.l)", Some(COST)),
    ("self.o.all(x, x.k != '')", None),
    ("self.o.all(x, self.o.all(y, x.k == y.k))", Some(COST)),
    ("quantity(self.s).isGreaterThan(quantity('1'))", None),
    ("self.s.lowerAscii().upperAscii() == 'A'", None),
    (
        "self.s.replace('a', 'bbbbbbbbbbbb').contains('ccccccccccccccc')",
        None,
    ),
    ("url(self.s).getHost() == 'a'", None),
    ("self.s + self.t == 'a'", None),
    (
        "format.dns1123Label().validate(self.s).hasValue()",
        Some(COST),
    ),
    (
        "self.l.all(x, format.dns1123Label().validate(x).hasValue())",
        Some(COST),
    ),
];

fn unbounded() -> Value {
    json!({
        "type": "object",
        "properties": {
            "s": { "type": "string" },
            "t": { "type": "string" },
            "l": { "type": "array", "items": { "type": "string" } },
            "li": { "type": "array", "items": { "type": "integer" } },
            "m": { "type": "object", "additionalProperties": { "type": "string" } },
            "o": { "type": "array", "items": { "type": "object", "required": ["k"], "properties": { "k": { "type": "string" } } } },
        },
    })
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rule, found) in UNBOUNDED {
        let mut spec = unbounded();
        spec["x-kubernetes-validations"] = json!([{ "rule": rule }]);
        cases.push((format!("unbounded: {rule}"), spec, *found, None));
    }
    let mut add = |name: &str, spec: Value, found| cases.push((name.to_owned(), spec, found, None));
    let rule = |rule: &str| json!([{ "rule": rule }]);
    let list = |items: Value, list_type: &str| {
        json!({ "type": "object", "properties": { "l": {
            "type": "array", "maxItems": 10, "x-kubernetes-list-type": list_type,
            "x-kubernetes-list-map-keys": (list_type == "map").then_some(["k"]),
            "items": items,
        } } })
    };
    let item = |text: &str| {
        json!({
            "type": "object", "required": ["k"],
            "properties": { "k": { "type": "string", "maxLength": 8 }, "v": { "type": "integer" } },
            "x-kubernetes-validations": rule(text),
        })
    };
    add(
        "a transition in a list",
        list(item("self.v == oldSelf.v"), "atomic"),
        Some(TYPE),
    );
    add(
        "a transition in a map list",
        list(item("self.v == oldSelf.v"), "map"),
        None,
    );
    let scalar = |text: &str| json!({ "type": "string", "maxLength": 8, "x-kubernetes-validations": rule(text) });
    add(
        "a transition in a set",
        list(scalar("self == oldSelf"), "set"),
        Some(TYPE),
    );
    add(
        "a rule on a string",
        list(scalar("self.startsWith('a')"), "set"),
        None,
    );
    add(
        "a rule on a string with a field",
        list(scalar("self.a == 'a'"), "set"),
        Some(TYPE),
    );
    let values = |text: &str| json!({ "type": "object", "maxProperties": 5, "additionalProperties": scalar(text) });
    add("a transition in a map", values("self == oldSelf"), None);
    let optional = |text: &str| {
        let mut spec = unbounded();
        spec["x-kubernetes-validations"] = json!([{ "rule": text, "optionalOldSelf": true }]);
        spec
    };
    add(
        "optionalOldSelf",
        optional("!oldSelf.hasValue() || oldSelf.value().s == self.s"),
        None,
    );
    add(
        "optionalOldSelf as it is",
        optional("oldSelf.s == self.s"),
        Some(TYPE),
    );
    add(
        "optionalOldSelf unused",
        optional("self.s == 'a'"),
        Some(TYPE),
    );
    let message = |text: &str| {
        let mut spec = unbounded();
        spec["x-kubernetes-validations"] =
            json!([{ "rule": "self.s == 'a'", "messageExpression": text }]);
        spec
    };
    add("a message", message("'bad: ' + self.s"), None);
    add(
        "a message that is a number",
        message("self.s.size()"),
        Some(TYPE),
    );
    add(
        "a message that does not parse",
        message("'bad: ' +"),
        Some(SYNTAX),
    );
    add(
        "a message with a wrong field",
        message("'bad: ' + self.ss"),
        Some(TYPE),
    );
    add(
        "a message that costs",
        message("self.l.filter(x, self.l.exists(y, y == x)).size() > 1 ? 'a' : 'b'"),
        Some(COST),
    );
    let lines = json!({ "type": "string", "x-kubernetes-validations": [{ "rule": "self == 'a'\n|| self == 'b'", "message": "no" }] });
    add("a rule on two lines with a message", lines, None);
    let kept = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-validations": rule("self.a == 1") });
    add("a rule on what has no schema", kept, Some(TYPE));
    let embedded = |text: &str| {
        json!({
            "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
            "x-kubernetes-validations": rule(text),
        })
    };
    add(
        "an embedded resource",
        embedded("self.kind == 'Pod' && self.metadata.name.startsWith('a')"),
        None,
    );
    add(
        "metadata of an embedded resource",
        embedded("self.metadata.labels.size() == 0"),
        Some(TYPE),
    );
    let long = format!("true{}", " && true".repeat(800));
    let spec = json!({ "type": "object", "x-kubernetes-validations": rule(&long) });
    let why = Some("nobody writes 1600 operators, and the stack of the parser has an end");
    cases.push(("800 conditions".to_owned(), spec, Some(COST), why));
    sweep(&mut cases);
    cases
}

/// The same rules over lists and strings of several sizes, and below lists with and without a bound.
fn sweep(cases: &mut Vec<Case>) {
    let found = |is_expensive: bool| is_expensive.then_some(COST);
    // Pairs of items: 3 + (4 + comparison of strings) for each of the inner rounds.
    for (items, length, is_expensive) in [
        (10, 10, false),
        (100, 63, false),
        (500, 63, false),
        (990, 8, false),
        (1000, 8, true),
        (1000, 63, true),
        (2000, 63, true),
        (10000, 1, true),
    ] {
        let spec = json!({
            "type": "array", "maxItems": items, "items": { "type": "string", "maxLength": length },
            "x-kubernetes-validations": [{ "rule": "self.all(x, self.exists(y, x == y))" }],
        });
        cases.push((
            format!("{items} items of {length}, in pairs"),
            spec,
            found(is_expensive),
            None,
        ));
    }
    // A regular expression below a list.
    for (items, length, is_expensive) in [
        (Some(10), Some(63), false),
        (Some(10), Some(253), false),
        (Some(1000), Some(253), false),
        (Some(100_000), Some(253), true),
        (None, Some(2), false),
        (None, Some(10), true),
        (None, Some(253), true),
        (Some(10), None, false),
        (Some(100), None, true),
        (None, None, true),
    ] {
        let mut string = json!({ "type": "string", "x-kubernetes-validations": [{ "rule": "self.matches('^[a-z]+$')" }] });
        let mut list = json!({ "type": "array" });
        if let Some(length) = length {
            string["maxLength"] = json!(length);
        }
        if let Some(items) = items {
            list["maxItems"] = json!(items);
        }
        list["items"] = string;
        cases.push((
            format!("{items:?} items of {length:?}, matched"),
            list,
            found(is_expensive),
            None,
        ));
    }
    // Maps of maps.
    for (properties, is_expensive) in [(Some(100), false), (Some(10_000), true), (None, true)] {
        let mut inner = json!({
            "type": "object", "additionalProperties": { "type": "integer" },
            "x-kubernetes-validations": [{ "rule": "self.all(k, self[k] > 0)" }],
        });
        let mut outer = json!({ "type": "object" });
        if let Some(properties) = properties {
            inner["maxProperties"] = json!(properties);
            outer["maxProperties"] = json!(properties);
        }
        outer["additionalProperties"] = inner;
        cases.push((
            format!("maps of maps of {properties:?}"),
            outer,
            found(is_expensive),
            None,
        ));
    }
    // Many rules that are each within their limit.
    for (count, is_expensive) in [(5, false), (40, true)] {
        let rule = json!({ "rule": "self.all(x, x.size() > 0)" });
        let spec = json!({
            "type": "array", "items": { "type": "string" },
            "x-kubernetes-validations": vec![rule; count],
        });
        cases.push((format!("{count} rules"), spec, found(is_expensive), None));
    }
}
