//! The controllers of the group `tests`.

pub mod my_app;
