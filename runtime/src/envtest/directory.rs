//! A directory of an environment's own: gone with it, but kept where a test has failed.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use crate::{Result, random};

/// A new directory, which only this user can read.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Result<Self> {
        let name = format!("opgen-envtest-{:016x}", random::number());
        let path = std::env::temp_dir().join(name);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let path = self.0.display();
        if std::thread::panicking() {
            eprintln!("the environment's logs and data are kept in `{path}`");
        } else if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("failed to remove `{path}`: {error}");
        }
    }
}
