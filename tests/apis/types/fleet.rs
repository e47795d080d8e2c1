//! `Fleet`: cluster-scoped, scaled by kubectl and an autoscaler, found by its region.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// How many ships there are.
#[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[kube(
    group = "sea.example.com",
    version = "v1alpha1",
    kind = "Fleet",
    plural = "fleets",
    doc = "Ships of a region",
    status = "FleetStatus",
    selectable = ".spec.region",
    scale(
        spec_replicas_path = ".spec.ships",
        status_replicas_path = ".status.ships",
        label_selector_path = ".status.selector"
    )
)]
pub struct FleetSpec {
    /// How many ships sail.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub ships: u32,
    /// Where they sail.
    #[schemars(length(min = 1, max = 63))]
    pub region: String,
}

/// What the operator has seen.
#[derive(KubeSchema, Deserialize, Serialize, Clone, Debug, Default, PartialEq)]
pub struct FleetStatus {
    /// How many ships were seen.
    #[serde(default)]
    pub ships: u32,
    /// Which pods they are.
    #[serde(default)]
    pub selector: String,
}
