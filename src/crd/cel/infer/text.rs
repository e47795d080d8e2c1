//! How messages name an expression.

use std::collections::BTreeSet;

use cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr},
};

/// `a.b.c`, if the expression is that and nothing else.
pub(super) fn dotted(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        _ => None,
    }
}

/// The expression as a message names it.
pub(super) fn text(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", text(&select.operand), select.field),
        Expr::Call(call) if call.func_name == "_[_]" => match call.args.first() {
            Some(operand) => format!("{}[..]", text(operand)),
            None => "..".to_owned(),
        },
        Expr::Call(call) => match &call.target {
            Some(target) => format!("{}.{}(..)", text(target), call.func_name),
            None if call
                .func_name
                .starts_with(|c: char| c.is_ascii_alphabetic()) =>
            {
                format!("{}(..)", call.func_name)
            }
            None => "(..)".to_owned(),
        },
        _ => "..".to_owned(),
    }
}

/// Everything that stands in a `has(..)`.
pub(super) fn guards(expression: &IdedExpr, found: &mut BTreeSet<String>) {
    match &expression.expr {
        Expr::Select(select) => guards(&select.operand, found),
        Expr::Call(call) => {
            if let ("has", [argument]) = (call.func_name.as_str(), call.args.as_slice()) {
                found.insert(text(argument));
            }
            let parts = call
                .target
                .iter()
                .map(|target| target.as_ref())
                .chain(&call.args);
            parts.for_each(|part| guards(part, found));
        }
        Expr::List(list) => list.elements.iter().for_each(|part| guards(part, found)),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    guards(&entry.key, found);
                    guards(&entry.value, found);
                }
            }
        }
        _ => {}
    }
}
