//! The controllers of the group `apps`.

pub mod backup;
pub mod zone;
