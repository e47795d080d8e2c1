//! The controllers of the group `own`.

pub mod context;
pub mod deployment;
pub mod option;
pub mod result;
pub mod status;
