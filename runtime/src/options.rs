//! The command line of an operator: each flag with its environment variable, checked by clap.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// What every operator can be told from outside. Use it with `#[command(flatten)]`.
///
/// Names and meanings are Kubebuilder's where it has the flag. [`Options::default`] is what an
/// empty command line gives, environment variables left out.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Operator options")]
pub struct Options {
    /// Kubeconfig file to connect with [default: `~/.kube/config`, or the pod's service account]
    #[arg(long, env = "KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<OsString>,

    /// Context of the kubeconfig to use [default: its current context]
    #[arg(long, env = "KUBE_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,

    /// Namespace to watch; repeat it or separate several by commas [default: all namespaces]
    #[arg(
        long = "namespace",
        env = "WATCH_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ',',
        value_parser = parse_namespace
    )]
    pub namespaces: Vec<String>,

    /// Address that serves /metrics, for example `:8080`; `0` turns it off
    #[arg(
        long,
        env = "METRICS_BIND_ADDRESS",
        value_name = "ADDRESS",
        default_value = "0"
    )]
    pub metrics_bind_address: BindAddress,

    /// Address that serves /healthz and /readyz; `0` turns it off
    #[arg(
        long,
        env = "HEALTH_PROBE_BIND_ADDRESS",
        value_name = "ADDRESS",
        default_value = ":8081"
    )]
    pub health_probe_bind_address: BindAddress,

    /// Run controllers only while this replica holds the lease
    #[arg(
        long,
        env = "LEADER_ELECT",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub leader_elect: bool,

    /// Namespace of the lease [default: the operator's own namespace]
    #[arg(
        long,
        env = "LEADER_ELECT_NAMESPACE",
        value_name = "NAMESPACE",
        value_parser = parse_namespace
    )]
    pub leader_elect_namespace: Option<String>,

    /// Reconciles that each controller runs at the same time
    #[arg(
        long,
        env = "CONCURRENCY",
        value_name = "NUMBER",
        default_value_t = DEFAULT_CONCURRENCY
    )]
    pub concurrency: NonZeroU16,

    /// Format of the log on stderr; `auto` is `human` on a terminal, else `json`
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t = LogFormat::Auto
    )]
    pub log_format: LogFormat,

    /// What to log: `error`, `warn`, `info`, `debug`, `trace`, or directives like `info,kube=debug`
    #[arg(
        long,
        env = "RUST_LOG",
        value_name = "LEVEL",
        default_value = DEFAULT_LOG_LEVEL,
        value_parser = parse_log_level
    )]
    pub log_level: String,

    /// File to append a line to for each request and reconcile, for `opgen rbac verify`
    #[arg(long, env = "RBAC_RECORDING", value_name = "FILE")]
    pub rbac_recording: Option<OsString>,
}

const DEFAULT_CONCURRENCY: NonZeroU16 = NonZeroU16::new(4).expect("four is not zero");
const DEFAULT_LOG_LEVEL: &str = "info";
const DEFAULT_PROBE_PORT: u16 = 8081;

impl Default for Options {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            namespaces: Vec::new(),
            metrics_bind_address: BindAddress::Off,
            health_probe_bind_address: BindAddress::Port(DEFAULT_PROBE_PORT),
            leader_elect: false,
            leader_elect_namespace: None,
            concurrency: DEFAULT_CONCURRENCY,
            log_format: LogFormat::Auto,
            log_level: DEFAULT_LOG_LEVEL.to_owned(),
            rbac_recording: None,
        }
    }
}

impl Options {
    /// The namespaces to watch, sorted, each once. Empty: all of them.
    pub(crate) fn watched_namespaces(&self) -> Vec<String> {
        let mut namespaces: Vec<String> = self
            .namespaces
            .iter()
            // An environment variable that is set to nothing gives one empty value.
            .filter(|namespace| !namespace.is_empty())
            .cloned()
            .collect();
        namespaces.sort();
        namespaces.dedup();
        namespaces
    }

    /// The kubeconfig files to merge, first one first: `KUBECONFIG` may name several.
    pub(crate) fn kubeconfig_files(&self) -> Vec<PathBuf> {
        let Some(files) = &self.kubeconfig else {
            return Vec::new();
        };
        std::env::split_paths(files)
            .filter(|file| !file.as_os_str().is_empty())
            .collect()
    }

    /// The file to record in, if any.
    pub(crate) fn recording_file(&self) -> Option<&Path> {
        let file = self.rbac_recording.as_deref().map(Path::new);
        // A variable that is set to nothing turns nothing on.
        file.filter(|file| !file.as_os_str().is_empty())
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `Human` when stderr is a terminal, else `Json`.
    Auto,
    /// Short lines for people, in colour on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// Where a server listens: `0` (nowhere), `:8080` (that port of every address) or `host:port`.
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

fn parse_namespace(text: &str) -> Result<String, String> {
    let allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    let valid = text.len() <= 63
        && text.chars().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if valid {
        return Ok(text.to_owned());
    }
    Err("a namespace is made of lower-case letters, digits and `-`, at most 63 of them".to_owned())
}

fn parse_log_level(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(DEFAULT_LOG_LEVEL.to_owned());
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "{error}: use a level like `debug`, or directives like `info,kube=debug`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        manager: Options,
    }

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let all = std::iter::once("operator").chain(arguments.iter().copied());
        Arguments::try_parse_from(all)
            .map(|parsed| parsed.manager)
            .map_err(|error| error.to_string())
    }

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

    #[test]
    fn namespaces_are_repeated_or_separated_by_commas() {
        let options = parse(&["--namespace", "b,a", "--namespace=c", "--namespace", "a"]);
        assert_eq!(options.unwrap().watched_namespaces(), ["a", "b", "c"]);
    }

    #[test]
    fn an_empty_namespace_means_all() {
        assert!(
            parse(&["--namespace", ""])
                .unwrap()
                .watched_namespaces()
                .is_empty()
        );
    }

    #[test]
    fn an_empty_name_of_a_recording_means_none() {
        let file = |options: Result<Options, String>| {
            let options = options.unwrap();
            options.recording_file().map(Path::to_owned)
        };
        assert_eq!(file(parse(&[])), None);
        assert_eq!(file(parse(&["--rbac-recording", ""])), None);
        let expected = Some(PathBuf::from("a/b"));
        assert_eq!(file(parse(&["--rbac-recording", "a/b"])), expected);
    }

    #[test]
    fn leader_elect_is_a_switch_with_an_optional_value() {
        assert!(parse(&["--leader-elect"]).unwrap().leader_elect);
        assert!(!parse(&["--leader-elect=false"]).unwrap().leader_elect);
    }

    #[test]
    fn wrong_values_say_what_to_do() {
        for (arguments, expected) in [
            (&["--namespace", "Team"][..], "lower-case"),
            (&["--metrics-bind-address", "8080"], "use `:8080`"),
            (&["--concurrency", "0"], "--concurrency"),
            (&["--log-level", "kube=loud"], "use a level like `debug`"),
            (&["--log-format", "xml"], "human"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(expected), "{arguments:?}: {error}");
        }
    }
}
