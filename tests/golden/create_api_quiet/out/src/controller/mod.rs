//! The controllers, a module per group and kind.

pub mod apps;
