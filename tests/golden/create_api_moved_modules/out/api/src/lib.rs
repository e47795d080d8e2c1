//! The API types of myapp, a module per group, version and kind.

pub mod apps;
pub mod cache;
