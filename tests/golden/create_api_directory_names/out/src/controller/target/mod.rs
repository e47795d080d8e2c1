//! The controllers of the group `target`.

pub mod my_app;
