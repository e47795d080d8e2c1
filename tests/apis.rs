//! Realistic APIs, whose types stand in `tests/apis/types`: their CRDs, samples and pages are compared with those in
//! `tests/apis/out`, byte for byte (`BLESS=1` writes them anew), and a real kube-apiserver shows what they do.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fills a project and rewrites its expectations"
)]

#[path = "common/project.rs"]
mod project;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use opgen_runtime::envtest::Environment;
use project::{Project, RUNTIME};

const APIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/apis");

/// The group without the domain, the version and the kind of each file in `tests/apis/types`.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("backup.rs", "apps", "v1", "Backup"),
    ("ledger.rs", "apps", "v1", "Ledger"),
    ("cache_v1.rs", "apps", "v1", "Cache"),
    ("cache_v2.rs", "apps", "v2", "Cache"),
    ("route.rs", "net", "v1beta1", "Route"),
    ("fleet.rs", "sea", "v1alpha1", "Fleet"),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn realistic_apis_have_the_crds_that_they_should_and_do_what_they_say() {
    let project = made();
    compare(&project.directory);
    let environment = Environment::start().await.unwrap();
    let bases = project.directory.join("config/crd/bases");
    environment.install_crds(&bases).await.unwrap();
    let judge = Judge { environment };
    // What is made as an example is accepted, with every rule.
    let samples = project.directory.join("config/samples");
    let samples = samples.to_str().unwrap();
    judge
        .accepts(&["apply", "--server-side", "-k", samples])
        .await;
    judge.transitions().await;
    judge.unions().await;
    judge.lists_are_merged().await;
    judge.versions().await;
    judge.scale_and_selection().await;
}

fn made() -> Project {
    let project = Project::new("apis", &["init", "--domain=example.com", RUNTIME]);
    for (file, group, version, kind) in KINDS {
        let scope = if *kind == "Fleet" {
            " --namespaced=false"
        } else {
            ""
        };
        project.create_api(&format!(
            "--group={group} --version={version} --kind={kind} --controller=false --reconciler=empty{scope}"
        ));
        let types = fs::read_to_string(format!("{APIS}/types/{file}")).unwrap();
        let module = kind.to_lowercase();
        project.put(&format!("api/src/{group}/{version}/{module}.rs"), &types);
    }
    project.formatted();
    project.opgen(&["manifests"]);
    project.opgen(&["manifests", "--check"]);
    project.opgen(&["crd", "docs"]);
    project
}

/// Compares what was made of the types with what stands in `tests/apis/out`.
fn compare(project: &Path) {
    let made = ["config/crd/bases", "config/samples", "docs/reference"];
    let read = |root: PathBuf| -> BTreeMap<PathBuf, String> {
        let files = made
            .iter()
            .flat_map(|directory| fs::read_dir(root.join(directory)).into_iter().flatten());
        let paths = files.map(|file| file.unwrap().path());
        let key = |path: &Path| path.strip_prefix(&root).unwrap().to_owned();
        paths
            .map(|path| (key(&path), fs::read_to_string(&path).unwrap()))
            .collect()
    };
    let out = Path::new(APIS).join("out");
    let made = read(project.to_owned());
    if env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(&out);
        for (path, text) in &made {
            let path = out.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let expected = read(out);
    for (path, text) in &made {
        let path = path.display();
        let expected = expected.get(Path::new(&path.to_string()));
        assert_eq!(
            Some(text),
            expected,
            "{path}: if this is as it should be, `make bless` and read the difference"
        );
    }
    assert_eq!(made.len(), expected.len(), "files that are no longer made");
}

/// The API server.
struct Judge {
    environment: Environment,
}

impl Judge {
    async fn accepts(&self, arguments: &[&str]) -> String {
        let output = self.environment.kubectl(arguments).await;
        output.unwrap_or_else(|error| panic!("{arguments:?}: {error:#}"))
    }

    async fn refuses(&self, arguments: &[&str], reason: &str) {
        let error = self.environment.kubectl(arguments).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(reason), "{arguments:?}: {error}");
    }

    /// A merge patch of an object of the sample's name.
    fn patch<'a>(kind: &'a str, name: &'a str, patch: &'a str) -> [&'a str; 6] {
        ["patch", kind, name, "--type=merge", "-p", patch]
    }

    async fn apply(&self, name: &str, manager: &str, yaml: &str) -> Result<String, String> {
        let file = self.environment.directory().join(name);
        fs::write(&file, yaml).unwrap();
        let manager = format!("--field-manager={manager}");
        let arguments = [
            "apply",
            "--server-side",
            &manager,
            "-f",
            file.to_str().unwrap(),
        ];
        let output = self.environment.kubectl(&arguments).await;
        output.map_err(|error| format!("{error:#}"))
    }

    async fn transitions(&self) {
        let patch = |spec: &'static str| Self::patch("ledger", "ledger-sample", spec);
        self.accepts(&patch(r#"{"spec":{"storageRequestBytes":10}}"#))
            .await;
        self.refuses(
            &patch(r#"{"spec":{"storageRequestBytes":9}}"#),
            "storage cannot shrink",
        )
        .await;
        self.refuses(
            &patch(r#"{"spec":{"storageClass":"other"}}"#),
            "the class is immutable",
        )
        .await;
        self.accepts(&patch(r#"{"spec":{"backupClass":"cold"}}"#))
            .await;
        self.refuses(
            &patch(r#"{"spec":{"backupClass":null}}"#),
            "backupClass cannot be taken away",
        )
        .await;
    }

    async fn unions(&self) {
        let patch = |spec: &'static str| Self::patch("route", "route-sample", spec);
        self.refuses(
            &patch(r#"{"spec":{"matches":{"prefix":"/","exact":"/"}}}"#),
            "exactly one of prefix and exact",
        )
        .await;
        self.refuses(
            &patch(r#"{"spec":{"backend":{"service":null}}}"#),
            "spec.backend",
        )
        .await;
        let both =
            r#"{"spec":{"backend":{"service":{"name":"a","port":80},"status":{"code":200}}}}"#;
        self.refuses(&patch(both), "spec.backend").await;
        let service =
            r#"{"spec":{"backend":{"service":{"name":"a","port":"http"},"status":null}}}"#;
        self.accepts(&patch(service)).await;
        self.refuses(
            &patch(r#"{"spec":{"backend":{"service":null,"status":{"code":600}}}}"#),
            "code",
        )
        .await;
        self.accepts(&patch(
            r#"{"spec":{"backend":{"service":null,"status":{"code":404}}}}"#,
        ))
        .await;
    }

    /// Two managers own entries of one list, by their keys.
    async fn lists_are_merged(&self) {
        let object = |spec: &str| {
            format!(
                "apiVersion: net.example.com/v1beta1\nkind: Route\nmetadata:\n  name: merged\nspec:\n{spec}"
            )
        };
        let first = object(
            "  backend: {status: {code: 200}}\n  matches: {prefix: /}\n  \
             ports: [{name: a, port: 1}]\n  env: [{name: A, value: a}]\n",
        );
        let second = object("  ports: [{name: b, port: 2}]\n  env: [{name: B, value: b}]\n");
        self.apply("first.yaml", "first", &first).await.unwrap();
        self.apply("second.yaml", "second", &second).await.unwrap();
        let names = [
            "get",
            "route",
            "merged",
            "-o=jsonpath={.spec.ports[*].name} {.spec.env[*].name}",
        ];
        assert_eq!(self.accepts(&names).await, "a b A B");
        let twice = second.replace(
            "{name: b, port: 2}",
            "{name: b, port: 2}, {name: b, port: 3}",
        );
        let error = self
            .apply("twice.yaml", "second", &twice)
            .await
            .unwrap_err();
        assert!(error.contains("duplicate"), "{error}");
        // In a pod template, which the types of Kubernetes describe.
        let template = |container: &str| {
            format!(
                "apiVersion: apps.example.com/v1\nkind: Backup\nmetadata:\n  name: merged\nspec:\n  schedule: 0 3 * * *\n  \
                 template: {{spec: {{containers: [{container}]}}}}\n"
            )
        };
        self.apply(
            "main.yaml",
            "first",
            &template("{name: main, image: a, ports: [{containerPort: 1}]}"),
        )
        .await
        .unwrap();
        self.apply("side.yaml", "second", &template("{name: side, image: b}"))
            .await
            .unwrap();
        let path = "-o=jsonpath={.spec.template.spec.containers[*].name} {.spec.template.spec.containers[0].ports[0].protocol}";
        assert_eq!(
            self.accepts(&["get", "backup", "merged", path]).await,
            "main side TCP"
        );
    }

    async fn versions(&self) {
        let get = |version| ["get", version, "-o=jsonpath={.items[*].spec.seconds}"];
        let old = self.accepts(&get("caches.v1.apps.example.com")).await;
        assert_eq!(old, self.accepts(&get("caches.v2.apps.example.com")).await);
        let names = "-o=jsonpath={.spec.names.shortNames} {.status.storedVersions} {.spec.versions[0].deprecationWarning}";
        let crd = self
            .accepts(&["get", "crd", "caches.apps.example.com", names])
            .await;
        assert_eq!(crd, r#"["ca","cch"] ["v1"] use v2"#);
    }

    async fn scale_and_selection(&self) {
        self.accepts(&["scale", "fleet/fleet-sample", "--replicas=7"])
            .await;
        let ships = ["get", "fleet", "fleet-sample", "-o=jsonpath={.spec.ships}"];
        assert_eq!(self.accepts(&ships).await, "7");
        self.accepts(&Self::patch(
            "fleet",
            "fleet-sample",
            r#"{"spec":{"region":"north"}}"#,
        ))
        .await;
        let of = |region: &'static str| ["get", "fleets", "--field-selector", region, "-o=name"];
        assert_eq!(
            self.accepts(&of("spec.region=north")).await,
            "fleet.sea.example.com/fleet-sample\n"
        );
        assert_eq!(self.accepts(&of("spec.region=south")).await, "");
        self.refuses(
            &Self::patch("fleet", "fleet-sample", r#"{"spec":{"ships":-1}}"#),
            "greater than or equal to 0",
        )
        .await;
    }
}
