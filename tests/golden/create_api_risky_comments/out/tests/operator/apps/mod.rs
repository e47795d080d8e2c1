//! The group `apps` on a real API server.

mod my_app;
mod other;
