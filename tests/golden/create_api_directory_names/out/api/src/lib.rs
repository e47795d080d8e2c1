//! The API types of myapp, a module per group, version and kind.

pub mod target;
pub mod tests;
pub mod vendor;
