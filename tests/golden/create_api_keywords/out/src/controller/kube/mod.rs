//! The controllers of the group `kube`.

pub mod self_;
