//! The API types of sub, a module per group, version and kind.
