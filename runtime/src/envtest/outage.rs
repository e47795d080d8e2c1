//! A control plane that fails: servers that are killed and come back.

use super::Environment;
use crate::Result;

/// A server of an [`Environment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// kube-apiserver.
    ApiServer,
    /// etcd, without which kube-apiserver refuses what it is asked.
    Etcd,
}

impl Environment {
    /// Kills a server without any warning, as a node that fails does. It stays away until
    /// [`Environment::revive`].
    pub fn kill(&self, server: Server) {
        self.control_plane.process(server).kill();
    }

    /// Starts again what has been killed, on the same ports and with the same data, and waits until
    /// the API server serves.
    ///
    /// # Errors
    ///
    /// When a server does not start, or is not ready within a minute.
    pub async fn revive(&self) -> Result<()> {
        for server in [Server::Etcd, Server::ApiServer] {
            self.control_plane.process(server).revive()?;
        }
        self.control_plane.wait_until_ready(&self.client).await
    }
}
