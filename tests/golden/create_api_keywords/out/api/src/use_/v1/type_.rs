//! `Type`: one container image that the operator keeps running.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// What runs.
#[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[kube(
    group = "use.example.com",
    version = "v1",
    kind = "Type",
    plural = "types",
    namespaced,
    doc = "One container image that the operator keeps running",
    status = "TypeStatus",
    derive = "PartialEq",
    validation = Rule::new("size(self.metadata.name) <= 63")
        .message("the name is also a label and has at most 63 characters"),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".spec.replicas"),
    printcolumn(name = "Available", type_ = "integer", json_path = ".status.availableReplicas"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct TypeSpec {
    /// How many pods run.
    #[serde(default = "default_replicas")]
    #[schemars(range(min = 0, max = 1000), example = 2)]
    pub replicas: i32,
    /// The image of the container, e.g. `nginxinc/nginx-unprivileged:1.29`.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^\S+$"))]
    pub image: String,
}

fn default_replicas() -> i32 {
    1
}

/// What the operator has seen.
#[derive(KubeSchema, Deserialize, Serialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TypeStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How many pods have been ready for long enough to serve.
    #[serde(default)]
    pub available_replicas: i32,
    /// `Available` and `Progressing` as the Deployment reports them; `Stalled` while something is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
