//! From the command line to an API server, and as whom to speak to it.

use kube::Config;
use kube::config::{InferConfigError, KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::error::chain;
use crate::options::Options;
use crate::{Error, Result};

/// rustls wants one provider for the process and panics when features enable two and nobody chose.
pub(crate) fn install_crypto_provider() {
    // An error means that the operator has chosen before us.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Where to connect, as the options say: kubeconfig files, context, else what kube finds by itself.
pub(crate) async fn config(options: &Options) -> Result<Config> {
    install_crypto_provider();
    let selected = KubeConfigOptions {
        context: options.context.clone(),
        ..KubeConfigOptions::default()
    };
    let files = options.kubeconfig_files();
    if !files.is_empty() {
        let kubeconfig = read(&files)?;
        return Config::from_custom_kubeconfig(kubeconfig, &selected)
            .await
            .map_err(|error| unusable(&error));
    }
    if options.context.is_some() {
        return Config::from_kubeconfig(&selected)
            .await
            .map_err(|error| unusable(&error));
    }
    Config::infer().await.map_err(|error| nothing_found(&error))
}

/// Reads and merges the files, as kubectl does with several in `KUBECONFIG`.
fn read(files: &[std::path::PathBuf]) -> Result<Kubeconfig> {
    let mut merged = Kubeconfig::default();
    for file in files {
        let next = Kubeconfig::read_from(file).map_err(|error| match error {
            KubeconfigError::ReadConfig(cause, path) => Error::other(format!(
                "cannot read the kubeconfig `{}`: {cause}",
                path.display()
            )),
            other => Error::other(format!(
                "cannot use the kubeconfig `{}`: {}",
                file.display(),
                chain(&other)
            )),
        })?;
        merged = merged.merge(next).map_err(|error| unusable(&error))?;
    }
    Ok(merged)
}

fn unusable(error: &KubeconfigError) -> Error {
    Error::other(format!("cannot use the kubeconfig: {}", chain(error)))
}

fn nothing_found(error: &InferConfigError) -> Error {
    Error::other(format!(
        "found no cluster to connect to: {}; pass `--kubeconfig FILE`, set KUBECONFIG, or run in a pod",
        chain(error)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_kubeconfig_that_cannot_be_read_is_named() {
        let options = Options {
            kubeconfig: Some("/nonexistent/config".into()),
            ..Options::default()
        };
        let Err(error) = config(&options).await else {
            panic!("connected to nothing");
        };
        let expected = "cannot read the kubeconfig `/nonexistent/config`: No such file";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
