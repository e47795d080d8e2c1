//! etcd and kube-apiserver, started and waited for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;

use super::assets::Assets;
use super::certificates::{self, Certificates};
use super::outage::Server;
use super::process::{Process, unused};
use super::{audit, ports, write};
use crate::{Error, Result};

/// How long a start may take. On an idle machine it takes three seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// A port that was free may be taken when the process binds it.
const ATTEMPTS: u32 = 3;

pub(super) struct ControlPlane {
    // The API server goes first: without etcd it would only complain.
    api_server: Mutex<Process>,
    etcd: Mutex<Process>,
    url: String,
    authority: String,
    /// The administrator's.
    pub(super) kubeconfig: PathBuf,
    pub(super) audit_log: PathBuf,
}

impl ControlPlane {
    pub(super) async fn start(assets: &Assets, directory: &Path) -> Result<(Self, Client)> {
        let mut attempt = 1;
        loop {
            let directory = directory.join(format!("start-{attempt}"));
            std::fs::create_dir(&directory)?;
            match Self::attempt(assets, &directory).await {
                Err(error) if attempt < ATTEMPTS && is_port_taken(&error) => attempt += 1,
                result => return result,
            }
        }
    }

    async fn attempt(assets: &Assets, directory: &Path) -> Result<(Self, Client)> {
        let certificates = Certificates::make(directory)?;
        let token = certificates::token()?;
        let etcd_url = format!("http://127.0.0.1:{}", ports::free()?);
        let etcd = start_etcd(assets, directory, &etcd_url)?;
        let port = ports::free()?;
        let audit_log = directory.join("audit.log");
        let flags = api_server_flags(
            directory,
            &certificates,
            &token,
            &etcd_url,
            port,
            &audit_log,
        )?;
        let mut command = Command::new(assets.binary("kube-apiserver"));
        command.args(flags);
        let log = directory.join("kube-apiserver.log");
        let control_plane = Self {
            api_server: Mutex::new(Process::start("kube-apiserver", command, log)?),
            etcd: Mutex::new(etcd),
            url: format!("https://127.0.0.1:{port}"),
            authority: certificates.authority,
            kubeconfig: directory.join("admin.kubeconfig"),
            audit_log,
        };
        let content = control_plane.kubeconfig_for("admin", &token, "default");
        write(control_plane.kubeconfig.clone(), content.to_string())?;
        let client = control_plane.client(content).await?;
        control_plane.wait_until_ready(&client).await?;
        Ok((control_plane, client))
    }

    /// A kubeconfig for this API server (JSON is YAML).
    pub(super) fn kubeconfig_for(
        &self,
        user: &str,
        token: &str,
        namespace: &str,
    ) -> serde_json::Value {
        use k8s_openapi::ByteString;
        let authority = json!(ByteString(self.authority.clone().into_bytes()));
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "envtest",
                "cluster": { "server": self.url, "certificate-authority-data": authority },
            }],
            "users": [{ "name": user, "user": { "token": token } }],
            "contexts": [{
                "name": "envtest",
                "context": { "cluster": "envtest", "user": user, "namespace": namespace },
            }],
            "current-context": "envtest",
        })
    }

    pub(super) fn process(&self, server: Server) -> MutexGuard<'_, Process> {
        let process = match server {
            Server::ApiServer => &self.api_server,
            Server::Etcd => &self.etcd,
        };
        process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(&self, kubeconfig: serde_json::Value) -> Result<Client> {
        let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig)?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .map_err(|error| Error::Other(error.into()))?;
        Ok(Client::try_from(config)?)
    }

    pub(super) async fn wait_until_ready(&self, client: &Client) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            self.process(Server::Etcd).check()?;
            self.process(Server::ApiServer).check()?;
            let state = match readiness(client).await {
                Ok(()) => return Ok(()),
                Err(state) => state,
            };
            if tokio::time::Instant::now() >= deadline {
                return Err(Error::other(format!(
                    "kube-apiserver was not ready within {PATIENCE:?}: {state}"
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Ready, and with the namespace that clients default to, which the API server makes a little later.
async fn readiness(client: &Client) -> Result<()> {
    for path in ["/readyz", "/api/v1/namespaces/default"] {
        client.request_text(get(path)?).await?;
    }
    Ok(())
}

fn get(path: &str) -> Result<axum::http::Request<Vec<u8>>> {
    axum::http::Request::get(path)
        .body(Vec::new())
        .map_err(|error| Error::Other(error.into()))
}

fn start_etcd(assets: &Assets, directory: &Path, url: &str) -> Result<Process> {
    let peer_url = format!("http://127.0.0.1:{}", ports::free()?);
    let mut command = Command::new(assets.binary("etcd"));
    command
        .arg("--name=envtest")
        .arg(format!("--data-dir={}", directory.join("etcd").display()))
        .arg(format!("--listen-client-urls={url}"))
        .arg(format!("--advertise-client-urls={url}"))
        .arg(format!("--listen-peer-urls={peer_url}"))
        .arg(format!("--initial-advertise-peer-urls={peer_url}"))
        .arg(format!("--initial-cluster=envtest={peer_url}"))
        // The data need not survive the test.
        .arg("--unsafe-no-fsync")
        .arg("--log-level=warn");
    Process::start("etcd", command, unused(directory, "etcd", "log"))
}

fn api_server_flags(
    directory: &Path,
    certificates: &Certificates,
    token: &str,
    etcd_url: &str,
    port: u16,
    audit_log: &Path,
) -> Result<Vec<String>> {
    let users = write(
        directory.join("tokens.csv"),
        format!("{token},admin,admin,system:masters\n"),
    )?;
    let audit_policy = write(directory.join("audit-policy.json"), audit::policy())?;
    let file = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    Ok(vec![
        format!("--etcd-servers={etcd_url}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        file("cert-dir", directory),
        file("tls-cert-file", &certificates.server_certificate),
        file("tls-private-key-file", &certificates.server_key),
        file("token-auth-file", &users),
        "--authorization-mode=RBAC".to_owned(),
        // It would wait for service accounts that a controller-manager makes.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        format!("--service-account-issuer=https://127.0.0.1:{port}"),
        file("service-account-key-file", &certificates.verification_key),
        file(
            "service-account-signing-key-file",
            &certificates.signing_key,
        ),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // The default wants to publish an address that pods could reach.
        "--endpoint-reconciler-type=none".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--profiling=false".to_owned(),
        file("audit-policy-file", &audit_policy),
        file("audit-log-path", audit_log),
        "--audit-log-maxsize=0".to_owned(),
    ])
}

fn is_port_taken(error: &Error) -> bool {
    error.to_string().contains("address already in use")
}
