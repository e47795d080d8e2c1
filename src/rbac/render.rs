//! Writes roles as YAML, laid out as controller-gen does.

use serde::Serialize;

use super::{Account, Granted, Role};

const API_VERSION: &str = "rbac.authorization.k8s.io/v1";

/// One YAML document for each role, each behind a line `---`, with the reasons for each rule above it. A header is the
/// caller's to add.
#[must_use]
pub fn render(roles: &[Role]) -> String {
    roles
        .iter()
        .map(|role| format!("---\n{}", document(role)))
        .collect()
}

/// The bindings of an account to roles, each with its role's name, laid out as [`render`] does.
pub fn render_bindings<'a>(roles: impl IntoIterator<Item = &'a Role>, account: &Account) -> String {
    roles
        .into_iter()
        .map(|role| format!("---\n{}", binding(role, account)))
        .collect()
}

fn document(role: &Role) -> String {
    let head = yaml(&Document {
        api_version: API_VERSION,
        kind: kind(role),
        metadata: metadata(role),
    });
    let rules: String = role.rules.iter().map(item).collect();
    format!("{head}rules:\n{rules}")
}

/// A rule as an item of a list, below the reasons for it.
fn item(rule: &Granted) -> String {
    let reasons = rule.reasons.iter().map(|reason| format!("# {reason}\n"));
    let reasons: String = reasons.collect();
    reasons + &yaml(&[&rule.policy])
}

fn binding(role: &Role, account: &Account) -> String {
    yaml(&Binding {
        api_version: API_VERSION,
        kind: format!("{}Binding", kind(role)),
        metadata: metadata(role),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io",
            kind: kind(role),
            name: &role.name,
        },
        subjects: [Subject {
            kind: "ServiceAccount",
            name: &account.name,
            namespace: &account.namespace,
        }],
    })
}

fn kind(role: &Role) -> &'static str {
    if role.namespace.is_some() {
        "Role"
    } else {
        "ClusterRole"
    }
}

fn metadata(role: &Role) -> Metadata<'_> {
    Metadata {
        name: &role.name,
        namespace: role.namespace.as_deref(),
    }
}

fn yaml(document: &impl Serialize) -> String {
    // Long names must stay on their line; the defaults for lists and quotes are those of Kubernetes' own YAML.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options)
        .expect("strings and lists of strings are always YAML")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Binding<'a> {
    api_version: &'a str,
    kind: String,
    metadata: Metadata<'a>,
    role_ref: RoleRef<'a>,
    subjects: [Subject<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleRef<'a> {
    api_group: &'a str,
    kind: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Subject<'a> {
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
}
