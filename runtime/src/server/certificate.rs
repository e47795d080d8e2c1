//! The certificate of a server: read from files, and again when they change, or made in memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::error::chain;
use crate::{Error, Result};

/// The certificate that is served now. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Certificate(Arc<RwLock<Arc<CertifiedKey>>>);

/// The files of a certificate with its chain, and of its key, as PEM.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What is in these files.
#[derive(PartialEq, Eq)]
pub(super) struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    /// For `localhost`, signed by itself, and gone with the process.
    pub(super) fn self_signed() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.map_err(|error| Error::Other(error.into()))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let chain = vec![made.cert.der().clone()];
        let certified = CertifiedKey::from_der(chain, key.into(), &default_provider());
        let certified = certified.map_err(|error| Error::Other(error.into()))?;
        Ok(Self::new(certified))
    }

    /// Reads the files. [`Certificate::follow`] needs to know what was in them.
    pub(super) fn read(files: &Files) -> Result<(Self, Content)> {
        let content = files.content()?;
        let certified = files.certified(&content)?;
        Ok((Self::new(certified), content))
    }

    /// Looks every `period` whether the files have changed, for ever.
    ///
    /// What cannot be used is logged once, and the last certificate stays: files are replaced while
    /// they are read, and the next look finds both new.
    pub(super) async fn follow(self, files: Files, mut served: Content, period: Duration) {
        let mut trouble = None;
        loop {
            tokio::time::sleep(period).await;
            let problem = match files.changed(&served) {
                Ok(None) => None,
                Ok(Some((content, certified))) => {
                    *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                    served = content;
                    tracing::info!(file = %files.certificate.display(), "serving a new certificate");
                    None
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = problem.as_ref().filter(|_| problem != trouble) {
                tracing::error!(error, "cannot use the new certificate, the last one stays");
            }
            trouble = problem;
        }
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> CertificateDer<'static> {
        let current = self.0.read().unwrap();
        current.end_entity_cert().unwrap().clone().into_owned()
    }

    fn new(certified: CertifiedKey) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(certified))))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(current.clone())
    }
}

impl Files {
    /// The new content, if it is not `known`, and what it means.
    fn changed(&self, known: &Content) -> Result<Option<(Content, CertifiedKey)>> {
        let content = self.content()?;
        if content == *known {
            return Ok(None);
        }
        let certified = self.certified(&content)?;
        Ok(Some((content, certified)))
    }

    fn content(&self) -> Result<Content> {
        Ok(Content {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
        })
    }

    fn certified(&self, content: &Content) -> Result<CertifiedKey> {
        let unusable = |path: &Path, error: &PemError| {
            Error::other(format!("cannot use `{}`: {}", path.display(), chain(error)))
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&content.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| unusable(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(unusable(&self.certificate, &PemError::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|error| unusable(&self.key, &error))?;
        CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| {
            Error::other(format!(
                "cannot use `{}` with `{}`: {error}",
                self.certificate.display(),
                self.key.display()
            ))
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Error::other(format!("cannot read `{}`: {error}", path.display())))
}
