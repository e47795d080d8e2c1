//! The group `apps.example.com`.

pub mod v1;
pub mod v2;
