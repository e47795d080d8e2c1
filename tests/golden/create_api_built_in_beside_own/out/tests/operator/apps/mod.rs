//! The group `apps` on a real API server.

mod deployment;
mod my_app;
