//! The directory of installed versions, laid out as setup-envtest lays it out: `k8s/<version>-<os>-<arch>/`.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

use super::version::{Platform, Version};
use crate::problem::Problem;

/// What directories are called that hold an unfinished download. Neither opgen nor setup-envtest takes them for a version.
const UNFINISHED: &str = ".opgen-";

pub(super) struct Store {
    k8s: Utf8PathBuf,
}

impl Store {
    pub(super) fn at(root: &Utf8Path) -> Self {
        Self {
            k8s: root.join("k8s"),
        }
    }

    pub(super) fn path(&self) -> &Utf8Path {
        &self.k8s
    }

    pub(super) fn directory(&self, version: Version, platform: &Platform) -> Utf8PathBuf {
        self.k8s.join(format!("{version}-{platform}"))
    }

    /// The complete versions for a platform, the oldest first.
    pub(super) fn installed(&self, platform: &Platform) -> Result<Vec<Version>> {
        let entries = match self.k8s.read_dir_utf8() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| self.unusable("read"))?,
        };
        let mut versions = Vec::new();
        for entry in entries {
            let entry = match entry {
                // A name that is not UTF-8 is no version.
                Err(error) if error.kind() == ErrorKind::InvalidData => continue,
                entry => entry.with_context(|| self.unusable("read"))?,
            };
            if let Some(version) = platform.version_in(entry.file_name())
                && missing(entry.path(), platform).is_empty()
            {
                versions.push(version);
            }
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// A directory for an unfinished download, on the file system of the store, that disappears when it is dropped.
    #[expect(clippy::disallowed_methods, reason = "the store is no project")]
    pub(super) fn workspace(&self) -> Result<TempDir> {
        fs::create_dir_all(&self.k8s).with_context(|| self.unusable("create"))?;
        self.sweep();
        tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.k8s)
            .with_context(|| self.unusable("write to"))
    }

    /// Puts a complete directory into its place; if another process was faster, its directory stays.
    #[expect(clippy::disallowed_methods, reason = "the store is no project")]
    pub(super) fn install(
        &self,
        unpacked: &Utf8Path,
        workspace: &Utf8Path,
        version: Version,
        platform: &Platform,
    ) -> Result<Utf8PathBuf> {
        let target = self.directory(version, platform);
        let mut attempts = 0;
        loop {
            let Err(error) = fs::rename(unpacked, &target) else {
                return Ok(target);
            };
            if missing(&target, platform).is_empty() {
                return Ok(target);
            }
            attempts += 1;
            if attempts > 3 || !target.exists() {
                return Err(error).with_context(|| self.unusable("write to"));
            }
            // What an interrupted setup-envtest left: it goes into the workspace, and away with it.
            make_writable(&target);
            let _ = fs::rename(&target, workspace.join(format!("incomplete-{attempts}")));
        }
    }

    /// Removes what killed processes left, once it is too old to belong to one that is still at work.
    #[expect(clippy::disallowed_methods, reason = "the store is no project")]
    fn sweep(&self) {
        let old = |path: &Utf8Path| {
            let age = fs::metadata(path)
                .and_then(|metadata| metadata.modified())
                .map(|time| time.elapsed());
            matches!(age, Ok(Ok(age)) if age > Duration::from_secs(24 * 60 * 60))
        };
        for entry in self.k8s.read_dir_utf8().into_iter().flatten().flatten() {
            if entry.file_name().starts_with(UNFINISHED) && old(entry.path()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn unusable(&self, verb: &str) -> Problem {
        Problem::new(format!("failed to {verb} the store `{}`", self.k8s))
            .help("check its permissions, or name another one with `--bin-dir`")
    }
}

/// setup-envtest's root, from the environment of a process on the given operating system.
pub(super) fn default_root(
    os: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Utf8PathBuf, Problem> {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(Utf8PathBuf::from)
    };
    let (root, needed) = match os {
        "windows" => (
            set("LocalAppData").map(|base| base.join("kubebuilder-envtest")),
            "`LocalAppData` is",
        ),
        "macos" | "ios" => {
            let root = set("HOME")
                .map(|home| home.join("Library/Application Support/io.kubebuilder.envtest"));
            (root, "`HOME` is")
        }
        _ => {
            let base =
                set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
            (
                base.map(|base| base.join("kubebuilder-envtest")),
                "neither `XDG_DATA_HOME` nor `HOME` is",
            )
        }
    };
    let negation = if needed.starts_with("neither") {
        ""
    } else {
        " not"
    };
    root.ok_or_else(|| {
        Problem::new(format!("{needed}{negation} set")).help("name the store with `--bin-dir`")
    })
}

/// The executables that a directory lacks.
pub(super) fn missing(directory: &Utf8Path, platform: &Platform) -> Vec<&'static str> {
    platform
        .executables()
        .into_iter()
        .filter(|name| !is_executable(&directory.join(name)))
        .collect()
}

#[cfg(unix)]
fn is_executable(path: &Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Utf8Path) -> bool {
    path.is_file()
}

/// setup-envtest makes its directories read-only, and a read-only directory cannot be moved.
fn make_writable(directory: &Utf8Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(directory, fs::Permissions::from_mode(0o755));
    }
    #[cfg(not(unix))]
    let _ = directory;
}

/// Unpacks the three executables of an archive, without its directories, into a new directory.
///
/// Other files are left out. An archive that reaches outside of itself, or lacks one of the three, is refused.
pub(super) fn unpack(archive: File, target: &Utf8Path, platform: &Platform) -> Result<()> {
    let broken = || {
        Problem::new("failed to unpack the archive")
            .help("report it to whoever publishes the index")
    };
    fs::create_dir(target).with_context(|| written(target))?;
    let mut archive = tar::Archive::new(MultiGzDecoder::new(archive));
    for entry in archive.entries().with_context(broken)? {
        let mut entry = entry.with_context(broken)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        let is_outside =
            path.starts_with('/') || path.contains(':') || path.split('/').any(|part| part == "..");
        if is_outside {
            let problem = Problem::new(format!(
                "the archive reaches outside of itself with `{path}`"
            ));
            return Err(problem.help("do not use this index").into());
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        if !entry.header().entry_type().is_file() || !platform.executables().contains(&name) {
            continue;
        }
        let executable = target.join(name);
        if executable.exists() {
            return Err(Problem::new(format!("`{name}` is in the archive twice"))
                .help("do not use this index")
                .into());
        }
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
        let mut file = options
            .open(&executable)
            .with_context(|| written(&executable))?;
        copy(&mut entry, &mut file, broken, || written(&executable))?;
    }
    let missing = missing(target, platform);
    if missing.is_empty() {
        return Ok(());
    }
    let problem = Problem::new(format!("no `{}` in the archive", missing.join("`, `")));
    Err(problem.help("ask for another version").into())
}

/// Copies all, and tells the reader's errors from the writer's.
pub(super) fn copy(
    reader: &mut dyn io::Read,
    writer: &mut dyn io::Write,
    unreadable: impl Fn() -> Problem,
    unwritable: impl Fn() -> Problem,
) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).with_context(unreadable),
        };
        writer
            .write_all(&buffer[..count])
            .with_context(&unwritable)?;
    }
}

/// The problem of a file that could not be written, which most often is a full disk.
pub(super) fn written(path: &Utf8Path) -> Problem {
    Problem::new(format!("failed to write `{path}`"))
        .help("make room on that disk, or name a store elsewhere with `--bin-dir`")
}
