//! The group `navy.example.com`.

pub mod v1;
