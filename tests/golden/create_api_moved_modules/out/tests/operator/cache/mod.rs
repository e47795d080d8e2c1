//! The group `cache` on a real API server.

mod memcached;
