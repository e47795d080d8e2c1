//! The controllers of the group `apps`.

pub mod backup;
pub mod my_app;
pub mod zone;
