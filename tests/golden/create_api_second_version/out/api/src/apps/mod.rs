//! The group `apps.example.com`.

pub mod v1;
pub mod v1beta1;
pub mod v2;
