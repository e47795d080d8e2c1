//! The group `navy` on a real API server.

mod admiral;
