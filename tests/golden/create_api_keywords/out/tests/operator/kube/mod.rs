//! The group `kube` on a real API server.

mod self_;
