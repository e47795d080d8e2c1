//! The controllers of the group `use`.

pub mod match_;
pub mod mod_;
pub mod type_;
