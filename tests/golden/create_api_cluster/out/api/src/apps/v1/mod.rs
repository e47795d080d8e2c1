//! `apps.example.com/v1`.

pub mod fleet;
