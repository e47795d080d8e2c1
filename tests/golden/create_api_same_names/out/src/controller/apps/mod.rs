//! The controllers of the group `apps`.

pub mod http_route;
pub mod my_app;
