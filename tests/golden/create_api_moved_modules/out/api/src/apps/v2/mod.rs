//! `apps.example.com/v2`.

pub mod my_app;
