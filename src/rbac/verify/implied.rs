//! Permissions that no recording can show: they are checked within a request for something else, or on occasions that
//! a test cannot make.

use super::grant::Grant;
use crate::rbac::usage::Target;

/// Verbs that are no request's own.
const WITHIN: &[(&str, &str)] = &[
    ("approve", "checked within the approval of a certificate"),
    ("attest", "checked within a request for a certificate"),
    ("bind", "checked within the making of a binding"),
    ("escalate", "checked within a change of a role"),
    (
        "impersonate",
        "checked before a request that is made in another's name",
    ),
    (
        "request-serviceaccounts-token-audience",
        "checked within a node's request for a token",
    ),
    ("sign", "checked within the signing of a certificate"),
    (
        "unsafe-delete-ignore-read-errors",
        "checked within the deletion of an object that cannot be read",
    ),
    ("use", "checked within the making of what uses it"),
];

/// Why a grant that no request used may be needed all the same; `None` if nothing speaks for it. `is_used` tells whether
/// a verb on a resource was used.
pub(super) fn reason(
    grant: &Grant,
    is_used: &dyn Fn(&str, &str, &str) -> bool,
) -> Option<&'static str> {
    let Target::Resource { group, resource } = &grant.target else {
        return None;
    };
    let verb = grant.verb.as_str();
    let within = WITHIN.iter().find(|(known, _)| *known == verb);
    if let Some((_, reason)) = within {
        return Some(reason);
    }
    if verb.starts_with("impersonate") {
        return Some("checked before a request that is made in another's name");
    }
    let event = matches!(group.as_str(), "" | "events.k8s.io") && resource == "events";
    if event && verb == "patch" && is_used("create", group, "events") {
        return Some("the second Event of a series is a patch");
    }
    if resource.ends_with("/finalizers") && verb == "update" {
        return Some("checked within the making of what blocks the deletion of its owner");
    }
    let lease = group == "coordination.k8s.io" && resource == "leases";
    if lease && verb == "create" && is_used("update", group, "leases") {
        return Some("the lease was there already, and is made on the first start");
    }
    const ROLES: [&str; 2] = ["clusterroles", "roles"];
    let rbac = "rbac.authorization.k8s.io";
    let writes = |verb: &str| ROLES.iter().any(|role| is_used(verb, rbac, role));
    if group != rbac && ["create", "update", "patch"].into_iter().any(writes) {
        return Some("who writes roles must have what the roles allow");
    }
    None
}
