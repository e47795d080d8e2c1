//! The group `own.example.com`.

pub mod v1;
