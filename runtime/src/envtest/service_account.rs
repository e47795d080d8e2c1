//! Kubeconfigs of service accounts, so that an operator runs with its own permissions.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Environment, write};
use crate::{Error, Result};

/// Longer than any test.
const TOKEN_SECONDS: u32 = 24 * 3600;

impl Environment {
    /// The path of a kubeconfig with a token for a service account, as a pod of it would have.
    /// Its default namespace is that of the service account.
    ///
    /// Namespace and service account are made if they are not there; roles and bindings are the
    /// manifests' business.
    ///
    /// # Errors
    ///
    /// What the API server answers.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let token = self.token(namespace, name).await?;
        let user = format!("{namespace}-{name}");
        let kubeconfig = self.control_plane.kubeconfig_for(&user, &token, namespace);
        let path = self.directory().join(format!("{user}.kubeconfig"));
        write(path, kubeconfig.to_string())
    }

    /// A token for a service account, as a pod of it would have. Namespace and service account are
    /// made if they are not there.
    ///
    /// # Errors
    ///
    /// What the API server answers.
    pub async fn token(&self, namespace: &str, name: &str) -> Result<String> {
        let client = self.client();
        ensure(&Api::<Namespace>::all(client.clone()), namespace).await?;
        ensure(&Api::<ServiceAccount>::namespaced(client, namespace), name).await?;
        // Untyped: which of its fields are optional differs between versions of Kubernetes.
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "expirationSeconds": TOKEN_SECONDS },
        });
        let url = ServiceAccount::url_path(&(), Some(namespace));
        let body = serde_json::to_vec(&request)?;
        let request = kube::core::Request::new(url)
            .create_subresource("token", name, &PostParams::default(), body)
            .map_err(|error| Error::Other(error.into()))?;
        let answer: Value = self.client().request(request).await?;
        let token = answer["status"]["token"].as_str();
        token
            .map(str::to_owned)
            .ok_or_else(|| Error::other("no token in the answer"))
    }
}

async fn ensure<K>(api: &Api<K>, name: &str) -> Result<()>
where
    K: Resource + Default + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let mut object = K::default();
    *object.meta_mut() = ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    };
    match api.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
