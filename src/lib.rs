//! opgen scaffolds and maintains Kubernetes operators written in Rust on kube-rs.
//!
//! # The way of the data
//!
//! It flows one way, and each step is a module:
//!
//! ```text
//! argv ─ cli ─> arguments ─ commands ─> project + resource, checked ─ templates ─> scaffold, in memory
//!      ─ manifests ─> + roles and CRDs ─ scaffold::disk, scaffold::plan ─> plan ─ scaffold::apply ─> disk
//! ```
//!
//! Every command that changes a project ends in [`commands::finish`], so `--dry-run`, `--check` and `--force` exist
//! once.
//!
//! # Where things are
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`cli`] | the command line, as clap sees it |
//! | [`commands`] | one module per command: arguments in, a scaffold out |
//! | [`project`] | the `PROJECT` file: what opgen knows of a project |
//! | [`resource`] | names that cannot be wrong, and every spelling of them |
//! | [`builtin`] | the kinds that Kubernetes has of its own |
//! | [`templates`] | the embedded tree below `templates/`; a folder and a context become a scaffold |
//! | [`scaffold`] | files and entries in memory; compared with the disk; written |
//! | [`manifests`] | CRDs from the Rust types, roles from the comments |
//! | [`rbac`] | permissions as data: read from comments, united into roles, compared with what was used |
//! | [`crd`] | CustomResourceDefinitions as data: merged, made fit for Kubernetes, checked, compared, described |
//! | [`yaml`] | how opgen writes YAML |
//! | [`envtest`] | where kube-apiserver, etcd and kubectl are, and how they get there |
//! | [`problem`] | what a user can mend: a message, and what to do next |
//! | [`shell`] | every line that a person reads |
//!
//! Beside `src/`: `templates/` has one folder per command and option, and a template's path is its output path with
//! `.tera` behind it; `runtime/` is the crate that every operator uses, and a copy of it goes into each project.
//!
//! # What must stay true
//!
//! 1. Only [`scaffold::apply`] writes into a project, and only [`shell`] prints: clippy.toml and the lints of
//!    Cargo.toml hold that. The downloads of [`envtest`] are no project.
//! 2. [`resource`], [`templates`], [`scaffold::entry`], [`scaffold::plan`], [`manifests::comments`] and
//!    [`rbac`] do no input or output.
//! 3. Nothing is written before every conflict is known. Files are written whole, new ones first, then entries and
//!    indexes, then `.opgen/files`, then `PROJECT`: a project that was cut short at any write still compiles, and the
//!    same command completes it.
//! 4. Same input, same bytes: whatever reaches the disk or the screen is sorted, and has no date, no random number and
//!    no path of the machine in it.
//! 5. Names and their forms come from [`resource`]; templates never change case.
//! 6. `PROJECT` has every answer, defaults included, so that the whole project can be rendered again from it;
//!    `.opgen/files` tells an untouched file from an edited one.
//! 7. A command is idempotent: the same answers change nothing, keep what the user has edited, and say so.

pub mod builtin;
pub mod cli;
pub mod commands;
pub mod crd;
pub mod envtest;
pub mod manifests;
pub mod problem;
pub mod project;
pub mod rbac;
pub mod resource;
pub mod scaffold;
pub mod shell;
pub mod templates;
mod workspace;
pub mod yaml;
