//! The controllers, a module per group and kind.

pub mod a_b;
pub mod apps;
