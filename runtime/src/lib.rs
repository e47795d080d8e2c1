//! `opgen-runtime`: what every kube-rs operator needs and kube itself does not have.
//!
//! kube brings the client, the [`watcher`](mod@kube::runtime::watcher) and the
//! [`Controller`](kube::runtime::Controller). This crate puts the rest of an operator's `main`
//! around them:
//!
//! - [`Options`]: the command line of an operator, with an environment variable for each flag;
//! - [`Manager`]: client, logs, caches, health probes, metrics, leader election, shutdown;
//! - [`Setup`]: what one controller takes from the manager, made by [`Manager::controller`];
//! - [`Cache`]: one watch per kind for the whole process, that reads its own writes and writes
//!   only what differs; a [`CompactCache`] does it in a fifth of the memory;
//! - [`ControllerExt`]: feeds kube's `Controller` from further caches;
//! - [`conditions`] and [`Events`]: how an operator tells people what it does;
//! - [`METRICS`]: what `/metrics` has to say;
//! - [`Error`]: what a reconcile may fail with, and whether trying again can help;
//! - traces by OTLP, with the feature `otlp`;
//! - `envtest` (with the feature of that name): real API servers for tests.
//!
//! [`from_controller_runtime`] is for people who come from Go.
//!
//! ```no_run
//! use clap::Parser;
//! use opgen_runtime::{Manager, Options};
//!
//! #[derive(Parser)]
//! #[command(version)]
//! struct Args {
//!     #[command(flatten)]
//!     manager: Options,
//! }
//!
//! # async fn run() -> anyhow::Result<()> {
//! let args = Args::parse();
//! let manager = Manager::new("myapp", args.manager).await?;
//! // myapp::controllers::register(&mut manager);
//! manager.start().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it fits together
//!
//! [`Manager::controller`] and [`Setup::cache`] only collect; [`Manager::start`] does the work, in
//! this order: bind the probe and metrics addresses, start every watch, wait until every cache is
//! filled (`/readyz` turns 200 and says until then what is missing), win the election if there is
//! one, run the controllers. Controllers never run on a cache that is not filled: "not cached"
//! would be read as "does not exist".
//!
//! A write goes through the [`Cache`], which keeps the server's answer until the watch has caught
//! up. So [`Cache::get`] never shows an object older than the operator's own last write, a
//! reconcile always begins with the newest object known, and a controller is not woken by its own
//! writes.
//!
//! # The recording
//!
//! With [`Options::rbac_recording`], the client of [`Manager::new`] and [`Manager::namespaced`]
//! writes a line of JSON for each request that it makes, in RBAC's terms and with what came of it,
//! and a line for each reconcile. The README has the format. It is how one finds out which
//! permissions an operator uses and which it lacks; `opgen rbac verify` does. Without the option
//! the client is kube's own.
#![warn(missing_docs)]

mod cache;
mod client;
pub mod conditions;
mod conflict;
mod controller;
mod election;
#[cfg(feature = "envtest")]
pub mod envtest;
mod error;
mod events;
pub mod from_controller_runtime;
mod logging;
mod manager;
mod metrics;
mod options;
mod random;
mod readiness;
mod reconciler;
mod recording;
mod server;
mod setup;
mod signals;
mod traces;

pub use cache::{Cache, CompactCache, Kind};
pub use controller::ControllerExt;
pub use error::{Error, Result};
pub use events::Events;
pub use kube::runtime::events::EventType;
pub use manager::Manager;
pub use metrics::{METRICS, Metric, MetricKind};
pub use options::{BindAddress, LogFormat, Options};
pub use prometheus_client;
pub use setup::{Registered, Setup};
