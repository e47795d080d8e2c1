//! The group `net.example.com`.

pub mod v1;
