//! The CEL rules, which are known by their expression.

use serde_json::Value;

use super::Both;
use crate::crd::{
    Place,
    diff::{
        Class::{Breaking, Look, Safe},
        Report,
        values::{Whole, fields, get, items, names, only},
    },
};

/// Compares the CEL rules, which are known by their expression.
pub(super) fn rules(both: &Both, report: &mut Report) {
    let (old, new) = both.get("x-kubernetes-validations");
    let (old, new) = (items(old), items(new));
    let (mut removed, mut added) = (only(old, new), only(new, old));
    // So that the order in which rules of one expression stand does not matter.
    removed.sort_by_cached_key(ToString::to_string);
    added.sort_by_cached_key(ToString::to_string);
    let expression = |rule: &Value| rule["rule"].as_str().unwrap_or_default().trim().to_owned();
    for before in removed {
        let twin = added
            .iter()
            .position(|rule| expression(rule) == expression(before));
        if let Some(index) = twin {
            rule_changed(before, added.remove(index), both.place, report);
        } else {
            let message = "a CEL rule is removed: what it refused is accepted";
            let sides = (Some(expression(before).into()), None);
            report.add(both.place, ("rule-removed", Look), message, sides);
        }
    }
    for after in added {
        let rule = expression(after);
        let message = match rule.contains("oldSelf") {
            true => "a CEL rule is added: it may refuse updates that were accepted",
            false => "a CEL rule is added: it may refuse what was accepted",
        };
        report.add(
            both.place,
            ("rule-added", Breaking),
            message,
            (None, Some(rule.into())),
        );
    }
}

/// A rule whose expression stays.
fn rule_changed(before: &Value, after: &Value, place: &Place, report: &mut Report) {
    let (old, new) = (fields(Some(before)), fields(Some(after)));
    for name in names(old, new) {
        let (before, after) = (get(old, name), get(new, name));
        let what = format!("`{name}` of a CEL rule");
        match name {
            "rule" => {}
            "message" | "messageExpression" if before != after => {
                let sides = (before.cloned(), after.cloned());
                report.add(
                    place,
                    ("rule-message-changed", Safe),
                    format!("{what} is changed"),
                    sides,
                );
            }
            "message" | "messageExpression" => {}
            // With it, a rule about a change is also asked when there is no old value.
            "optionalOldSelf" if before != after => {
                let (id, class) = match after {
                    Some(_) => ("rule-tightened", Breaking),
                    None => ("rule-loosened", Look),
                };
                report.add(
                    place,
                    (id, class),
                    format!("{what} is changed"),
                    (before.cloned(), after.cloned()),
                );
            }
            "optionalOldSelf" => {}
            _ => Whole::LOOK.compare("rule-detail", &what, place, (before, after), report),
        }
    }
}
