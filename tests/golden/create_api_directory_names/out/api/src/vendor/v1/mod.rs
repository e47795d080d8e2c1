//! `vendor.example.com/v1`.

pub mod my_app;
