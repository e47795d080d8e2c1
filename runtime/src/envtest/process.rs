//! Child processes that do not outlive the test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::{Error, Result};

/// A running child process with its output in a file. Dropping it kills it.
pub(super) struct Process {
    name: String,
    command: Command,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with stdout and stderr in the file `log`.
    pub(super) fn start(name: &str, command: Command, log: PathBuf) -> Result<Self> {
        let failed = |error| Error::other(format!("cannot start {name}: {error}"));
        let output = File::create(&log).map_err(failed)?;
        let mut command = bound_to_us(command);
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output);
        let (command, child) = spawn(command).map_err(failed)?;
        Ok(Self {
            name: name.to_owned(),
            command,
            child,
            log,
        })
    }

    /// Starts it again if it has ended, with the same arguments. Its output goes on in the same
    /// file.
    pub(super) fn revive(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            return Ok(());
        }
        let failed = |error| Error::other(format!("cannot start {} again: {error}", self.name));
        let command = std::mem::replace(&mut self.command, Command::new(""));
        (self.command, self.child) = spawn(command).map_err(failed)?;
        Ok(())
    }

    /// `setpriv` has become the command, so this is the command's.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub(super) fn output(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// # Errors
    ///
    /// When it has ended, with the end of its output.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(Error::other(format!(
                "{} ended ({status}): {}",
                self.name,
                last_lines(&self.output())
            ))),
        }
    }

    /// Sends SIGTERM and waits until it has ended.
    pub(super) async fn terminate(&mut self, patience: Duration) -> Result<ExitStatus> {
        self.signal(Signal::Terminate)?;
        let deadline = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
        Err(Error::other(format!(
            "{} did not end within {patience:?} of SIGTERM: {}",
            self.name,
            last_lines(&self.output())
        )))
    }

    /// Sends a signal, if it still runs.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            send(signal, &self.child)?;
        }
        Ok(())
    }

    /// Kills it, if it still runs.
    pub(super) fn kill(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a process can be told from outside, apart from the end of it.
#[derive(Clone, Copy)]
pub(super) enum Signal {
    Terminate,
    Stop,
    Continue,
}

#[cfg(unix)]
fn send(signal: Signal, child: &Child) -> Result<()> {
    use rustix::process::{Pid, Signal as Number, kill_process};
    let number = match signal {
        Signal::Terminate => Number::TERM,
        Signal::Stop => Number::STOP,
        Signal::Continue => Number::CONT,
    };
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let id = id.ok_or_else(|| Error::other("the process has no id"))?;
    let failed = |error: rustix::io::Errno| std::io::Error::from_raw_os_error(error.raw_os_error());
    Ok(kill_process(id, number).map_err(failed)?)
}

#[cfg(not(unix))]
fn send(_: Signal, _: &Child) -> Result<()> {
    Err(Error::other("there are no signals on this system"))
}

/// The command, made to die with this process where the system can do that.
///
/// What the kernel offers for it, `PR_SET_PDEATHSIG`, has to be asked for between fork and exec,
/// which only `unsafe` code can do from here; `setpriv` does it for us and becomes the command.
fn bound_to_us(command: Command) -> Command {
    static HAS_SETPRIV: LazyLock<bool> = LazyLock::new(|| {
        let mut attempt = Command::new("setpriv");
        attempt.args(["--pdeathsig", "KILL", "true"]);
        attempt.stderr(Stdio::null());
        cfg!(target_os = "linux") && attempt.status().is_ok_and(|status| status.success())
    });
    if !*HAS_SETPRIV {
        return command;
    }
    let mut bound = Command::new("setpriv");
    bound.args(["--pdeathsig", "KILL", "--"]);
    bound.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        bound.current_dir(directory);
    }
    bound
}

/// Spawns on a thread that lives as long as this process: the kernel takes the end of the thread
/// that spawned for the end of the parent, and each test has a thread of its own.
///
/// Gives the command back, with which the child can be started again.
fn spawn(command: Command) -> std::io::Result<(Command, Child)> {
    type Job = (Command, mpsc::Sender<(Command, std::io::Result<Child>)>);
    static SPAWNER: LazyLock<Mutex<mpsc::Sender<Job>>> = LazyLock::new(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        std::thread::spawn(move || {
            for (mut command, answer) in jobs {
                // Nobody waits any more? Then the child is dropped, and ends with its owner.
                let child = command.spawn();
                let _ = answer.send((command, child));
            }
        });
        Mutex::new(sender)
    });
    let (sender, answer) = mpsc::channel();
    let gone = |_| std::io::Error::other("the spawning thread is gone");
    SPAWNER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, sender))
        .map_err(|_| std::io::Error::other("the spawning thread is gone"))?;
    let (command, child) = answer.recv().map_err(gone)?;
    Ok((command, child?))
}

/// The last lines of a log, which say why it ended.
pub(super) fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().rev().take(10).collect();
    let lines: Vec<_> = lines.into_iter().rev().collect();
    if lines.is_empty() {
        "it wrote nothing".to_owned()
    } else {
        format!("it wrote last:\n{}", lines.join("\n"))
    }
}

/// `directory/name`, or `directory/name-2` and so on if there is one already.
pub(super) fn unused(directory: &Path, name: &str, extension: &str) -> PathBuf {
    let first = directory.join(format!("{name}.{extension}"));
    let others = (2u32..).map(|number| directory.join(format!("{name}-{number}.{extension}")));
    std::iter::once(first)
        .chain(others)
        .find(|path| !path.exists())
        .expect("the numbers do not run out before the disk does")
}
