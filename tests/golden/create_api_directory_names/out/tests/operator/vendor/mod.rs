//! The group `vendor` on a real API server.

mod my_app;
