//! The API types of new, a module per group, version and kind.

pub mod apps;
