//! `navy.example.com/v1`.

pub mod admiral;
