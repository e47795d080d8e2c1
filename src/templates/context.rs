//! What templates see: every spelling that they need, computed here from checked values.

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::builtin;
use crate::project::{License, Project, Resource, Runtime, Types};

/// A project as templates see it.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectView {
    /// `my-app`
    pub name: String,
    /// `my_app`
    pub crate_name: String,
    /// `my_app_api`
    pub api_crate: String,
    /// `my-app-api`
    pub api_package: String,
    /// `my-app-kube`
    pub kube_package: String,
    /// `example.com`
    pub domain: String,
    /// `my-app-system`
    pub namespace: String,
    /// The owner that the licence names.
    pub owner: String,
    /// The licence in SPDX's spelling, or empty.
    pub license: &'static str,
    /// True when the operator watches one namespace.
    pub namespaced: bool,
    /// True when the runtime stands below the project.
    pub vendored: bool,
    /// The directory of the runtime, seen from the project.
    pub runtime: String,
    /// The opgen that renders.
    pub opgen_version: &'static str,
}

impl ProjectView {
    /// The view of a project.
    pub fn new(project: &Project) -> Self {
        let crate_name = project.name.crate_name();
        Self {
            name: project.name.to_string(),
            api_crate: format!("{crate_name}_api"),
            api_package: format!("{}-api", project.name),
            kube_package: format!("{}-kube", project.name),
            crate_name,
            domain: project.domain.to_string(),
            namespace: project.namespace(),
            owner: if project.owner.is_empty() {
                format!("the {} authors", project.name)
            } else {
                project.owner.clone()
            },
            license: match project.license {
                License::Apache2 => "Apache-2.0",
                License::Mit => "MIT",
                License::None => "",
            },
            namespaced: project.namespaced,
            vendored: project.runtime == Runtime::Vendored,
            runtime: project.runtime.directory().to_owned(),
            opgen_version: crate::project::OPGEN_VERSION,
        }
    }
}

/// A resource as templates see it.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceView {
    /// `apps`
    pub short_group: String,
    /// `apps.example.com`, or empty for the core group.
    pub group: String,
    /// `apps.example.com/v1`
    pub api_version: String,
    /// `v1`
    pub version: String,
    /// `MyApp`
    pub kind: String,
    /// `myapps`
    pub plural: String,
    /// `myapp`
    pub singular: String,
    /// Abbreviations for kubectl.
    pub short_names: Vec<String>,
    /// False for a cluster-scoped kind.
    pub namespaced: bool,
    /// True for the version of the kind that objects are stored in.
    pub storage: bool,
    /// `apps`: the module of the group.
    pub group_module: String,
    /// `my_app`: the module of the kind.
    pub module: String,
    /// `myapp-sample`, or `myapp-sample-v2` for a version that came later.
    pub sample_name: String,
    /// `MyApp`: the type.
    pub type_name: String,
    /// The Rust module of the types: `myapp_api::apps::v1::my_app` or `k8s_openapi::api::apps::v1`.
    pub type_path: String,
    /// True when Kubernetes has the kind.
    pub built_in: bool,
    /// True when this resource has a controller.
    pub controller: bool,
    /// `apps.example.com_myapps`: the name of its CRD's file.
    pub crd: String,
    /// `myapps.apps.example.com`: the name of its CRD.
    pub crd_name: String,
}

impl ResourceView {
    /// The view of a resource of a project.
    pub fn new(project: &Project, resource: &Resource) -> Self {
        let group = resource.qualified_group(&project.domain);
        let rust = resource.rust.clone();
        let built_in = resource.types == Types::BuiltIn;
        Self {
            short_group: resource.group.to_string(),
            api_version: if group.is_empty() {
                resource.version.to_string()
            } else {
                format!("{group}/{}", resource.version)
            },
            version: resource.version.to_string(),
            kind: resource.kind.to_string(),
            plural: resource.plural.to_string(),
            sample_name: crate::crd::sample_name(
                &resource.kind.singular(),
                (!resource.stored).then_some(resource.version.as_str()),
            ),
            singular: resource.kind.singular(),
            short_names: resource
                .short_names
                .iter()
                .map(ToString::to_string)
                .collect(),
            namespaced: resource.namespaced,
            storage: resource.stored,
            type_path: if built_in {
                let known = builtin::find(
                    resource.group.as_str(),
                    resource.version.as_str(),
                    resource.kind.as_str(),
                );
                let module = known.map_or(rust.group.as_str(), |known| known.module);
                format!("k8s_openapi::api::{module}::{}", resource.version)
            } else {
                format!(
                    "{}_api::{}::{}::{}",
                    project.name.crate_name(),
                    rust.group,
                    resource.version,
                    rust.module
                )
            },
            group_module: rust.group,
            module: rust.module,
            type_name: if built_in {
                resource.kind.to_string()
            } else {
                rust.type_name
            },
            built_in,
            controller: resource.controller,
            crd: format!("{group}_{}", resource.plural),
            crd_name: format!("{}.{group}", resource.plural),
            group,
        }
    }

    /// `config/samples/apps_v1_myapp.yaml`, which `crd::sample` makes.
    pub fn sample_path(&self) -> Utf8PathBuf {
        let (group, version, singular) = (&self.short_group, &self.version, &self.singular);
        format!("config/samples/{group}_{version}_{singular}.yaml").into()
    }
}

/// The names that stand for `{placeholders}` in the paths of templates.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PathView {
    group: String,
    version: String,
    kind: String,
    access: String,
    crd: String,
}

/// What the templates of `opgen init` see.
#[derive(Clone, Debug, Serialize)]
pub struct InitContext {
    /// The project.
    pub project: ProjectView,
}

/// What the templates of `opgen create api` see.
#[derive(Clone, Debug, Serialize)]
pub struct ApiContext {
    /// The project.
    pub project: ProjectView,
    /// The resource.
    pub resource: ResourceView,
    /// Names in paths.
    pub path: PathView,
}

impl ApiContext {
    /// The context of one resource of a project.
    pub fn new(project: &Project, resource: &Resource) -> Self {
        let view = ResourceView::new(project, resource);
        let path = PathView {
            group: view.group_module.clone(),
            version: view.version.clone(),
            kind: view.module.clone(),
            access: format!("{}_{}", view.short_group, view.singular),
            crd: view.crd.clone(),
        };
        Self {
            project: ProjectView::new(project),
            resource: view,
            path,
        }
    }
}

/// What the indexes see: lists over the whole project.
#[derive(Clone, Debug, Serialize)]
pub struct IndexContext {
    /// The project.
    pub project: ProjectView,
    /// Every resource with types of ours, sorted.
    pub types: Vec<ResourceView>,
    /// Every kind with types of ours, once, sorted.
    pub kinds: Vec<ResourceView>,
    /// Every resource with a controller, sorted.
    pub controllers: Vec<ResourceView>,
}

impl IndexContext {
    /// The lists of a project.
    pub fn new(project: &Project) -> Self {
        let view = |resource: &Resource| ResourceView::new(project, resource);
        let types: Vec<_> = project
            .resources
            .iter()
            .filter(|found| found.types == Types::Own)
            .map(view)
            .collect();
        let mut kinds = types.clone();
        kinds.dedup_by(|left, right| left.crd == right.crd);
        let controllers = project
            .resources
            .iter()
            .filter(|found| found.controller)
            .map(view)
            .collect();
        Self {
            project: ProjectView::new(project),
            types,
            kinds,
            controllers,
        }
    }
}
