//! The group `tests` on a real API server.

mod my_app;
