//! The API types of my-shop-2, a module per group, version and kind.
