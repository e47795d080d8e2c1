//! Logs on stderr: for people on a terminal, as JSON otherwise. What is logged can be changed.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::options::{LogFormat, Options};
use crate::traces;

/// Of this process's logger, if it is ours.
static LEVEL: OnceLock<LogLevel> = OnceLock::new();

/// What is logged.
pub(crate) struct LogLevel {
    /// As it was asked for.
    text: Mutex<String>,
    filter: reload::Handle<EnvFilter, Registry>,
}

/// Installs the process's logger, and the export of traces, for the operator `name`, unless there is
/// one.
pub(crate) fn init(options: &Options, name: &str) {
    let (filter, handle) = reload::Layer::new(filter(&options.log_level));
    let lines = lines(options.log_format).with_filter(filter);
    let mut layers = vec![lines.boxed()];
    layers.extend(traces::layer(name).map(Layer::boxed));
    let installed = tracing_subscriber::registry().with(layers).try_init();
    // An error means that the operator has set up a logger of its own: that one stays.
    if installed.is_ok() {
        let level = LogLevel {
            text: Mutex::new(options.log_level.clone()),
            filter: handle,
        };
        // Whoever comes first, and nobody can come second: there is one logger.
        let _ = LEVEL.set(level);
    }
}

/// `None` when the operator has set up a logger of its own.
pub(crate) fn level() -> Option<&'static LogLevel> {
    LEVEL.get()
}

impl LogLevel {
    /// As it was asked for last.
    pub(crate) fn get(&self) -> String {
        self.text().clone()
    }

    /// Changes it from now on. It has to be one that `--log-level` takes.
    pub(crate) fn set(&self, level: &str) -> Result<(), String> {
        let mut text = self.text();
        let changed = self.filter.reload(filter(level));
        changed.map_err(|error| error.to_string())?;
        level.clone_into(&mut text);
        Ok(())
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let terminal = std::io::stderr().is_terminal();
    let human = match format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => terminal,
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    if human {
        lines
            .with_ansi(terminal && std::env::var_os("NO_COLOR").is_none())
            .with_target(false)
            .boxed()
    } else {
        lines
            .json()
            .flatten_event(true)
            .with_span_list(true)
            .with_current_span(false)
            .boxed()
    }
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
