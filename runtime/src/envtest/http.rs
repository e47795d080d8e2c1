//! Just enough HTTP to ask a probe on the loopback address.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Error, Result};

const PATIENCE: Duration = Duration::from_secs(5);

/// The status code and the body of a GET of `http://127.0.0.1:<port><path>`.
pub(super) async fn get(port: u16, path: &str) -> Result<(u16, String)> {
    let answer = tokio::time::timeout(PATIENCE, exchange(port, path)).await;
    let answer = answer.map_err(|_| Error::other(format!("no answer within {PATIENCE:?}")))??;
    let malformed = || Error::other("the answer is no HTTP");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(malformed)?;
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((code.ok_or_else(malformed)?, body.to_owned()))
}

async fn exchange(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
