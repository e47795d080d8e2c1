//! The operator under test, as a process of its own with its own permissions.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::process::{Process, Signal, last_lines, unused};
use super::{Environment, http, ports};
use crate::{Error, Result};

/// How long an operator may take to become ready.
const LONGEST_START: Duration = Duration::from_secs(60);
/// How long it may take to end: the runtime gives reconciles 25 s.
const LONGEST_END: Duration = Duration::from_secs(30);

/// What an operator reads from the environment, and a test's environment must not decide. It does
/// decide on `RBAC_RECORDING`: that is how one records what tests make an operator do.
const VARIABLES: [&str; 11] = [
    "WATCH_NAMESPACE",
    "KUBE_CONTEXT",
    "METRICS_SECURE",
    "METRICS_CERT_PATH",
    "METRICS_CERT_NAME",
    "METRICS_CERT_KEY",
    "LEADER_ELECT_NAMESPACE",
    "CONCURRENCY",
    "POD_NAME",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
];

/// A running operator, made by [`Environment::operator`]. Dropping it kills it; if the test
/// panics, what it logged is printed.
pub struct Operator {
    process: Mutex<Process>,
    port: u16,
    metrics_port: u16,
}

impl Environment {
    /// Starts an operator with the permissions of a service account, as a user would start it on a
    /// laptop: `KUBECONFIG` and arguments. Its probes and its metrics are on free ports, leader
    /// election is off unless `arguments` has `--leader-elect`. It records in the file that `RBAC_RECORDING` names
    /// in the environment of the test, if any.
    ///
    /// # Errors
    ///
    /// When the service account cannot be had or the binary cannot be started. Use
    /// [`Operator::ready`] to hear how it goes on.
    pub async fn operator(
        &self,
        binary: impl AsRef<Path>,
        namespace: &str,
        service_account: &str,
        arguments: &[&str],
    ) -> Result<Operator> {
        let kubeconfig = self.service_account(namespace, service_account).await?;
        let binary = binary.as_ref();
        let (port, metrics_port) = (ports::free()?, ports::free()?);
        let mut command = Command::new(binary);
        // Variables, because a flag that is given twice is an error, and `arguments` may have it.
        command
            .env("KUBECONFIG", kubeconfig)
            .env("HEALTH_PROBE_BIND_ADDRESS", format!("127.0.0.1:{port}"))
            .env("METRICS_BIND_ADDRESS", format!("127.0.0.1:{metrics_port}"))
            .env("LEADER_ELECT", "false")
            .env("LOG_FORMAT", "human")
            .args(arguments);
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        let name = binary.file_name().unwrap_or_default().to_string_lossy();
        let log = unused(self.directory(), &format!("operator-{name}"), "log");
        let process = Process::start(&format!("operator `{name}`"), command, log)?;
        Ok(Operator {
            process: Mutex::new(process),
            port,
            metrics_port,
        })
    }
}

impl Operator {
    /// Waits until `/readyz` says that the operator is ready.
    ///
    /// # Errors
    ///
    /// When it ends, or is not ready within a minute: with what `/readyz` said last and the end of
    /// its log.
    pub async fn ready(&self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + LONGEST_START;
        loop {
            self.process().check()?;
            let state = match self.readyz().await {
                Ok((200, _)) => return Ok(()),
                Ok((code, body)) => format!("{code} {body}"),
                Err(error) => error.to_string(),
            };
            if tokio::time::Instant::now() >= deadline {
                return Err(Error::other(format!(
                    "the operator was not ready within {LONGEST_START:?}: {}; {}",
                    state.trim(),
                    last_lines(&self.log())
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The status code and text of `/readyz` now.
    ///
    /// # Errors
    ///
    /// When the operator does not serve it.
    pub async fn readyz(&self) -> Result<(u16, String)> {
        http::get(self.port, "/readyz").await
    }

    /// The status code and text of `/metrics` now, by HTTPS with a bearer token, such as
    /// [`Environment::token`] makes. The certificate is not looked at.
    ///
    /// # Errors
    ///
    /// When the operator does not serve it.
    pub async fn metrics(&self, token: &str) -> Result<(u16, String)> {
        http::get_secure(self.metrics_port, "/metrics", token).await
    }

    /// The id of its process, for what it uses of CPU and memory, or for signals.
    pub fn id(&self) -> u32 {
        self.process().id()
    }

    /// # Errors
    ///
    /// When it has ended, with its exit status and the end of its log.
    pub fn check(&self) -> Result<()> {
        self.process().check()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.process().output()
    }

    /// Sends SIGTERM and waits until it has ended.
    ///
    /// # Errors
    ///
    /// When it does not end within 30 s; it is killed then.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        let process = self.process.get_mut();
        let process = process.unwrap_or_else(PoisonError::into_inner);
        process.terminate(LONGEST_END).await
    }

    /// Kills it without any warning, like a node that fails.
    pub fn kill(self) {
        self.process().kill();
    }

    /// Stops it in whatever it does, as a machine without a free processor may. It does not notice,
    /// until [`Operator::thaw`].
    ///
    /// # Errors
    ///
    /// Where the system has no signals.
    pub fn freeze(&self) -> Result<()> {
        self.process().signal(Signal::Stop)
    }

    /// Lets it go on after [`Operator::freeze`].
    ///
    /// # Errors
    ///
    /// Where the system has no signals.
    pub fn thaw(&self) -> Result<()> {
        self.process().signal(Signal::Continue)
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the operator's log:\n{}", self.log());
        }
    }
}
