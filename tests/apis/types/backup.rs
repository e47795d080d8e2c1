//! `Backup`: a pod that runs on a schedule, as a CronJob does.

use k8s_openapi::{
    api::core::v1::PodTemplateSpec,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When and what runs.
#[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[kube(
    group = "apps.example.com",
    version = "v1",
    kind = "Backup",
    plural = "backups",
    namespaced,
    shortname = "bk",
    category = "all",
    doc = "A pod that runs on a schedule",
    status = "BackupStatus",
    derive = "PartialEq",
    printcolumn(name = "Schedule", type_ = "string", json_path = ".spec.schedule"),
    printcolumn(name = "Last", type_ = "date", json_path = ".status.lastScheduleTime"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// When it runs, in the five fields of cron.
    #[schemars(
        regex(pattern = r"^(\S+ ){4}\S+$"),
        length(max = 64),
        example = "0 3 * * *"
    )]
    pub schedule: String,
    /// What happens when the last run has not ended.
    #[serde(default)]
    pub concurrency_policy: ConcurrencyPolicy,
    /// Whether further runs wait.
    // +opgen:allow:boolean because CronJob has it, too
    #[serde(default)]
    pub suspend: bool,
    /// How late a run may begin, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub starting_deadline_seconds: Option<i64>,
    /// What is done with a volume of a run that is over; nothing, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaim: Option<Reclaim>,
    /// How many runs are kept.
    #[serde(default = "default_history")]
    pub history: u8,
    /// What each run is made from.
    pub template: PodTemplateSpec,
}

fn default_history() -> u8 {
    3
}

/// What happens when the last run has not ended.
#[derive(JsonSchema, Deserialize, Serialize, Clone, Copy, Debug, Default, PartialEq)]
pub enum ConcurrencyPolicy {
    /// Both run.
    Allow,
    /// The next one is left out.
    #[default]
    Forbid,
    /// The last one is ended.
    Replace,
}

/// What is done with a volume.
#[derive(JsonSchema, Deserialize, Serialize, Clone, Copy, Debug, PartialEq)]
pub enum Reclaim {
    Keep,
    Delete,
}

/// What the operator has seen.
#[derive(KubeSchema, Deserialize, Serialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BackupStatus {
    /// When the last run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_schedule_time: Option<Time>,
    /// What holds now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
