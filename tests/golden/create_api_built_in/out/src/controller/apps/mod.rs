//! The controllers of the group `apps`.

pub mod deployment;
