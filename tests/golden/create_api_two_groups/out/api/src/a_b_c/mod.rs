//! The group `a.b-c.example.com`.

pub mod v1;
