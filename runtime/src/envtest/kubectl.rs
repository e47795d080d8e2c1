//! kubectl, as the administrator.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::Environment;
use crate::{Error, Result};

const APPLY: [&str; 3] = ["apply", "--server-side", "--force-conflicts"];

impl Environment {
    /// Runs kubectl as administrator and gives its stdout.
    ///
    /// # Errors
    ///
    /// When kubectl fails, with its stderr.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_with_input(arguments, "").await
    }

    /// Applies what a kustomization builds: `kubectl kustomize DIR | kubectl apply`, server-side.
    ///
    /// # Errors
    ///
    /// When it cannot be built, or the API server refuses something of it.
    pub async fn apply_kustomization(&self, directory: impl AsRef<Path>) -> Result<()> {
        let built = self
            .kubectl(&["kustomize", text(directory.as_ref())?])
            .await?;
        let [apply, server_side, force] = APPLY;
        self.kubectl_with_input(&[apply, server_side, force, "-f", "-"], &built)
            .await?;
        Ok(())
    }

    /// Installs the CRDs in a directory of YAML files, or those of a kustomization, and waits until
    /// the API server serves them.
    ///
    /// # Errors
    ///
    /// When the API server refuses one, or does not serve them within a minute.
    pub async fn install_crds(&self, directory: impl AsRef<Path>) -> Result<()> {
        let directory = directory.as_ref();
        if directory.join("kustomization.yaml").is_file() {
            self.apply_kustomization(directory).await?;
        } else {
            let [apply, server_side, force] = APPLY;
            self.kubectl(&[apply, server_side, force, "-f", text(directory)?])
                .await?;
        }
        let wait = [
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd",
            "--all",
        ];
        loop {
            match self.kubectl(&wait).await {
                // kubectl gives up on a CRD that is so new that it has no conditions yet.
                Err(error)
                    if error
                        .to_string()
                        .contains(".status.conditions accessor error") =>
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error),
                Ok(_) => return Ok(()),
            }
        }
    }

    async fn kubectl_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        let failed = |error: std::io::Error| Error::other(format!("cannot run kubectl: {error}"));
        let mut child = Command::new(self.assets.binary("kubectl"))
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            // Discovery of another cluster must not be taken for that of this one.
            .arg("--cache-dir")
            .arg(self.directory().join("kubectl-cache"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let feed = async {
            // kubectl may refuse its arguments before it has read all: its stderr says more.
            let _ = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
        };
        let ((), output) = tokio::join!(feed, child.wait_with_output());
        let output = output.map_err(failed)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Error::other(format!(
            "`kubectl {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        )))
    }
}

fn text(path: &Path) -> Result<&str> {
    let refused = || Error::other(format!("`{}` is not UTF-8", path.display()));
    path.to_str().ok_or_else(refused)
}
