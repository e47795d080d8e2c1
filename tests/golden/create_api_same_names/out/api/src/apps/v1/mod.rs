//! `apps.example.com/v1`.

pub mod http_route;
pub mod my_app;
