//! Just enough HTTP to ask an operator on the loopback address.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{Error, Result};

const PATIENCE: Duration = Duration::from_secs(5);
/// The runtime asks the API server before it answers, for 10 s at most.
const SECURE_PATIENCE: Duration = Duration::from_secs(15);

/// The status code and the body of a GET of `http://127.0.0.1:<port><path>`.
pub(super) async fn get(port: u16, path: &str) -> Result<(u16, String)> {
    let answer = async { exchange(connect(port).await?, path, "").await };
    parse(within(PATIENCE, answer).await?)
}

/// The same by HTTPS with a bearer token, whatever the certificate.
pub(super) async fn get_secure(port: u16, path: &str, token: &str) -> Result<(u16, String)> {
    let answer = async {
        let stream = connector()?.connect(name()?, connect(port).await?).await?;
        let token = format!("Authorization: Bearer {token}\r\n");
        exchange(stream, path, &token).await
    };
    parse(within(SECURE_PATIENCE, answer).await?)
}

async fn within(
    patience: Duration,
    answer: impl Future<Output = Result<String>>,
) -> Result<String> {
    let answer = tokio::time::timeout(patience, answer).await;
    answer.map_err(|_| Error::other(format!("no answer within {patience:?}")))?
}

async fn connect(port: u16) -> Result<TcpStream> {
    Ok(TcpStream::connect(("127.0.0.1", port)).await?)
}

async fn exchange<S>(mut stream: S, path: &str, headers: &str) -> Result<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn parse(answer: String) -> Result<(u16, String)> {
    let malformed = || Error::other("the answer is no HTTP");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(malformed)?;
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((code.ok_or_else(malformed)?, body.to_owned()))
}

fn name() -> Result<ServerName<'static>> {
    ServerName::try_from("localhost").map_err(|error| Error::Other(error.into()))
}

fn connector() -> Result<TlsConnector> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Other(error.into()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The operator's own is signed by itself, and nobody else listens on a port that was given out
/// for it.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
