//! The controllers of the group `apps`.

pub mod deployment;
pub mod my_app;
