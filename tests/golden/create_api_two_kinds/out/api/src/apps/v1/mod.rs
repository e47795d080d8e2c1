//! `apps.example.com/v1`.

pub mod backup;
pub mod my_app;
pub mod zone;
