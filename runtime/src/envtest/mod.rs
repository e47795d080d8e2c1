//! Real API servers for tests: etcd and kube-apiserver on loopback ports, no mocks.
//!
//! The binaries come from the directory that `KUBEBUILDER_ASSETS` names, as for Kubebuilder's own
//! envtest: `kube-apiserver`, `etcd` and `kubectl`. `opgen envtest` prints such a directory, and
//! `make test` sets the variable.
//!
//! There is no controller-manager: a Deployment gets no pods, nothing garbage-collects what a
//! deleted object owned, and a namespace stays in `Terminating`. A test that needs such effects
//! makes them itself. RBAC is in force: the test is an administrator, but an operator started with
//! [`Environment::operator`] has just the permissions of its service account.
//!
//! ```no_run
//! use opgen_runtime::envtest::{Environment, eventually};
//! use std::time::Duration;
//!
//! # async fn test() -> opgen_runtime::Result<()> {
//! let environment = Environment::start().await?;
//! environment.install_crds("config/crd/bases").await?;
//! environment.apply_kustomization("config/default").await?;
//! let operator = environment
//!     .operator("target/debug/myapp", "myapp-system", "myapp-controller-manager", &[])
//!     .await?;
//! operator.ready().await?;
//! eventually("the Deployment is there", Duration::from_secs(30), async || {
//!     let found = environment.kubectl(&["get", "deployment", "sample", "-o", "name"]).await;
//!     found.map_err(|error| error.to_string())
//! })
//! .await;
//! assert!(operator.terminate().await?.success());
//! # Ok(())
//! # }
//! ```
//!
//! # What is left behind
//!
//! Nothing: every process ends when its owner is dropped, after a panic too. On Linux, with
//! util-linux's `setpriv` in the `PATH`, they also end when the test process is killed; elsewhere
//! they then have to be killed by hand. The directory of an environment is removed, except when the
//! test panics: then its path is printed, with the logs and the audit log in it.

mod assets;
mod audit;
mod certificates;
mod control_plane;
mod directory;
mod http;
mod kubectl;
mod operator;
mod outage;
mod ports;
mod process;
mod service_account;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Client;

pub use audit::Request;
pub use operator::Operator;
pub use outage::Server;

use crate::{Error, Result, client};
use assets::Assets;
use control_plane::ControlPlane;
use directory::Directory;

/// An etcd and a kube-apiserver of its own, with an administrator's client. Several of them can
/// run side by side. Dropping it ends them.
pub struct Environment {
    // Fields are dropped in this order: the processes before their directory.
    control_plane: ControlPlane,
    client: Client,
    assets: Assets,
    directory: Directory,
}

impl Environment {
    /// Starts etcd and kube-apiserver and waits until they serve, which takes a few seconds.
    ///
    /// # Errors
    ///
    /// When `KUBEBUILDER_ASSETS` does not name a directory with the three binaries, or when one of
    /// them does not start.
    pub async fn start() -> Result<Self> {
        client::kubeconfig::install_crypto_provider();
        let assets = Assets::find()?;
        let directory = Directory::new()?;
        let (control_plane, client) = ControlPlane::start(&assets, directory.path()).await?;
        Ok(Self {
            control_plane,
            client,
            assets,
            directory,
        })
    }

    /// A client that may do everything.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// A kubeconfig with which one may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.control_plane.kubeconfig
    }

    /// Where logs and data of this environment are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Tries `attempt` ten times a second until it gives `Ok`.
///
/// # Panics
///
/// When that takes longer than `timeout`: with `what` was waited for, and what the last attempt
/// said.
pub async fn eventually<T>(
    what: &str,
    timeout: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let deadline = tokio::time::Instant::now() + timeout;
    let mut last = "the first attempt did not end".to_owned();
    loop {
        match tokio::time::timeout_at(deadline, attempt()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(state)) => last = state,
            Err(_) => {}
        }
        if tokio::time::Instant::now() >= deadline {
            panic!("waited {timeout:?} in vain: {what}; last: {last}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Writes a file of ours; errors name it.
fn write(path: PathBuf, content: impl AsRef<[u8]>) -> Result<PathBuf> {
    fs::write(&path, content)
        .map_err(|error| Error::other(format!("cannot write `{}`: {error}", path.display())))?;
    Ok(path)
}
