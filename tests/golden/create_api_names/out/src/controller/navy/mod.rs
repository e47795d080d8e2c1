//! The controllers of the group `navy`.

pub mod admiral;
