//! The targets of a generated Makefile that speak to a cluster, on a real kube-apiserver.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common {
    pub mod project;
}

use std::{env, sync::Arc, time::Duration};

use common::project::{Project, RUNTIME};
use http::Request;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Namespace};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use opgen_runtime::envtest::{Environment, eventually};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);
const IMAGE: &str = "registry.example.com/operator:1";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn a_project_without_a_kind_goes_into_a_cluster_and_out_of_it() {
    let init = ["init", "--domain=example.com", RUNTIME];
    let project = Project::new("bare-deployed", &init);
    goes_into_a_cluster_and_out_of_it("bare-deployed", project, "").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn a_project_with_a_kind_goes_into_a_cluster_and_out_of_it() {
    let init = ["init", "--domain=example.com", "--namespaced", RUNTIME];
    let project = Project::new("deployed", &init);
    project.create_api("--group=apps --version=v1 --kind=MyApp");
    goes_into_a_cluster_and_out_of_it("deployed", project, "myapps.apps.example.com\n").await;
}

async fn goes_into_a_cluster_and_out_of_it(name: &str, project: Project, crds: &str) {
    let cluster = Cluster::new(name, project).await;
    cluster.project.commit();
    cluster.make("install").await;
    assert_eq!(cluster.crds().await, crds);
    cluster.make("uninstall").await;
    assert_eq!(cluster.crds().await, "");

    let deploy = cluster.make("deploy");
    tokio::join!(deploy, cluster.report_available());
    assert_eq!(cluster.image().await.as_deref(), Some(IMAGE));
    assert_eq!(cluster.crds().await, crds);

    cluster.make("build-installer").await;
    let installer = cluster.project.directory.join("dist/install.yaml");
    let installer = installer.to_str().unwrap();
    let apply = [
        "apply",
        "--server-side",
        "--dry-run=server",
        "-f",
        installer,
    ];
    cluster.environment.kubectl(&apply).await.unwrap();

    let undeploy = cluster.make("undeploy");
    tokio::join!(undeploy, cluster.let_the_namespace_go());
    assert_eq!(cluster.image().await, None);
    assert_eq!(cluster.crds().await, "");
    cluster.project.is_committed();
}

/// A project, a cluster, and the part of the controllers that this cluster has none of.
struct Cluster {
    environment: Environment,
    project: Arc<Project>,
    namespace: String,
    manager: String,
}

impl Cluster {
    async fn new(name: &str, project: Project) -> Self {
        Self {
            environment: Environment::start().await.unwrap(),
            project: Arc::new(project),
            namespace: format!("{name}-system"),
            manager: format!("{name}-controller-manager"),
        }
    }

    async fn make(&self, target: &'static str) {
        let assets = env::var("KUBEBUILDER_ASSETS").unwrap();
        let config = self.environment.kubeconfig().display();
        let kubectl = format!("KUBECTL={assets}/kubectl --kubeconfig={config}");
        let project = self.project.clone();
        let run = move || project.make(&[target, &kubectl, &format!("IMG={IMAGE}")]);
        tokio::task::spawn_blocking(run).await.unwrap();
    }

    async fn crds(&self) -> String {
        let columns = "custom-columns=:.metadata.name";
        let get = ["get", "crds", "--no-headers", "-o", columns];
        self.environment.kubectl(&get).await.unwrap()
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.environment.client(), &self.namespace)
    }

    /// The image that the operator's Deployment has, if it is there.
    async fn image(&self) -> Option<String> {
        let deployment = self.deployments().get_opt(&self.manager).await.unwrap()?;
        deployment.spec.template.spec?.containers.remove(0).image
    }

    async fn report_available(&self) {
        let status = json!({ "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
        }});
        let (params, status) = (PatchParams::default(), Patch::Merge(status));
        eventually("the operator's Deployment", LIMIT, async || {
            let patched = self.deployments();
            let patched = patched.patch_status(&self.manager, &params, &status).await;
            patched.map_err(|error| error.to_string())
        })
        .await;
    }

    /// What the namespace controller does when a namespace is empty.
    async fn let_the_namespace_go(&self) {
        let client = self.environment.client();
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let mut namespace = eventually("the namespace is deleted", LIMIT, async || {
            let found = namespaces.get(&self.namespace).await;
            let found = found.map_err(|error| error.to_string())?;
            match found.metadata.deletion_timestamp {
                Some(_) => Ok(found),
                None => Err(format!("{found:?}")),
            }
        })
        .await;
        namespace.spec = None;
        let url = format!("/api/v1/namespaces/{}/finalize", self.namespace);
        let request = Request::put(url).header("content-type", "application/json");
        let request = request
            .body(serde_json::to_vec(&namespace).unwrap())
            .unwrap();
        client.request::<Namespace>(request).await.unwrap();
    }
}
