//! The group `vendor.example.com`.

pub mod v1;
