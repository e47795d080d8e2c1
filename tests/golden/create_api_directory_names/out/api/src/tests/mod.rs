//! The group `tests.example.com`.

pub mod v1;
