//! The controllers of the group `apps`.

pub mod my_app;
pub mod other;
