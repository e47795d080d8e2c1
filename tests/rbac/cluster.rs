//! A real API server with a generated operator's roles, of which one permission can be taken away.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
};
use opgen_runtime::envtest::{Environment, eventually};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const OBJECT: &str = "a";

pub struct Cluster {
    environment: Environment,
    directory: PathBuf,
    name: String,
    objects: Api<DynamicObject>,
    deployments: Api<Deployment>,
    /// The token of an account that may read metrics.
    reader: String,
}

/// A role as it was.
pub struct Taken {
    role: DynamicObject,
    api: Api<DynamicObject>,
    verb: String,
    resource: String,
}

impl Cluster {
    pub async fn start(directory: &Path, name: &str) -> Self {
        let environment = Environment::start().await.unwrap();
        environment
            .apply_kustomization(directory.join("config/default"))
            .await
            .unwrap();
        let role = format!("--clusterrole={name}-metrics-reader");
        let account = "--serviceaccount=monitoring:reader";
        let bind = ["create", "clusterrolebinding", "reader", &role, account];
        environment.kubectl(&bind).await.unwrap();
        let client = environment.client();
        let kind = api_resource("apps.example.com", "v1", "MyApp", "myapps");
        Self {
            objects: Api::namespaced_with(client.clone(), "default", &kind),
            deployments: Api::namespaced(client, "default"),
            reader: environment.token("monitoring", "reader").await.unwrap(),
            environment,
            directory: directory.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Has the operator do all that it can, recorded, until it is through with everything or refused what is named.
    pub async fn record(&self, recording: &Path, refused: Option<&str>) {
        let target = std::env::var("OPGEN_SCAFFOLD_TARGET");
        let target = target.unwrap_or_else(|_| {
            concat!(env!("CARGO_MANIFEST_DIR"), "/target/scaffolds").to_owned()
        });
        let program = Path::new(&target).join("debug").join(&self.name);
        let file = format!("--rbac-recording={}", recording.display());
        let (namespace, account) = (
            self.namespace(),
            format!("{}-controller-manager", self.name),
        );
        let operator = self
            .environment
            .operator(program, &namespace, &account, &["--leader-elect", &file])
            .await
            .unwrap();
        let what = refused.unwrap_or("everything is used");
        let mut reports = 0;
        eventually(what, LIMIT, async || {
            let lines = lines(recording);
            let done = match refused {
                Some(what) => lines.iter().any(|line| is_refused(line, what)),
                None => is_through(&lines),
            };
            if done {
                return Ok(());
            }
            self.go_on(&mut reports).await;
            let _ = operator.metrics(&self.reader).await;
            let log = operator.log();
            Err(format!(
                "{}\n{log}",
                lines
                    .iter()
                    .map(Value::to_string)
                    .collect::<Vec<_>>()
                    .join("\n")
            ))
        })
        .await;
        operator.kill();
        self.clear().await;
    }

    /// The next thing that gives the operator something to do. What the operator has not done yet is no error here.
    async fn go_on(&self, reports: &mut u32) {
        const ENOUGH: u32 = 5;
        if *reports > ENOUGH {
            let _ = self.objects.delete(OBJECT, &DeleteParams::default()).await;
            return;
        }
        let Ok(object) = self.objects.get(OBJECT).await else {
            let object = json!({ "apiVersion": "apps.example.com/v1", "kind": "MyApp", "metadata": { "name": OBJECT }, "spec": { "image": "app:1" } });
            let _ = self
                .objects
                .patch(OBJECT, &PatchParams::apply("test"), &Patch::Apply(object))
                .await;
            return;
        };
        // Somebody else changes the Deployment, and its pods come and go: the same Event again is a patch.
        let drift = json!({ "spec": { "replicas": 7 } });
        let _ = self
            .deployments
            .patch(OBJECT, &PatchParams::default(), &Patch::Merge(drift))
            .await;
        let conditions = object.data["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let available = conditions
            .iter()
            .any(|it| it["type"] == "Available" && it["status"] == "True");
        let reported = if available { "False" } else { "True" };
        let pods = u8::from(!available);
        let status = json!({ "status": {
            "replicas": pods,
            "readyReplicas": pods,
            "availableReplicas": pods,
            "conditions": [{ "type": "Available", "status": reported, "reason": "Reported" }],
        }});
        if self
            .deployments
            .patch_status(OBJECT, &PatchParams::default(), &Patch::Merge(status))
            .await
            .is_ok()
        {
            *reports += 1;
            // Until the operator has seen it, or can not.
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let Ok(object) = self.objects.get(OBJECT).await else {
                    return;
                };
                if object.data["status"]["conditions"]
                    .to_string()
                    .contains(&format!("\"{reported}\""))
                {
                    return;
                }
            }
        }
    }

    /// As it was before the operator.
    async fn clear(&self) {
        let nothing = json!({ "metadata": { "finalizers": null } });
        let _ = self.objects.delete(OBJECT, &DeleteParams::default()).await;
        let _ = self
            .objects
            .patch(OBJECT, &PatchParams::default(), &Patch::Merge(nothing))
            .await;
        let _ = self
            .deployments
            .delete(OBJECT, &DeleteParams::default())
            .await;
        let leases: Api<DynamicObject> = self.namespaced(&api_resource(
            "coordination.k8s.io",
            "v1",
            "Lease",
            "leases",
        ));
        let _ = leases
            .delete(&format!("{}-leader", self.name), &DeleteParams::default())
            .await;
        eventually("the object is gone", LIMIT, async || {
            match self.objects.get_opt(OBJECT).await {
                Ok(None) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Takes a verb on a resource from the role that has it.
    pub async fn take_away(&self, verb: &str, resource: &str) -> Taken {
        let cluster = &rbac("ClusterRole", "clusterroles");
        let cluster = Api::all_with(self.environment.client(), cluster);
        let (plural, group, _) = parts(resource);
        let (api, name) = match plural.as_str() {
            "leases" => (
                self.namespaced(&rbac("Role", "roles")),
                "leader-election-role",
            ),
            "subjectaccessreviews" | "tokenreviews" => (cluster, "metrics-auth-role"),
            _ => (cluster, "manager-role"),
        };
        let name = format!("{}-{name}", self.name);
        let role = api.get(&name).await.unwrap();
        let mut changed = role.clone();
        let mut found = 0;
        let rules = changed.data["rules"].as_array_mut().unwrap();
        for rule in rules
            .iter_mut()
            .filter(|it| it["apiGroups"] == json!([group]) && it["resources"] == json!([plural]))
        {
            let verbs = rule["verbs"].as_array_mut().unwrap();
            let before = verbs.len();
            verbs.retain(|it| it != verb);
            found += before - verbs.len();
        }
        assert_eq!(found, 1, "{verb} {resource} in {name}");
        rules.retain(|rule| rule["verbs"] != json!([]));
        api.replace(&name, &PostParams::default(), &changed)
            .await
            .unwrap();
        self.wait_until(verb, resource, false).await;
        Taken {
            role,
            api,
            verb: verb.to_owned(),
            resource: resource.to_owned(),
        }
    }

    pub async fn give_back(&self, taken: Taken) {
        let Taken {
            mut role,
            api,
            verb,
            resource,
        } = taken;
        role.metadata.resource_version = None;
        let name = role.metadata.name.clone().unwrap();
        api.replace(&name, &PostParams::default(), &role)
            .await
            .unwrap();
        self.wait_until(&verb, &resource, true).await;
    }

    /// The authorizer learns of a role a moment later.
    async fn wait_until(&self, verb: &str, resource: &str, allowed: bool) {
        let (plural, group, subresource) = parts(resource);
        let user = format!(
            "system:serviceaccount:{0}:{1}-controller-manager",
            self.namespace(),
            self.name
        );
        let plural = plural.split('/').next().unwrap();
        // Leases are granted by name, but for `create`.
        let name = if plural == "leases" && verb != "create" {
            format!("/{}-leader", self.name)
        } else {
            String::new()
        };
        let what = format!("{plural}.{group}{name}");
        let (namespace, subresource) = (self.namespace(), format!("--subresource={subresource}"));
        eventually(&format!("{verb} {what}: {allowed}"), LIMIT, async || {
            let arguments = [
                "auth",
                "can-i",
                verb,
                &what,
                &subresource,
                "--as",
                &user,
                "-n",
                &namespace,
            ];
            let can = self.environment.kubectl(&arguments).await.is_ok();
            if can == allowed {
                Ok(())
            } else {
                Err(can.to_string())
            }
        })
        .await;
    }

    /// What a chart would be rendered to.
    pub async fn rendered(&self) -> String {
        let directory = self.directory.join("config/default");
        self.environment
            .kubectl(&["kustomize", directory.to_str().unwrap()])
            .await
            .unwrap()
    }

    pub fn audit_log(&self) -> &Path {
        self.environment.audit_log()
    }

    fn namespace(&self) -> String {
        format!("{}-system", self.name)
    }

    fn namespaced(&self, kind: &ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.environment.client(), &self.namespace(), kind)
    }
}

fn rbac(kind: &str, plural: &str) -> ApiResource {
    api_resource("rbac.authorization.k8s.io", "v1", kind, plural)
}

fn api_resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: format!("{group}/{version}"),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

/// `deployments/status`, `apps` and `status` of `deployments.apps/status`.
fn parts(resource: &str) -> (String, String, String) {
    let (plural, rest) = resource.split_once('.').unwrap();
    match rest.split_once('/') {
        Some((group, subresource)) => (
            format!("{plural}/{subresource}"),
            group.to_owned(),
            subresource.to_owned(),
        ),
        None => (plural.to_owned(), rest.to_owned(), String::new()),
    }
}

/// The lines that are whole.
fn lines(recording: &Path) -> Vec<Value> {
    let text = fs::read_to_string(recording).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn is_refused(line: &Value, what: &str) -> bool {
    let (verb, resource) = what.split_once(' ').unwrap();
    let (plural, group, subresource) = parts(resource);
    let resource = plural.split('/').next().unwrap();
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    text("refused") == verb
        && text("group") == group
        && text("resource") == resource
        && text("subresource") == subresource
}

/// Whether the operator has repeated an Event, renewed its lease, cleaned up and asked who reads its metrics.
fn is_through(lines: &[Value]) -> bool {
    let asked = |verb: &str, resource: &str| {
        lines
            .iter()
            .any(|it| it["verb"] == verb && it["resource"] == resource)
    };
    let cleaned_up = lines
        .iter()
        .any(|it| it["deleting"] == true && it["outcome"] == "success");
    let read = asked("create", "subjectaccessreviews");
    asked("patch", "events") && asked("update", "leases") && cleaned_up && read
}
