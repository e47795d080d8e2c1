//! The group `own` on a real API server.

mod context;
mod deployment;
mod option;
mod result;
mod status;
