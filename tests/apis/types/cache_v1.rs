//! `Cache` in two versions with the same fields.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// What is kept.
#[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[kube(
    group = "apps.example.com",
    version = "v1",
    kind = "Cache",
    root = "CacheObject",
    plural = "caches",
    namespaced,
    storage = true,
    deprecated = "use v2",
    shortname = "ca",
    doc = "Something that is kept for a while",
    printcolumn(name = "Seconds", type_ = "integer", json_path = ".spec.seconds")
)]
pub struct CacheSpec {
    /// How long, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub seconds: i32,
}
