//! The group `target` on a real API server.

mod my_app;
