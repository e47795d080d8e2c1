//! Types of mine.
#![warn(missing_docs)]

/// Of the apps.
#[allow(clippy::all)]
pub mod apps; // mine
// pub mod cache;
pub mod util {
    pub mod cache {}
}
pub mod cache;
pub(crate) mod zebra;
