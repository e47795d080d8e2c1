//! Kubernetes' conventions for APIs, and schemas that contradict themselves.
//! (community/contributors/devel/sig-architecture/api-conventions.md)

use serde_json::Value;

use super::finding;
use crate::crd::{Finding, Level, Place, Step, schema};

pub(super) fn lint(root: &Place, version: &Value, schema: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(status(root, version, schema));
    schema::walk(root, schema, &mut |place, here| {
        let is_root = place.steps.is_empty();
        let is_metadata = place.steps == [Step::Field("metadata".to_owned())];
        if is_metadata {
            return false;
        }
        findings.extend(required_defaults(place, here));
        if let (Some(Step::Field(name)), false) = (place.steps.last(), is_root) {
            findings.extend(field(place, name, here));
        }
        true
    });
    findings
}

fn field(place: &Place, name: &str, schema: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |id, level, message: String, help: &str| {
        findings.push(finding(id, level, place.clone(), message, help));
    };
    if !is_camel_case(name) {
        let help = "write `#[serde(rename_all = \"camelCase\")]` at its type";
        add(
            "field-name",
            Level::Warning,
            format!("`{name}` is not in camelCase"),
            help,
        );
    }
    if schema::text(schema, "description").trim().is_empty() {
        let help = "write a doc comment: `kubectl explain` shows it";
        add(
            "description",
            Level::Hint,
            "no description".to_owned(),
            help,
        );
    }
    match schema::text(schema, "type") {
        "boolean" => {
            let help = "an enum has room for a third value; a boolean never will";
            add("boolean", Level::Hint, "a boolean".to_owned(), help);
        }
        "number" => {
            let help = "use an integer of a smaller unit, or a `Quantity`";
            add(
                "float",
                Level::Hint,
                "a floating-point number".to_owned(),
                help,
            );
        }
        _ => {}
    }
    findings
}

fn required_defaults(place: &Place, schema: &Value) -> Vec<Finding> {
    let required = schema::list(schema, "required")
        .iter()
        .filter_map(Value::as_str);
    let with_default = required.filter(|name| {
        let field = schema::child(schema, &Step::Field((*name).to_owned()));
        // A key of a list's items may be both, so that clients that know no defaults write it.
        field.is_some_and(|field| field.get("default").is_some())
    });
    let one = |name: &str| {
        let message = "is required and has a default, so it can be left out".to_owned();
        let help = "take one of the two away; `#[serde(default = \"..\")]` alone makes it optional";
        finding(
            "required-default",
            Level::Warning,
            place.field(name),
            message,
            help,
        )
    };
    with_default.map(one).collect()
}

fn status(root: &Place, version: &Value, schema: &Value) -> Option<Finding> {
    let described = schema::child(schema, &Step::Field("status".to_owned())).is_some();
    let subresource = version["subresources"].get("status").is_some();
    let free = schema["x-kubernetes-preserve-unknown-fields"] == Value::Bool(true);
    let (message, help) = match (described, subresource) {
        (true, false) => (
            "a status without the status subresource: whoever may write the spec may write it too",
            "write `status = \"..\"` in `#[kube(..)]`",
        ),
        (false, true) if !free => (
            "a status subresource without a status in the schema: Kubernetes drops whatever is written",
            "describe the status, or take the subresource away",
        ),
        _ => return None,
    };
    let place = root.field("status");
    Some(finding(
        "status-subresource",
        Level::Warning,
        place,
        message.to_owned(),
        help,
    ))
}

fn is_camel_case(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_alphanumeric())
}
