//! The group `apps` on a real API server.

mod backup;
mod my_app;
mod zone;
