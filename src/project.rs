//! The `PROJECT` file: what opgen knows of a project, enough to render all of it again.

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{
    problem::{Problem, Problems},
    resource::{Domain, Group, Kind, Plural, ProjectName, ShortName, Version},
};

/// The name of the file, at the top of a project.
pub const FILE: &str = "PROJECT";
/// The version of the file's format that this opgen writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
/// The version of this opgen.
pub const OPGEN_VERSION: &str = env!("CARGO_PKG_VERSION");

const HEADER: &str = "\
# What opgen knows of this project. Change it through opgen's commands.
";

/// A project: every answer of `opgen init`, defaults included, and its resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Project {
    /// The version of this file's format.
    pub format: u32,
    /// The version of the opgen that wrote the file last.
    pub opgen_version: String,
    /// The name of the project and of its cargo package.
    pub name: ProjectName,
    /// The domain of its API groups.
    pub domain: Domain,
    /// The owner that the licence names.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// The licence of the project's own code.
    pub license: License,
    /// True when the operator watches one namespace instead of the whole cluster.
    pub namespaced: bool,
    /// Where the operator's runtime comes from.
    pub runtime: Runtime,
    /// The resources, sorted.
    #[serde(default)]
    pub resources: Vec<Resource>,
}

/// A licence that `opgen init` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum License {
    /// Apache License 2.0.
    Apache2,
    /// MIT License.
    Mit,
    /// No licence file.
    None,
}

/// Where `opgen-runtime` comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Runtime {
    /// A copy in `vendor/opgen-runtime`, which opgen keeps.
    Vendored,
    /// A directory elsewhere, relative to the project, e.g. one that several operators share.
    Path(Utf8PathBuf),
}

impl From<String> for Runtime {
    fn from(text: String) -> Self {
        if text == "vendored" {
            Self::Vendored
        } else {
            Self::Path(text.into())
        }
    }
}

impl From<Runtime> for String {
    fn from(runtime: Runtime) -> Self {
        runtime.directory_or("vendored").to_owned()
    }
}

impl Runtime {
    /// The directory of the runtime, relative to the project.
    pub fn directory(&self) -> &str {
        self.directory_or("vendor/opgen-runtime")
    }

    fn directory_or<'a>(&'a self, vendored: &'a str) -> &'a str {
        match self {
            Self::Vendored => vendored,
            Self::Path(path) => path.as_str(),
        }
    }
}

/// A group, version and kind, and what was answered about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// The group: without the domain where the types are ours, whole where they are Kubernetes' own.
    pub group: Group,
    /// The version.
    pub version: Version,
    /// The kind.
    pub kind: Kind,
    /// The plural.
    pub plural: Plural,
    /// Abbreviations for kubectl.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_names: Vec<ShortName>,
    /// False for a kind whose objects stand outside of namespaces.
    pub namespaced: bool,
    /// Whose the types are.
    pub types: Types,
    /// True for the version that opgen scaffolded as the stored one; the types decide from then on.
    pub stored: bool,
    /// True when the project has a controller for it.
    pub controller: bool,
    /// What the types and the controller were made for.
    pub reconciler: Reconciler,
    /// The modules of its group and kind, and its type's name, as opgen chose them when the resource was made.
    pub rust: RustNames,
}

/// Whose the types of a resource are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Types {
    /// They stand in the project's `api` package, and a CRD is made from them.
    Own,
    /// They are built into Kubernetes and stand in `k8s-openapi`.
    BuiltIn,
}

/// What a new controller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Reconciler {
    /// It keeps one Deployment per object.
    Deployment,
    /// It reads the object and reports that it did.
    Empty,
}

impl Reconciler {
    /// The word for this reconciler on the command line, and the folder of its templates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Empty => "empty",
        }
    }
}

/// The names of a resource in Rust code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RustNames {
    /// The module of the group, e.g. `apps`.
    pub group: String,
    /// The module of the kind, e.g. `my_app`.
    pub module: String,
    /// The type, e.g. `MyApp`.
    #[serde(rename = "type")]
    pub type_name: String,
}

impl RustNames {
    /// The names for a kind of a group.
    pub fn new(types: Types, group: &Group, kind: &Kind) -> Self {
        match types {
            Types::Own => Self {
                group: group.module(),
                module: kind.module(),
                type_name: kind.type_name(),
            },
            Types::BuiltIn => {
                let short: Option<Group> = group
                    .as_str()
                    .split('.')
                    .next()
                    .and_then(|part| part.parse().ok());
                Self {
                    group: short.as_ref().unwrap_or(group).module(),
                    module: kind.module(),
                    type_name: kind.to_string(),
                }
            }
        }
    }
}

impl Resource {
    /// The group as Kubernetes knows it, e.g. `apps.example.com`, or `` for the core group.
    pub fn qualified_group(&self, domain: &Domain) -> String {
        match self.types {
            Types::Own => format!("{}.{domain}", self.group),
            Types::BuiltIn if self.group.as_str() == "core" => String::new(),
            Types::BuiltIn => self.group.to_string(),
        }
    }

    /// `apps.example.com/v1 MyApp`, as messages name it.
    pub fn title(&self, domain: &Domain) -> String {
        match self.qualified_group(domain).as_str() {
            "" => format!("{} {}", self.version, self.kind),
            group => format!("{group}/{} {}", self.version, self.kind),
        }
    }

    /// True for another version of the same kind.
    pub fn is_sibling(&self, other: &Self) -> bool {
        self.types == other.types && self.group == other.group && self.kind == other.kind
    }
}

impl Project {
    /// The namespace that the operator is deployed to, e.g. `myapp-system`.
    #[must_use]
    pub fn namespace(&self) -> String {
        format!("{}-system", self.name)
    }

    /// The project as the text of its file.
    ///
    /// # Errors
    /// None in practice: a failure to serialise would be a bug in opgen.
    pub fn to_yaml(&self) -> anyhow::Result<String> {
        Ok(format!("{HEADER}{}", crate::yaml::to_string(self)?))
    }

    /// Reads the text of a `PROJECT` file.
    ///
    /// # Errors
    /// A file that is broken, made by another tool, or by a newer opgen.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        /// What every format has.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct AnyFormat {
            format: Option<u32>,
            layout: Option<serde_json::Value>,
            opgen_version: Option<String>,
        }
        let broken = |error: serde_saphyr::Error| {
            let reason = crate::yaml::reason(&error);
            Problem::new(format!("`{FILE}` cannot be read: {reason}"))
                .help("restore it from version control; opgen alone writes this file")
        };
        let any: AnyFormat = serde_saphyr::from_str(text).map_err(broken)?;
        if any.layout.is_some() {
            return Err(Problem::new(format!("`{FILE}` was made by Kubebuilder"))
                .help("run opgen in another directory"));
        }
        match any.format {
            Some(format) if format > FORMAT => Err(Problem::new(format!(
                "`{FILE}` has format {format}, and opgen {OPGEN_VERSION} reads up to {FORMAT}"
            ))
            .help(format!(
                "install opgen {} or newer",
                any.opgen_version.as_deref().unwrap_or("of a later version")
            ))),
            Some(FORMAT) => {
                let project: Self = serde_saphyr::from_str(text).map_err(broken)?;
                project.check()?;
                Ok(project)
            }
            _ => Err(
                Problem::new(format!("`{FILE}` has no `format` that opgen knows"))
                    .help("restore it from version control; opgen alone writes this file"),
            ),
        }
    }

    /// Names from the file become paths and code: they must be what `resource` would have made.
    fn check(&self) -> Result<(), Problem> {
        for resource in &self.resources {
            let expected = RustNames::new(resource.types, &resource.group, &resource.kind);
            if resource.rust != expected {
                return Err(Problem::new(format!(
                    "`{FILE}` names the Rust code of `{}` differently than opgen {OPGEN_VERSION} does",
                    resource.title(&self.domain)
                ))
                .help("restore it from version control; opgen alone writes this file"));
            }
        }
        Ok(())
    }

    /// Adds a resource at its sorted place, or replaces the one of the same group, version and kind.
    pub fn put(&mut self, resource: Resource) {
        self.resources
            .retain(|known| !(known.is_sibling(&resource) && known.version == resource.version));
        self.resources.push(resource);
        self.resources.sort_by(|left, right| {
            (&left.group, &left.kind, left.types as u8)
                .cmp(&(&right.group, &right.kind, right.types as u8))
                .then_with(|| Version::order(left.version.as_str(), right.version.as_str()))
        });
    }

    /// The field manager and label value of everything that this operator makes.
    pub fn crate_name(&self) -> String {
        self.name.crate_name()
    }
}

/// Finds the project that `start` is in: the nearest directory at or above it with a `PROJECT` file.
///
/// # Errors
/// No such file, or one that cannot be read.
pub fn find(start: &Utf8Path) -> anyhow::Result<(Utf8PathBuf, Project)> {
    let Some(root) = root(start) else {
        let problem =
            Problem::new(format!("no `{FILE}` file here or above")).help("run `opgen init` first");
        return Err(Problems::from(problem).into());
    };
    let file = root.join(FILE);
    let text = std::fs::read(&file)
        .map_err(|error| Problem::new(format!("failed to read `{file}`: {error}")))?;
    // What is no text is no YAML either.
    let text = String::from_utf8_lossy(&text);
    let project = Project::parse(&text).map_err(Problems::from)?;
    Ok((root.to_owned(), project))
}

/// The nearest directory with a `PROJECT` file, whoever made it.
pub fn root(start: &Utf8Path) -> Option<&Utf8Path> {
    let is_project = |directory: &&Utf8Path| directory.join(FILE).is_file();
    start.ancestors().find(is_project)
}

#[cfg(test)]
mod tests;
