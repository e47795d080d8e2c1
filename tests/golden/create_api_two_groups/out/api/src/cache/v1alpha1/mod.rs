//! `cache.example.com/v1alpha1`.

pub mod memcached;
