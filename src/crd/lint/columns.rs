//! Printer columns, scale and selectable fields: paths into the schema that nothing checks, or the API server alone.

use serde_json::Value;

use super::{
    finding,
    paths::{Found, follow, place},
};
use crate::{
    crd::{Finding, Level, Place, schema},
    problem::did_you_mean,
};

pub(super) fn lint(root: &Place, version: &Value, schema: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |id, level, path: &str, what: &str, reason: Option<(String, String)>| {
        if let Some((reason, help)) = reason {
            let message = format!("{what} (`{path}`) {reason}");
            findings.push(finding(id, level, place(root, path), message, &help));
        }
    };
    for column in schema::list(version, "additionalPrinterColumns") {
        let (name, path) = (
            schema::text(column, "name"),
            schema::text(column, "jsonPath"),
        );
        let what = format!("the printer column `{name}`");
        let reason = misfit(schema, path, |ty| {
            column_shows(schema::text(column, "type"), ty)
        });
        wrong("printer-column", Level::Warning, path, &what, reason);
    }
    for field in schema::list(version, "selectableFields") {
        let path = schema::text(field, "jsonPath");
        let selectable = |ty: &str| match ty {
            "string" | "boolean" | "integer" => Ok(()),
            _ => Err("strings, booleans and integers are selectable".to_owned()),
        };
        let reason = misfit(schema, path, selectable);
        wrong(
            "selectable-field",
            Level::Error,
            path,
            "the selectable field",
            reason,
        );
    }
    let scale = &version["subresources"]["scale"];
    for (key, below, types) in [
        ("specReplicasPath", ".spec.", "integer"),
        ("statusReplicasPath", ".status.", "integer"),
        ("labelSelectorPath", ".status.", "string"),
    ] {
        let Some(path) = scale.get(key).and_then(Value::as_str) else {
            continue;
        };
        let outside =
            !path.starts_with(below) && (key != "labelSelectorPath" || !path.starts_with(".spec."));
        let reason = if outside {
            let help = format!("name a field below `{}`", &below[..below.len() - 1]);
            Some(("is not where Kubernetes looks for it".to_owned(), help))
        } else {
            let fits = |ty: &str| {
                (ty == types)
                    .then_some(())
                    .ok_or(format!("it must be of type {types}"))
            };
            misfit(schema, path, fits)
        };
        wrong(
            "scale-path",
            Level::Error,
            path,
            &format!("the scale subresource's `{key}`"),
            reason,
        );
    }
    findings
}

/// Why a path does not lead to a field that fits, and what to do.
fn misfit(
    schema: &Value,
    path: &str,
    fits: impl Fn(&str) -> Result<(), String>,
) -> Option<(String, String)> {
    let ty = match follow(schema, path) {
        Found::Free => return None,
        Found::NoPath => {
            let help = "write a path such as `.spec.replicas`, or `.status.conditions[?(@.type==\"Ready\")].status`";
            return Some((
                "is no path that Kubernetes reads".to_owned(),
                help.to_owned(),
            ));
        }
        Found::Nothing { name, known } => {
            let help = match did_you_mean(&name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if known.is_empty() => "it has no fields there".to_owned(),
                None => format!("it has {}", list(&known)),
            };
            return Some((format!("has no field `{name}` in the schema"), help));
        }
        Found::Metadata(ty) => ty,
        Found::Schema(found) if found["x-kubernetes-int-or-string"] == Value::Bool(true) => {
            "int-or-string"
        }
        Found::Schema(found) => {
            match (schema::text(found, "type"), schema::text(found, "format")) {
                ("string", "date-time" | "date" | "datetime") => "date",
                (ty, _) => ty,
            }
        }
    };
    let ty = if ty == "date" && fits("date").is_err() {
        "string"
    } else {
        ty
    };
    fits(ty)
        .err()
        .map(|help| (format!("is of type {ty} in the schema"), help))
}

/// Whether a column shows values of a type (`cellForJSONValue` of apiextensions-apiserver): any as a string.
fn column_shows(column: &str, ty: &str) -> Result<(), String> {
    let shows = match column {
        "integer" => matches!(ty, "integer" | "number" | "int-or-string"),
        "number" => matches!(ty, "integer" | "number"),
        "boolean" => ty == "boolean",
        "date" => matches!(ty, "date" | "string"),
        _ => true,
    };
    let meant = match ty {
        "integer" | "number" | "boolean" | "date" => ty,
        _ => "string",
    };
    shows
        .then_some(())
        .ok_or_else(|| format!("write `type_ = \"{meant}\"`"))
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names
        .iter()
        .take(8)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > 8 { ", …" } else { "" };
    format!("{}{more}", quoted.join(", "))
}
