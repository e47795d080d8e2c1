//! What every authenticated client may do: Kubernetes' own roles `system:basic-user`, `system:discovery` and
//! `system:public-info-viewer` (k8s.io/kubernetes, `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).

use crate::rbac::usage::{Request, Target};

/// Resources that are created to ask about oneself.
const OWN_REVIEWS: &[(&str, &str)] = &[
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
];

/// Paths that tell what a server is and has. Those with a slash at the end have all below them.
const PUBLIC: &[&str] = &[
    "/api",
    "/api/",
    "/apis",
    "/apis/",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/",
    "/readyz",
    "/version",
];

/// Whether a verb of a request needs no role of the operator's own.
pub(super) fn may(verb: &str, request: &Request) -> bool {
    match &request.target {
        Target::Resource { group, resource } => {
            verb == "create" && OWN_REVIEWS.contains(&(group.as_str(), resource.as_str()))
        }
        Target::Url(path) => {
            let is = |public: &&str| {
                path == *public || (public.ends_with('/') && path.starts_with(*public))
            };
            verb == "get" && (PUBLIC.iter().any(is) || path == "/version/")
        }
    }
}
