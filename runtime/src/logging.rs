//! Logs on stderr: for people on a terminal, as JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::options::{LogFormat, Options};

/// Installs the process's logger, unless there is one.
pub(crate) fn init(options: &Options) {
    let human = match options.log_format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&options.log_level))
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    // An error means that the operator has set up a logger of its own: that one stays.
    let _ = if human {
        builder
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_target(false)
            .try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_span_list(true)
            .with_current_span(false)
            .try_init()
    };
}

/// The filter for `--log-level`.
///
/// Parts of kube are quiet, unless the user asks about them, because the same is said better here:
/// kube's span around each reconcile, its line with the whole answer of the API server in debug
/// form for each failure of a watch, and its line for each failed connection.
fn filter(level: &str) -> EnvFilter {
    let quiet = [
        ("kube_runtime", "kube_runtime::controller=warn"),
        ("kube_runtime", "kube_runtime::watcher=off"),
        ("kube_client", "kube_client::client::builder=off"),
    ];
    let mut directives = vec![level];
    directives.extend(
        quiet
            .into_iter()
            .filter(|(part, _)| !level.contains(part))
            .map(|(_, directive)| directive),
    );
    EnvFilter::new(directives.join(","))
}
