//! The controllers, a module per group and kind.

pub mod core;
pub mod rbac;
