//! The group `a.b.example.com`.

pub mod v1;
