//! The group `apps.example.com`.

pub mod v1;
