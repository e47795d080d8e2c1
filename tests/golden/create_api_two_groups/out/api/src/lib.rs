//! The API types of myapp, a module per group, version and kind.

pub mod a_b_c;
pub mod apps;
pub mod cache;
