//! `use.example.com/v1`.

pub mod match_;
pub mod mod_;
pub mod type_;
