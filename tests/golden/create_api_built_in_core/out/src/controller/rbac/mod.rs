//! The controllers of the group `rbac.authorization.k8s.io`.

pub mod cluster_role;
