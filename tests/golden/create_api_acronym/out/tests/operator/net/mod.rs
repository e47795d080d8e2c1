//! The group `net` on a real API server.

mod http_route;
