//! The controllers of the group `a.b`.

pub mod my_app;
