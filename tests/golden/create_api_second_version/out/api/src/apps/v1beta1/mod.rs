//! `apps.example.com/v1beta1`.

pub mod my_app;
