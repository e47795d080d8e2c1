//! The group `use.example.com`.

pub mod v1;
