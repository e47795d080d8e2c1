//! Where the binaries are.

use std::path::PathBuf;

use crate::{Error, Result};

const VARIABLE: &str = "KUBEBUILDER_ASSETS";
const BINARIES: [&str; 3] = ["etcd", "kube-apiserver", "kubectl"];

/// A directory with all of [`BINARIES`].
pub(super) struct Assets(PathBuf);

impl Assets {
    pub(super) fn find() -> Result<Self> {
        Self::check(std::env::var_os(VARIABLE).map(PathBuf::from))
    }

    fn check(directory: Option<PathBuf>) -> Result<Self> {
        let help = "`opgen envtest` prints a directory for it, and `make test` sets it";
        let directory = directory.filter(|directory| !directory.as_os_str().is_empty());
        let Some(directory) = directory else {
            return Err(Error::other(format!(
                "{VARIABLE} is not set to a directory with kube-apiserver, etcd and kubectl; {help}"
            )));
        };
        let is_missing = |binary: &&str| !directory.join(binary).is_file();
        let missing: Vec<_> = BINARIES.into_iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(Self(directory));
        }
        Err(Error::other(format!(
            "{VARIABLE} is `{}`, which lacks {}; {help}",
            directory.display(),
            missing.join(" and ")
        )))
    }

    pub(super) fn binary(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_or_binary_is_named_with_both_ways_out() {
        let empty = super::super::directory::Directory::new().unwrap();
        let path = empty.path().to_path_buf();
        std::fs::write(path.join("etcd"), "").unwrap();
        for (directory, expected) in [
            (None, "is not set"),
            (Some(PathBuf::new()), "is not set"),
            (Some(path), "lacks kube-apiserver and kubectl"),
        ] {
            let Err(error) = Assets::check(directory) else {
                panic!("accepted, expected: {expected}");
            };
            let error = error.to_string();
            for part in [VARIABLE, expected, "`opgen envtest`", "`make test`"] {
                assert!(error.contains(part), "{part} in {error}");
            }
        }
    }
}
