//! `own.example.com/v1`.

pub mod context;
pub mod deployment;
pub mod option;
pub mod result;
pub mod status;
