//! The controllers, a module per group and kind.

pub mod a_b_c;
pub mod apps;
pub mod cache;
