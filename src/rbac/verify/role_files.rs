//! Roles as YAML, of a project, a rendered chart or a cluster: what they grant, and to whom.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::Value;

use super::grant::{Grant, Scope, Source, grants};
use crate::{
    problem::{Problem, Problems},
    rbac::{Account, PolicyRule},
};

/// The roles and bindings of some files.
#[derive(Debug, Default)]
pub struct RoleFiles {
    roles: Vec<FoundRole>,
    bindings: Vec<Binding>,
    /// What should be said of the files.
    pub notes: Vec<String>,
}

#[derive(Debug)]
struct FoundRole {
    path: Utf8PathBuf,
    kind: String,
    name: String,
    namespace: Option<String>,
    rules: Vec<PolicyRule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    #[serde(default)]
    metadata: Metadata,
    role_ref: RoleRef,
    #[serde(default)]
    subjects: Vec<Subject>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Subject {
    kind: String,
    name: String,
    namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    rules: Option<Vec<PolicyRule>>,
    aggregation_rule: Option<Value>,
}

impl RoleFiles {
    /// Adds the documents of a file.
    ///
    /// # Errors
    /// Roles that cannot be read, or whose rules are made in the cluster.
    pub fn add(&mut self, path: &Utf8Path, documents: Vec<Value>) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let mut strangers = 0;
        for document in documents.into_iter().flat_map(items) {
            if document.is_null() {
                continue;
            }
            let kind = document["kind"].as_str().unwrap_or_default().to_owned();
            match kind.as_str() {
                "Role" | "ClusterRole" => {
                    let role = problems.check(role(path, &kind, document));
                    self.roles.extend(role);
                }
                "RoleBinding" | "ClusterRoleBinding" => {
                    let mut binding: Option<Binding> = problems.check(read(path, &kind, document));
                    if let (Some(binding), "ClusterRoleBinding") = (&mut binding, kind.as_str()) {
                        binding.metadata.namespace = None;
                    }
                    self.bindings.extend(binding);
                }
                _ => strangers += 1,
            }
        }
        if strangers > 0 {
            let noun = if strangers == 1 {
                "document is"
            } else {
                "documents are"
            };
            let note =
                format!("{strangers} {noun} no role and no binding in `{path}`, and left out");
            self.notes.push(note);
        }
        problems.into_result()
    }

    /// Whether no role was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// The service accounts that something is bound to, each once.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let subjects = self.bindings.iter().flat_map(|binding| &binding.subjects);
        let subjects = subjects.filter(|subject| subject.kind == "ServiceAccount");
        let names: BTreeSet<_> = subjects
            .map(|subject| {
                (
                    subject.namespace.clone().unwrap_or_default(),
                    subject.name.clone(),
                )
            })
            .collect();
        let account = |(namespace, name)| Account { name, namespace };
        names.into_iter().map(account).collect()
    }

    /// What is granted: to an account, through bindings where the files have any; else by every role of the files.
    ///
    /// # Errors
    /// No role at all, and a Role of which nobody knows the namespace.
    pub fn grants(&mut self, account: Option<&Account>) -> Result<Vec<Grant>, Problems> {
        if self.is_empty() {
            let problem = Problem::new("no Role and no ClusterRole in the files with roles")
                .help("name files with the operator's roles: `--role FILE`");
            return Err(problem.into());
        }
        match account.filter(|_| !self.bindings.is_empty()) {
            Some(account) => Ok(self.bound(account)),
            None => self.all(account),
        }
    }

    fn bound(&mut self, account: &Account) -> Vec<Grant> {
        let mut all = Vec::new();
        let mut taken = BTreeSet::new();
        for binding in self
            .bindings
            .iter()
            .filter(|binding| binding.is_of(account))
        {
            let scope = match &binding.metadata.namespace {
                Some(namespace) => Scope::Namespace(namespace.clone()),
                None => Scope::Cluster,
            };
            let of_binding = |role: &&FoundRole| {
                let here =
                    role.kind == "ClusterRole" || role.namespace == binding.metadata.namespace;
                role.kind == binding.role_ref.kind && role.name == binding.role_ref.name && here
            };
            match self.roles.iter().position(|role| of_binding(&role)) {
                Some(index) => {
                    taken.insert(index);
                    all.extend(self.roles[index].grants(&scope));
                }
                None => {
                    let (kind, name) = (&binding.role_ref.kind, &binding.role_ref.name);
                    let binding = &binding.metadata.name;
                    self.notes.push(format!(
                        "{kind} `{name}`, which `{binding}` binds, is in none of the files"
                    ));
                }
            }
        }
        let unbound = self.roles.iter().enumerate();
        let unbound = unbound.filter(|(index, _)| !taken.contains(index));
        let names: Vec<_> = unbound
            .map(|(_, role)| format!("{} `{}`", role.kind, role.name))
            .collect();
        if !names.is_empty() {
            let Account { name, namespace } = account;
            let names = names.join(", ");
            self.notes.push(format!(
                "not bound to `{namespace}/{name}`, and left out: {names}"
            ));
        }
        all
    }

    fn all(&self, account: Option<&Account>) -> Result<Vec<Grant>, Problems> {
        let mut problems = Problems::default();
        let mut all = Vec::new();
        for role in &self.roles {
            let namespace = role
                .namespace
                .as_ref()
                .or(account.map(|account| &account.namespace));
            let scope = match (role.kind.as_str(), namespace) {
                ("ClusterRole", _) => Ok(Scope::Cluster),
                (_, Some(namespace)) => Ok(Scope::Namespace(namespace.clone())),
                (_, None) => Err(Problem::new(format!(
                    "Role `{}` in `{}` has no namespace",
                    role.name, role.path
                ))
                .help("name the operator's account: `--account NAMESPACE/NAME`")),
            };
            if let Some(scope) = problems.check(scope) {
                all.extend(role.grants(&scope));
            }
        }
        problems.into_result().map(|()| all)
    }
}

impl FoundRole {
    fn grants(&self, scope: &Scope) -> Vec<Grant> {
        let source = Source {
            path: self.path.clone(),
            line: None,
            column: None,
            role: Some(self.name.clone()),
        };
        self.rules
            .iter()
            .flat_map(|rule| grants(rule, scope, &source))
            .collect()
    }
}

impl Binding {
    fn is_of(&self, account: &Account) -> bool {
        self.subjects.iter().any(|subject| {
            let namespace = subject
                .namespace
                .as_ref()
                .or(self.metadata.namespace.as_ref());
            subject.kind == "ServiceAccount"
                && subject.name == account.name
                && namespace == Some(&account.namespace)
        })
    }
}

/// The documents of a `List`, or the document.
fn items(mut document: Value) -> Vec<Value> {
    let is_list = document["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"));
    match document
        .get_mut("items")
        .filter(|_| is_list)
        .map(Value::take)
    {
        Some(Value::Array(items)) => items,
        _ => vec![document],
    }
}

fn role(path: &Utf8Path, kind: &str, mut document: Value) -> Result<FoundRole, Problem> {
    // To Kubernetes, a list that is null is empty.
    let rules = document
        .get_mut("rules")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    for rule in rules.filter_map(Value::as_object_mut) {
        rule.retain(|_, list| !list.is_null());
    }
    let Role {
        metadata,
        rules,
        aggregation_rule,
    } = read(path, kind, document)?;
    let rules = rules.unwrap_or_default();
    if aggregation_rule.is_some() && rules.is_empty() {
        let name = &metadata.name;
        let message = format!(
            "{kind} `{name}` in `{path}` is an aggregate, whose rules are made in the cluster"
        );
        let help =
            format!("give it as the cluster has it: `kubectl get clusterrole {name} -o yaml`");
        return Err(Problem::new(message).help(help));
    }
    Ok(FoundRole {
        path: path.to_owned(),
        kind: kind.to_owned(),
        name: metadata.name,
        namespace: metadata.namespace.filter(|_| kind == "Role"),
        rules,
    })
}

fn read<T: serde::de::DeserializeOwned>(
    path: &Utf8Path,
    kind: &str,
    document: Value,
) -> Result<T, Problem> {
    serde_json::from_value(document).map_err(|error| {
        Problem::new(format!("failed to read a {kind} in `{path}`: {error}")).help("mend the file")
    })
}
