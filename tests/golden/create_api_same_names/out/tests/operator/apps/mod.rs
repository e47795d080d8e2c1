//! The group `apps` on a real API server.

mod http_route;
mod my_app;
