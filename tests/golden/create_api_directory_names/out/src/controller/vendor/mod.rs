//! The controllers of the group `vendor`.

pub mod my_app;
