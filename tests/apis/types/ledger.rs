//! `Ledger`: storage that may grow, on a class that stays.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// What is stored where.
#[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[kube(
    group = "apps.example.com",
    version = "v1",
    kind = "Ledger",
    plural = "ledgers",
    namespaced,
    doc = "Storage that may grow, on a class that stays"
)]
#[x_kube(validation = Rule::new("!has(oldSelf.backupClass) || has(self.backupClass)")
    .message("backupClass cannot be taken away"))]
#[serde(rename_all = "camelCase")]
pub struct LedgerSpec {
    /// How much is asked for, in bytes.
    #[schemars(range(min = 1))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("storage cannot shrink"))]
    pub storage_request_bytes: i64,
    /// Where it is stored.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("the class is immutable"))]
    pub storage_class: String,
    /// Where backups go; once set it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub backup_class: Option<String>,
}
