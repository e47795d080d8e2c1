//! The group `rbac.authorization.k8s.io` on a real API server.

mod cluster_role;
