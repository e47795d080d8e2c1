//! The group `use` on a real API server.

mod match_;
mod mod_;
mod type_;
