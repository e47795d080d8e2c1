//! Controllers of mine.

pub mod apps;
pub mod cache;
