//! The keys of an environment: an authority, the API server's certificate, the key that signs
//! service account tokens, and the administrator's token.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use super::write;
use crate::{Error, Result};

pub(super) struct Certificates {
    /// The authority's certificate, as PEM.
    pub(super) authority: String,
    pub(super) server_certificate: PathBuf,
    pub(super) server_key: PathBuf,
    /// What service account tokens are signed with.
    pub(super) signing_key: PathBuf,
    /// What they are verified with.
    pub(super) verification_key: PathBuf,
}

impl Certificates {
    /// Makes them, valid for 127.0.0.1, with files in `directory`.
    pub(super) fn make(directory: &Path) -> Result<Self> {
        let (authority, certificate, key) = sign().map_err(|error| Error::Other(error.into()))?;
        let tokens = KeyPair::generate().map_err(|error| Error::Other(error.into()))?;
        Ok(Self {
            authority,
            server_certificate: write(directory.join("server.crt"), certificate)?,
            server_key: write(directory.join("server.key"), key)?,
            signing_key: write(directory.join("tokens.key"), tokens.serialize_pem())?,
            verification_key: write(directory.join("tokens.pub"), tokens.public_key_pem())?,
        })
    }
}

/// The authority's certificate, the server's certificate and the server's key, all as PEM.
fn sign() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "opgen envtest");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let mut server = CertificateParams::new(names)?;
    server
        .distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem(), key.serialize_pem()))
}

/// A token that nobody can guess.
pub(super) fn token() -> Result<String> {
    let mut bytes = [0; 32];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| Error::other("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
