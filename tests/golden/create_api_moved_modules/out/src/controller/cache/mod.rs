//! The controllers of the group `cache`.

pub mod memcached;
