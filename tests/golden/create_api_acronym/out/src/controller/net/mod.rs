//! The controllers of the group `net`.

pub mod http_route;
