//! The group `cache.example.com`.

pub mod v1;
