//! The group `kube.example.com`.

pub mod v1;
