//! The controllers of the group `core`.

pub mod pod;
