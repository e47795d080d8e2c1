//! The controllers of the group `a.b-c`.

pub mod my_app;
