//! What is allowed and still not what its author means, or against Kubernetes' conventions for APIs.

use serde_json::Value;

use super::{Finding, Level, Place, schema};
use crate::problem::Problem;

mod columns;
mod conventions;
mod paths;
mod versions;

pub use versions::stored_version_moved;

/// What a comment can allow, by its id, with what it means. Beside these are the errors of [`super::normalise`], which
/// the API server would not allow either.
pub const LINTS: &[(&str, &str)] = &[
    (
        "boolean",
        "a boolean where an enum leaves room for a third value",
    ),
    (
        "cel-cost",
        "a CEL rule that Kubernetes may refuse because it could take too long",
    ),
    (
        "cel-optional",
        "a CEL rule that reads a field which may be missing, without `has()`",
    ),
    ("cel-syntax", "a CEL rule that is no CEL"),
    (
        "cel-type",
        "a CEL rule that names what is not in the schema",
    ),
    (
        "dead-attribute",
        "an attribute that looks as if it did something, and does not",
    ),
    ("description", "a field without a description"),
    ("field-name", "a name that is not in camelCase"),
    (
        "float",
        "a floating-point number, which not every client reads back equal",
    ),
    (
        "integer-range",
        "an integer type with values that JSON and Kubernetes do not keep",
    ),
    (
        "large",
        "a CRD that is too large for client-side `kubectl apply`",
    ),
    (
        "open-map",
        "a flattened map, whose values Kubernetes cannot check",
    ),
    (
        "open-value",
        "values of more than one type, which Kubernetes cannot check",
    ),
    ("printer-column", "a printer column that is always empty"),
    (
        "required-default",
        "a field that is required and has a default",
    ),
    (
        "scale-path",
        "a path of the scale subresource that is not in the schema",
    ),
    (
        "selectable-field",
        "a selectable field that is not in the schema",
    ),
    (
        "shortened",
        "descriptions that were left out so that `kubectl apply` takes the CRD",
    ),
    (
        "status-subresource",
        "a status without its subresource, or a subresource without a status",
    ),
    (
        "stored-version",
        "another stored version, in which fields of stored objects are lost",
    ),
    (
        "struct-tag",
        "a tag of a struct, which serde writes and the schema does not have",
    ),
    (
        "unchecked-keys",
        "keys of a map that Kubernetes cannot check",
    ),
    (
        "versions-differ",
        "a version with other fields than the stored one, or other checks of them",
    ),
];

/// Whether a comment allows a finding: not what Kubernetes would refuse, whatever its author says.
pub fn can_be_allowed(finding: &Finding) -> bool {
    finding.level != Level::Error || finding.id == "stored-version"
}

/// Looks at a CRD of all versions.
pub fn lint(crd: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (root, version, schema) in schema::versions(crd) {
        findings.extend(columns::lint(&root, version, schema));
        findings.extend(conventions::lint(&root, version, schema));
    }
    findings.extend(versions::lint(crd));
    findings
}

fn finding(id: &'static str, level: Level, place: Place, message: String, help: &str) -> Finding {
    let problem = Problem::new(message).help(help);
    Finding {
        id,
        level,
        place,
        problem,
    }
}

#[cfg(test)]
mod tests;
