//! `cache.example.com/v1`.

pub mod memcached;
