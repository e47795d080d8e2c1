//! The recording: what the operator asks of the API server and what its controllers do, one JSON object a line.
//!
//! The README has the format. It is appended to in whole lines, so that several processes may share a file, and
//! one that is killed loses no more than a few milliseconds.

mod attempt;
mod layer;
mod request_info;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(feature = "envtest")]
pub(crate) use request_info::decode;
use serde::Serialize;

use self::attempt::Recorded;
use crate::metrics::Outcome;
use crate::{Error, Result};

/// Readers ignore fields that they do not know; any other change of the format needs a new number.
const PROTOCOL: u32 = 1;
/// How long a line may wait until it is in the file: what a process that is killed loses at most.
const LONGEST_WAIT: Duration = Duration::from_millis(20);
/// How many lines may wait.
const MOST_WAITING: usize = 256;

/// Writes the recording. Clones share the file.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Mutex<State>>);

struct State {
    path: PathBuf,
    /// `None` after a failure.
    file: Option<File>,
    /// Written before anything else.
    header: Option<Header>,
    /// What is not in the file yet.
    waiting: Vec<Entry>,
    /// Whether it will be soon.
    is_due: bool,
    /// Whole lines on their way to the file.
    lines: Vec<u8>,
}

/// What becomes a line.
enum Entry {
    Header(Header),
    Request(Recorded),
    Reconcile(Reconcile),
}

/// The first line of a process: whose recording this is.
#[derive(Serialize)]
pub(crate) struct Header {
    recording: u32,
    operator: String,
    namespace: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespaces: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    controllers: Vec<&'static str>,
}

impl Header {
    /// `namespace` is the operator's own, `namespaces` are those that it watches, none for all.
    pub(crate) fn new(operator: &str, namespace: &str, namespaces: &[String]) -> Self {
        Self {
            recording: PROTOCOL,
            operator: operator.to_owned(),
            namespace: namespace.to_owned(),
            namespaces: namespaces.to_vec(),
            controllers: Vec::new(),
        }
    }

    pub(crate) fn with_controllers(mut self, names: &[&'static str]) -> Self {
        self.controllers = names.to_vec();
        self.controllers.sort_unstable();
        self
    }
}

/// A reconcile that has ended.
#[derive(Serialize)]
struct Reconcile {
    controller: &'static str,
    object: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    deleting: bool,
}

impl Recorder {
    /// # Errors
    ///
    /// When the file cannot be opened or made.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (file, line) = open(path).map_err(|error| {
            let path = path.display();
            Error::other(format!("cannot open the recording `{path}`: {error}"))
        })?;
        tracing::info!(file = %path.display(), "recording every request");
        Ok(Self(Arc::new(Mutex::new(State {
            path: path.to_owned(),
            file: Some(file),
            header: None,
            waiting: Vec::new(),
            is_due: false,
            lines: line,
        }))))
    }

    /// The header for requests that are made before the operator starts and knows its controllers.
    pub(crate) fn prepare(&self, header: Header) {
        self.state().header = Some(header);
    }

    /// Writes the header of an operator that starts.
    pub(crate) fn start(&self, header: Header) {
        let mut state = self.state();
        state.flush();
        state.header = None;
        state.waiting.push(Entry::Header(header));
        state.flush();
    }

    pub(crate) fn reconciled(
        &self,
        controller: &'static str,
        object: String,
        outcome: Outcome,
        deleting: bool,
    ) {
        let outcome = match outcome {
            Outcome::Success | Outcome::RequeueAfter => "success",
            Outcome::Error => "failure",
            Outcome::Panic => "panic",
        };
        self.add(Entry::Reconcile(Reconcile {
            controller,
            object,
            outcome,
            deleting,
        }));
    }

    /// What comes soon after each other is written at once, and beside the work that it is about: one by one, lines would
    /// cost several times as much.
    fn add(&self, entry: Entry) {
        let mut state = self.state();
        state.waiting.push(entry);
        if state.is_due && state.waiting.len() < MOST_WAITING {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !state.is_due => {
                state.is_due = true;
                let recorder = self.clone();
                drop(runtime.spawn(async move {
                    tokio::time::sleep(LONGEST_WAIT).await;
                    recorder.state().flush();
                }));
            }
            _ => state.flush(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lines that cannot be written end the recording: with a hole in it, it would say that something is never used.
    fn flush(&mut self) {
        self.is_due = false;
        let Some(file) = &mut self.file else {
            self.waiting.clear();
            return;
        };
        if !self.waiting.is_empty()
            && let Some(header) = self.header.take()
        {
            append(&mut self.lines, &header);
        }
        for entry in self.waiting.drain(..) {
            match entry {
                Entry::Header(header) => append(&mut self.lines, &header),
                Entry::Request(request) => request.append_to(&mut self.lines),
                Entry::Reconcile(reconcile) => append(&mut self.lines, &reconcile),
            }
        }
        // One write of whole lines, so that those of several processes do not mix.
        let result = file.write_all(&self.lines);
        self.lines.clear();
        if let Err(error) = result {
            self.file = None;
            tracing::warn!(
                file = %self.path.display(),
                %error,
                "cannot write the recording, it ends here"
            );
        }
    }
}

/// Adds a line.
fn append(lines: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *lines, line).expect("strings and numbers are always JSON");
    lines.push(b'\n');
}

/// The last lines of a process.
impl Drop for State {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The file, and what has to stand before the first line: a full disk may have left half a line.
fn open(path: &Path) -> io::Result<(File, Vec<u8>)> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).append(true).create(true).open(path)?;
    let metadata = file.metadata()?;
    let mut last = *b"\n";
    if metadata.is_file() && metadata.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let before = if last == *b"\n" { "" } else { "\n" };
    Ok((file, before.into()))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Manager, Options};

    struct Bench {
        path: PathBuf,
        _directory: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            Self {
                path: directory.path().join("recording"),
                _directory: directory,
            }
        }

        fn recorder(&self) -> Recorder {
            let recorder = Recorder::open(&self.path).unwrap();
            recorder.prepare(header());
            recorder
        }

        fn text(&self) -> String {
            std::fs::read_to_string(&self.path).unwrap()
        }
    }

    fn header() -> Header {
        Header::new("myapp", "own", &["a".to_owned()])
    }

    const EARLY: &str =
        r#"{"recording":1,"operator":"myapp","namespace":"own","namespaces":["a"]}"#;
    const FULL: &str = r#"{"recording":1,"operator":"myapp","namespace":"own","namespaces":["a"],"controllers":["c","d"]}"#;
    const LINE: &str = r#"{"controller":"c","object":"a/x","outcome":"failure"}"#;

    fn write_line(recorder: &Recorder) {
        recorder.reconciled("c", "a/x".to_owned(), Outcome::Error, false);
    }

    #[test]
    fn a_start_is_the_first_line() {
        let bench = Bench::new();
        let recorder = bench.recorder();
        recorder.start(header().with_controllers(&["d", "c"]));
        write_line(&recorder);
        assert_eq!(bench.text(), format!("{FULL}\n{LINE}\n"));
    }

    #[test]
    fn what_comes_before_the_start_has_a_header_too() {
        let bench = Bench::new();
        let recorder = bench.recorder();
        write_line(&recorder);
        recorder.start(header().with_controllers(&["d", "c"]));
        write_line(&recorder);
        assert_eq!(bench.text(), format!("{EARLY}\n{LINE}\n{FULL}\n{LINE}\n"));
    }

    #[test]
    fn half_a_line_of_another_process_stays_apart() {
        let bench = Bench::new();
        std::fs::write(&bench.path, "{\"verb\":\"ge").unwrap();
        write_line(&bench.recorder());
        write_line(&bench.recorder());
        let expected = format!("{{\"verb\":\"ge\n{EARLY}\n{LINE}\n{EARLY}\n{LINE}\n");
        assert_eq!(bench.text(), expected);
    }

    #[test]
    fn processes_share_a_file() {
        let bench = Bench::new();
        let writers: Vec<_> = std::iter::repeat_with(|| bench.recorder())
            .take(4)
            .collect();
        std::thread::scope(|scope| {
            for writer in &writers {
                scope.spawn(|| (0..1000).for_each(|_| write_line(writer)));
            }
        });
        let text = bench.text();
        assert_eq!(text.lines().filter(|line| *line == LINE).count(), 4000);
        assert_eq!(text.lines().filter(|line| *line == EARLY).count(), 4);
        assert_eq!(text.lines().count(), 4004);
    }

    #[tokio::test]
    async fn the_client_of_a_test_is_not_recorded() {
        let bench = Bench::new();
        let options = Options {
            rbac_recording: Some(bench.path.clone().into_os_string()),
            ..Options::default()
        };
        crate::client::kubeconfig::install_crypto_provider();
        let nowhere = axum::http::Uri::from_static("http://127.0.0.1:1");
        let client = kube::Client::try_from(kube::Config::new(nowhere)).unwrap();
        let manager = Manager::with_client("myapp", options, client);
        assert!(manager.recorder().is_none());
        assert!(!bench.path.exists());
    }
}
