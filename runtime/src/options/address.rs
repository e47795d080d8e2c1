//! Where a server listens.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Where a server listens: `0` (nowhere), `:8080` (that port of every address) or `host:port`.
///
/// ```
/// use opgen_runtime::BindAddress;
///
/// assert_eq!(":8080".parse(), Ok(BindAddress::Port(8080)));
/// assert_eq!("0".parse(), Ok(BindAddress::Off));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindAddress {
    /// `0`: there is no server.
    Off,
    /// `:8080`: every address of the machine, IPv6 and IPv4. Port 0 takes a free one.
    Port(u16),
    /// `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
    Host(String, u16),
}

impl BindAddress {
    /// `None` when there is no server.
    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Off => None,
            Self::Port(port) | Self::Host(_, port) => Some(*port),
        }
    }

    /// What to try to bind, best first, in the notation of `tokio::net::TcpListener::bind`.
    pub(crate) fn candidates(&self) -> Vec<String> {
        match self {
            Self::Off => Vec::new(),
            // An IPv6 wildcard takes IPv4 too, but a machine may have IPv6 turned off.
            Self::Port(port) => vec![format!("[::]:{port}"), format!("0.0.0.0:{port}")],
            Self::Host(host, port) => vec![format!("{host}:{port}")],
        }
    }
}

impl FromStr for BindAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not an address: use `:8080`, `127.0.0.1:8080`, or `0` for off");
        if text == "0" {
            return Ok(Self::Off);
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        if host.is_empty() {
            return Ok(Self::Port(port));
        }
        // A bare IPv6 address would be cut at the wrong colon.
        let plausible = text.parse::<SocketAddr>().is_ok() || is_host_name(host);
        if plausible {
            Ok(Self::Host(host.to_owned(), port))
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for BindAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => formatter.write_str("0"),
            Self::Port(port) => write!(formatter, ":{port}"),
            Self::Host(host, port) => write!(formatter, "{host}:{port}"),
        }
    }
}

fn is_host_name(host: &str) -> bool {
    host.chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '-' || character == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_kubebuilder_reads_them() {
        let host = |host: &str, port| BindAddress::Host(host.to_owned(), port);
        for (text, expected) in [
            ("0", BindAddress::Off),
            (":8080", BindAddress::Port(8080)),
            ("127.0.0.1:8080", host("127.0.0.1", 8080)),
            ("[::1]:8080", host("[::1]", 8080)),
            ("localhost:0", host("localhost", 0)),
        ] {
            assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string(), text);
        }
        for wrong in ["", "8080", "off", ":", ":99999", "::1:8080", "a b:1"] {
            let error = wrong.parse::<BindAddress>().unwrap_err();
            assert!(error.contains(":8080"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_port_is_bound_on_both_families() {
        assert_eq!(BindAddress::Port(1).candidates(), ["[::]:1", "0.0.0.0:1"]);
    }
}
