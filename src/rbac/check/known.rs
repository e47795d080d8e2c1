//! What Kubernetes itself knows: verbs, and the resources of its own API groups.

use crate::builtin;

/// The verbs that mean something for resources. Several belong to one resource only, such as `sign` to `signers`.
pub(in crate::rbac) const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "*",
    "approve",
    "attest",
    "bind",
    "escalate",
    "impersonate",
    "proxy",
    "request-serviceaccounts-token-audience",
    "sign",
    "unsafe-delete-ignore-read-errors",
    "use",
];

/// The verbs that mean something for URLs: HTTP's methods in lower case.
pub(super) const HTTP_VERBS: &[&str] = &[
    "get", "head", "post", "put", "patch", "delete", "options", "*",
];

/// The subresources of Kubernetes' own resources, and those that rules know beside them.
pub(super) const SUBRESOURCES: &[&str] = &[
    "approval",
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "finalizers",
    "log",
    "portforward",
    "proxy",
    "resize",
    "scale",
    "status",
    "token",
];

/// Group and resource of what is no kind in `k8s_openapi`: served without being stored, or known to rules alone.
///
/// The core group stands first: it is what people mean by `users`, which constrained impersonation moved elsewhere.
const MORE: &[(&str, &str)] = &[
    ("core", "bindings"),
    ("core", "groups"),
    ("core", "users"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("apiregistration.k8s.io", "apiservices"),
    ("authentication.k8s.io", "groups"),
    ("authentication.k8s.io", "nodes"),
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authentication.k8s.io", "serviceaccounts"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authentication.k8s.io", "uids"),
    ("authentication.k8s.io", "userextras"),
    ("authentication.k8s.io", "users"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
    ("certificates.k8s.io", "signers"),
];

/// Group and plural of everything that is Kubernetes' own; the core group is `core`.
pub(super) fn resources() -> impl Iterator<Item = (&'static str, &'static str)> {
    builtin::all()
        .map(|known| (known.group, known.plural))
        .chain(MORE.iter().copied())
}

/// The plurals of one group; none if the group is somebody else's.
pub(super) fn resources_of(group: &str) -> Vec<&'static str> {
    resources()
        .filter(|(known, _)| *known == group)
        .map(|(_, plural)| plural)
        .collect()
}
