//! The API types of my-shop, a module per group, version and kind.
