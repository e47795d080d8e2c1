//! `net.example.com/v1`.

pub mod http_route;
