//! The command line, as clap sees it. What an argument means is decided in [`crate::commands`].

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand};

use crate::{
    project::{License, Reconciler},
    rbac::{Account, usage::ResourceName},
    shell::Color,
};

/// Scaffolds and maintains Kubernetes operators written in Rust on kube-rs.
#[derive(Debug, Parser)]
#[command(
    name = "opgen",
    version,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Examples:
  mkdir myapp && cd myapp
  opgen init --domain example.com
  opgen create api --group apps --version v1 --kind MyApp
  opgen manifests
  make test")]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Work in this directory; `init` creates it
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        default_value = ".",
        hide_default_value = true
    )]
    pub directory: Utf8PathBuf,
    /// Print errors and warnings only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print what stays, too
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to colour
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_possible_values = false
    )]
    pub color: Color,
}

/// Options of every command that changes a project.
#[derive(Debug, Args)]
pub struct WriteArgs {
    /// Print the plan and the difference, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Overwrite files that differ from what opgen would write
    #[arg(long)]
    pub force: bool,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a project: an operator without a kind yet
    #[command(after_help = "\
Examples:
  opgen init --domain example.com
  opgen init --domain example.com --project-name shop
  opgen init --domain example.com --license mit --owner \"Shop Ltd\"
  opgen -C shop init --domain example.com --namespaced")]
    Init(InitArgs),
    /// Add to a project
    #[command(subcommand)]
    Create(CreateCommand),
    /// Write the CRDs and samples from the Rust types, and the roles from the RBAC comments
    #[command(after_help = "\
What is found in the types has an id in brackets. A comment at the field or at the type allows it:
  // +opgen:allow:ID because REASON
  // +opgen:allow:ID:.spec.field because REASON

Examples:
  opgen manifests
  opgen manifests --verbose  # with hints on the API, and what stays
  opgen manifests --check    # for CI: fails if a manifest is out of date")]
    Manifests(ManifestsArgs),
    /// Compare and describe CRDs
    #[command(subcommand)]
    Crd(CrdCommand),
    /// Compare what the operator may do with what it does
    #[command(subcommand)]
    Rbac(RbacCommand),
    /// Print the directory that holds kube-apiserver, etcd and kubectl for tests
    #[command(after_help = "\
Looks at KUBEBUILDER_ASSETS first, then into the store that setup-envtest uses, and
downloads the official binaries if they are not there.

Examples:
  export KUBEBUILDER_ASSETS=\"$(opgen envtest)\"
  opgen envtest --kubernetes-version 1.36 --installed-only")]
    Envtest(EnvtestArgs),
    /// Print the version of opgen
    #[command(after_help = "\
Examples:
  opgen version")]
    Version,
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  source <(opgen completion bash)
  opgen completion fish > ~/.config/fish/completions/opgen.fish")]
    Completion(CompletionArgs),
}

/// A thing to create.
#[derive(Debug, Subcommand)]
pub enum CreateCommand {
    /// Add a kind, a version of a kind, or a controller
    #[command(after_help = "\
Examples:
  opgen create api --group apps --version v1 --kind MyApp
  opgen create api --group apps --version v1 --kind Fleet --namespaced=false

A further version of a kind:
  opgen create api --group apps --version v2 --kind MyApp

A controller for a kind that Kubernetes has:
  opgen create api --group core --version v1 --kind Pod --resource=false")]
    Api(ApiArgs),
}

/// What to do with CRDs.
#[derive(Debug, Subcommand)]
pub enum CrdCommand {
    /// Compare CRDs with those of a git revision, and fail where that breaks objects or clients
    #[command(after_help = "\
Each difference is breaking (a stored object or a client that worked may stop working), worth
a look (such as a validation that is gone), or safe. Breaking ones exit with 1, unless they
are allowed.

REV is a revision of git; a name that git does not know, and one that begins with `./`, `../`
or `/`, is a file or a directory. Documents of other kinds are skipped.

Examples:
  opgen crd diff                                  # since the last commit
  opgen crd diff --against main
  opgen crd diff new.yaml --against ./old.yaml    # no project and no git needed
  opgen crd diff --allow 'field-removed:.spec.old because it never did anything'")]
    Diff(CrdDiffArgs),
    /// Write a page of reference for each kind, with an example and every field
    #[command(after_help = "\
Reads the CRDs in `config/crd/bases`, and writes Markdown to `docs/reference`.

Examples:
  opgen crd docs
  opgen crd docs --check    # for CI: fails if a page is out of date")]
    Docs(CrdDocsArgs),
}

/// What to do with permissions.
#[derive(Debug, Subcommand)]
pub enum RbacCommand {
    /// Compare the permissions that are granted with those that were used, both ways
    #[command(after_help = "\
Runs the project's tests, whose operator works under its own role on a real kube-apiserver, and
records every request. A recording of `make run` or of a cluster does as well: start the operator
with `--rbac-recording FILE`. An audit log of the API server does, too, and with --role it needs
no project of opgen's.

Each permission is missing (used and not granted), unused, wider than used, implied (needed where
no recording can show it) or used. Missing ones exit with 1; with --strict, so do unused and wider
ones.

Examples:
  opgen rbac verify
  opgen rbac verify --strict --output github    # for CI
  opgen rbac verify --recording run.jsonl --fix --dry-run
  opgen rbac verify --audit-log audit.log --role chart.yaml --account shop/shop-operator")]
    Verify(RbacVerifyArgs),
    /// Say which comment allows something, and which request used it
    #[command(after_help = "\
Examples:
  opgen rbac explain patch deployments
  opgen rbac explain patch myapps.apps.example.com/status
  opgen rbac explain get /metrics")]
    Explain(RbacExplainArgs),
}

/// Arguments of `opgen rbac verify`.
#[derive(Debug, Args)]
pub struct RbacVerifyArgs {
    /// Recording to compare with, instead of running the tests (repeatable)
    #[arg(long, value_name = "FILE")]
    pub recording: Vec<Utf8PathBuf>,
    /// Audit log of a kube-apiserver to compare with (repeatable)
    #[arg(long, value_name = "FILE")]
    pub audit_log: Vec<Utf8PathBuf>,
    /// YAML with roles and bindings, instead of the project's (repeatable)
    #[arg(long, value_name = "FILE")]
    pub role: Vec<Utf8PathBuf>,
    /// The operator's service account [default: the project's, or the one that --role binds]
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub account: Option<Account>,
    /// Fail also where a permission is unused, or wider than used
    #[arg(long)]
    pub strict: bool,
    /// How to print the comparison
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: RbacOutput,
    /// Add what is missing to the comments; with --strict, also take out what is unused
    #[arg(long)]
    pub fix: bool,
    /// What to do with the disk.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Arguments of `opgen rbac explain`.
#[derive(Debug, Args)]
pub struct RbacExplainArgs {
    /// Verb, e.g. `patch`
    pub verb: String,
    /// Plural, e.g. `deployments`, `deployments.apps` or `deployments.apps/status`, or a path, e.g. `/metrics`
    pub resource: ResourceName,
    /// Recording to look into [default: that of the last `opgen rbac verify`]
    #[arg(long, value_name = "FILE")]
    pub recording: Option<Utf8PathBuf>,
}

/// Who reads a comparison of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RbacOutput {
    /// A person: a table.
    Human,
    /// A program.
    Json,
    /// A workflow of GitHub's: annotations.
    Github,
}

/// Arguments of `opgen crd diff`.
#[derive(Debug, Args)]
pub struct CrdDiffArgs {
    /// File or directory with CRDs [default: the project's config/crd/bases]
    pub path: Option<Utf8PathBuf>,
    /// What to compare with
    #[arg(long, value_name = "REV|PATH", default_value = "HEAD")]
    pub against: String,
    /// Accept a difference, everywhere or at one path (repeatable)
    #[arg(long = "allow", value_name = "ID[:PATH] because REASON")]
    pub allow: Vec<String>,
    /// How to print the differences
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: OutputFormat,
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// A person.
    Human,
    /// A program.
    Json,
}

/// Arguments of `opgen init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Domain below which the API groups stand
    #[arg(long, default_value = "my.domain")]
    pub domain: String,
    /// Name of the project [default: the directory's name, made a valid one]
    #[arg(long, value_name = "NAME")]
    pub project_name: Option<String>,
    /// Owner that the licence names
    #[arg(long, default_value = "", hide_default_value = true)]
    pub owner: String,
    /// Licence of the project [default: apache2, or none where a LICENSE is there already]
    #[arg(long)]
    pub license: Option<License>,
    /// Watch one namespace, with a Role instead of a ClusterRole
    #[arg(long)]
    pub namespaced: bool,
    /// Where opgen-runtime is: `vendored` copies it into the project, a path shares one between operators
    #[arg(long, value_name = "vendored|PATH", default_value = "vendored")]
    pub runtime: String,
    /// What to do with the disk.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Arguments of `opgen create api`.
#[derive(Debug, Args)]
pub struct ApiArgs {
    /// API group without the project's domain, e.g. `apps`; with --resource=false also a built-in one
    #[arg(long)]
    pub group: String,
    /// Version, e.g. `v1` or `v1alpha1`
    #[arg(long)]
    pub version: String,
    /// Kind, e.g. `MyApp`
    #[arg(long)]
    pub kind: String,
    /// Plural [default: the English plural of the kind]
    #[arg(long)]
    pub plural: Option<String>,
    /// Abbreviation for kubectl (repeatable)
    #[arg(long = "short-name", value_name = "NAME")]
    pub short_names: Vec<String>,
    /// Whether objects stand in namespaces (if not: `--namespaced=false`) [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub namespaced: Option<bool>,
    /// Whether to write the types and the CRD (if not: `--resource=false`)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = clap::ArgAction::Set)]
    pub resource: bool,
    /// Whether to write a controller (if not: `--controller=false`) [default: true for the first
    /// version of a kind]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub controller: Option<bool>,
    /// What the controller does [default: deployment for a new namespaced kind, else empty]
    #[arg(long)]
    pub reconciler: Option<Reconciler>,
    /// What to do with the disk.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Arguments of `opgen manifests`.
#[derive(Debug, Args)]
pub struct ManifestsArgs {
    /// Write nothing; exit with 1 and a difference if a manifest is out of date
    #[arg(long)]
    pub check: bool,
    /// What to do with the disk.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Arguments of `opgen crd docs`.
#[derive(Debug, Args)]
pub struct CrdDocsArgs {
    /// Write nothing; exit with 1 and a difference if a page is out of date
    #[arg(long)]
    pub check: bool,
    /// What to do with the disk.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Arguments of `opgen envtest`.
#[derive(Debug, Args)]
pub struct EnvtestArgs {
    /// Version of Kubernetes, e.g. `1.37` or `1.37.2` [default: the one that opgen is tested against]
    #[arg(long, value_name = "VERSION")]
    pub kubernetes_version: Option<String>,
    /// Directory of the store [default: setup-envtest's]
    #[arg(long, value_name = "DIR")]
    pub bin_dir: Option<Utf8PathBuf>,
    /// Address of the index of releases
    #[arg(long, value_name = "URL", default_value = crate::envtest::DEFAULT_INDEX)]
    pub index: String,
    /// Download nothing
    #[arg(short = 'i', long)]
    pub installed_only: bool,
}

/// Arguments of `opgen completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}
