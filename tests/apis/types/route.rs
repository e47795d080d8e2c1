//! `Route`: unions, as an enum and as fields of which one is set.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::EnvVar, apimachinery::pkg::util::intstr::IntOrString};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where requests go.
#[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[kube(
    group = "net.example.com",
    version = "v1beta1",
    kind = "Route",
    plural = "routes",
    namespaced,
    doc = "Where requests go"
)]
#[serde(rename_all = "camelCase")]
pub struct RouteSpec {
    /// What answers.
    pub backend: Backend,
    /// How a request is matched; exactly one of its fields is set.
    pub matches: Match,
    /// Headers that are added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Ports that are listened on, each under its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub ports: Vec<Port>,
    /// Variables of the proxy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
}

/// One of several things that can answer.
#[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum Backend {
    /// A Service.
    Service(ServiceBackend),
    /// A fixed answer.
    Status {
        /// The HTTP status.
        #[schemars(range(min = 100, max = 599))]
        code: u16,
    },
}

/// A Service.
#[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
pub struct ServiceBackend {
    /// Its name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Its port, by number or name.
    pub port: IntOrString,
}

/// How a request is matched.
#[derive(KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.prefix) != has(self.exact)")
    .message("exactly one of prefix and exact is set"))]
pub struct Match {
    /// The beginning of the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), example = "/")]
    pub prefix: Option<String>,
    /// The whole path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub exact: Option<String>,
}

/// A port that is listened on.
#[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
pub struct Port {
    /// Its name.
    #[schemars(length(min = 1, max = 15))]
    pub name: String,
    /// Its number.
    #[schemars(range(min = 1))]
    pub port: u16,
}
