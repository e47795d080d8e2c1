//! The group `a.b-c` on a real API server.

mod my_app;
