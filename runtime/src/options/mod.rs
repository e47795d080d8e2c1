//! The command line of an operator: each flag with its environment variable, checked by clap.

mod address;
mod check;
mod values;

use std::ffi::OsString;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::address::BindAddress;
pub(crate) use self::values::log_level;

/// What every operator can be told from outside. Use it with `#[command(flatten)]`.
///
/// Names and meanings are Kubebuilder's where it has the flag. [`Options::default`] is what an
/// empty command line gives, environment variables left out.
///
/// ```
/// use clap::Parser;
/// use opgen_runtime::Options;
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     manager: Options,
/// }
///
/// let args = Args::parse_from(["myapp", "--leader-elect", "--concurrency=8"]);
/// assert!(args.manager.leader_elect);
/// ```
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
        value_parser = values::namespace
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

    /// Serve /metrics by HTTPS, to clients whose token may `get` it
    #[arg(
        long,
        env = "METRICS_SECURE",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub metrics_secure: bool,

    /// Directory with the certificate for /metrics [default: one is made and signed by itself]
    #[arg(long, env = "METRICS_CERT_PATH", value_name = "DIRECTORY")]
    pub metrics_cert_path: Option<PathBuf>,

    /// File of the certificate in that directory
    #[arg(
        long,
        env = "METRICS_CERT_NAME",
        value_name = "FILE",
        default_value = DEFAULT_CERT_NAME
    )]
    pub metrics_cert_name: String,

    /// File of its key in that directory
    #[arg(
        long,
        env = "METRICS_CERT_KEY",
        value_name = "FILE",
        default_value = DEFAULT_CERT_KEY
    )]
    pub metrics_cert_key: String,

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

    /// Name of the lease [default: the operator's name and `-leader`]
    #[arg(long, env = "LEADER_ELECT_ID", value_name = "NAME", value_parser = values::object_name)]
    pub leader_elect_id: Option<String>,

    /// Namespace of the lease [default: the operator's own namespace]
    #[arg(
        long,
        env = "LEADER_ELECT_NAMESPACE",
        value_name = "NAMESPACE",
        value_parser = values::namespace
    )]
    pub leader_elect_namespace: Option<String>,

    /// How long others wait for a leader that is not heard of, in whole seconds
    #[arg(
        long,
        env = "LEADER_ELECT_LEASE_DURATION",
        value_name = "DURATION",
        default_value = "15s",
        value_parser = values::duration
    )]
    pub leader_elect_lease_duration: Duration,

    /// How long a leader that cannot renew the lease goes on
    #[arg(
        long,
        env = "LEADER_ELECT_RENEW_DEADLINE",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = values::duration
    )]
    pub leader_elect_renew_deadline: Duration,

    /// How often the lease is renewed, or asked for
    #[arg(
        long,
        env = "LEADER_ELECT_RETRY_PERIOD",
        value_name = "DURATION",
        default_value = "2s",
        value_parser = values::duration
    )]
    pub leader_elect_retry_period: Duration,

    /// Reconciles that each controller runs at the same time
    #[arg(
        long,
        env = "CONCURRENCY",
        value_name = "NUMBER",
        default_value_t = DEFAULT_CONCURRENCY
    )]
    pub concurrency: NonZeroU16,

    /// How long one reconcile may take before it is ended and counts as failed
    #[arg(
        long,
        env = "RECONCILE_TIMEOUT",
        value_name = "DURATION",
        default_value = "5m",
        value_parser = values::duration
    )]
    pub reconcile_timeout: Duration,

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
        value_parser = values::log_level
    )]
    pub log_level: String,

    /// File to append a line to for each request and reconcile, for `opgen rbac verify`
    #[arg(long, env = "RBAC_RECORDING", value_name = "FILE")]
    pub rbac_recording: Option<OsString>,
}

const DEFAULT_CONCURRENCY: NonZeroU16 = NonZeroU16::new(4).expect("four is not zero");
const DEFAULT_LOG_LEVEL: &str = "info";
const DEFAULT_PROBE_PORT: u16 = 8081;
const DEFAULT_CERT_NAME: &str = "tls.crt";
const DEFAULT_CERT_KEY: &str = "tls.key";

impl Default for Options {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            namespaces: Vec::new(),
            metrics_bind_address: BindAddress::Off,
            metrics_secure: true,
            metrics_cert_path: None,
            metrics_cert_name: DEFAULT_CERT_NAME.to_owned(),
            metrics_cert_key: DEFAULT_CERT_KEY.to_owned(),
            health_probe_bind_address: BindAddress::Port(DEFAULT_PROBE_PORT),
            leader_elect: false,
            leader_elect_id: None,
            leader_elect_namespace: None,
            leader_elect_lease_duration: Duration::from_secs(15),
            leader_elect_renew_deadline: Duration::from_secs(10),
            leader_elect_retry_period: Duration::from_secs(2),
            concurrency: DEFAULT_CONCURRENCY,
            reconcile_timeout: Duration::from_secs(300),
            log_format: LogFormat::Auto,
            log_level: DEFAULT_LOG_LEVEL.to_owned(),
            rbac_recording: None,
        }
    }
}

impl Options {
    /// The files of the certificate for `/metrics` and of its key. `None`: one is to be made, or
    /// there is no TLS.
    pub(crate) fn metrics_certificate(&self) -> Option<(PathBuf, PathBuf)> {
        let directory = self.metrics_cert_path.as_deref();
        // A variable that is set to nothing names no directory.
        let directory = directory.filter(|directory| !directory.as_os_str().is_empty())?;
        self.metrics_secure.then(|| {
            (
                directory.join(&self.metrics_cert_name),
                directory.join(&self.metrics_cert_key),
            )
        })
    }

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

    /// Namespace and name of the election's lease, for the operator of that name and namespace.
    pub(crate) fn lease(&self, operator: &str, own_namespace: &str) -> (String, String) {
        // A variable that is set to nothing names nothing.
        let namespace = self.leader_elect_namespace.clone();
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        let name = self.leader_elect_id.clone().filter(|name| !name.is_empty());
        (
            namespace.unwrap_or_else(|| own_namespace.to_owned()),
            name.unwrap_or_else(|| format!("{operator}-leader")),
        )
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        manager: Options,
    }

    pub(super) fn parse(arguments: &[&str]) -> Result<Options, String> {
        let all = std::iter::once("operator").chain(arguments.iter().copied());
        Arguments::try_parse_from(all)
            .map(|parsed| parsed.manager)
            .map_err(|error| error.to_string())
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
    fn the_lease_is_the_operators_own_unless_it_is_named() {
        let lease = |arguments: &[&str]| parse(arguments).unwrap().lease("myapp", "own");
        let pair = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        assert_eq!(lease(&[]), pair("own", "myapp-leader"));
        let unset = ["--leader-elect-id=", "--leader-elect-namespace="];
        assert_eq!(lease(&unset), pair("own", "myapp-leader"));
        let named = ["--leader-elect-id=a.b", "--leader-elect-namespace=n"];
        assert_eq!(lease(&named), pair("n", "a.b"));
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
            (&["--reconcile-timeout", "5"], "like `15s`"),
            (&["--leader-elect-id", "A"], "lower-case"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(expected), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn an_empty_command_line_gives_the_default() {
        let parsed = format!("{:?}", parse(&[]).unwrap());
        assert_eq!(parsed, format!("{:?}", Options::default()));
        Options::default().check().unwrap();
    }
}
