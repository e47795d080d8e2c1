//! The myapp operator: a library, so that tests can use what `main` runs.

pub mod controller;
pub mod controllers;
