//! `kube.example.com/v1`.

pub mod self_;
