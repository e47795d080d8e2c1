//! The controllers, a module per group and kind.

pub mod target;
pub mod tests;
pub mod vendor;
