//! The group `a.b` on a real API server.

mod my_app;
