//! `apps.example.com/v1`.

pub mod my_app;
pub mod other;
