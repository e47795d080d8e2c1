//! The controllers, a module per group and kind.

pub mod kube;
pub mod use_;
