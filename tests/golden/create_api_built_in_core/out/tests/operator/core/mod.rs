//! The group `core` on a real API server.

mod pod;
