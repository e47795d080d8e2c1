//! The group `target.example.com`.

pub mod v1;
