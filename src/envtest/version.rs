//! Kubernetes versions, what selects them, and the platforms that they are built for.

use std::fmt;
use std::str::FromStr;

use crate::problem::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// Reads exactly three numbers. Pre-releases are none of ours, as they are none of setup-envtest's.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(number);
        let version = Self {
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next()??,
        };
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The newest few of an ascending list, for messages; `None` if there is none.
pub(super) fn newest(ascending: &[Version]) -> Option<String> {
    let names: Vec<_> = ascending
        .iter()
        .rev()
        .take(5)
        .map(ToString::to_string)
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    major: u32,
    minor: u32,
    /// `None` for any.
    patch: Option<u32>,
}

impl Selector {
    pub(super) fn matches(&self, version: Version) -> bool {
        (self.major, self.minor) == (version.major, version.minor)
            && self.patch.is_none_or(|patch| patch == version.patch)
    }
}

impl FromStr for Selector {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let parse = || {
            let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
            let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
            let patch = match parts.next() {
                None | Some("x" | "*") => None,
                Some(patch) => Some(number(patch)?),
            };
            parts.next().is_none().then_some(Self {
                major,
                minor,
                patch,
            })
        };
        let help =
            "write `1.37` or `1.37.x` for the newest patch, or all of a version, such as `1.37.0`";
        parse()
            .ok_or_else(|| Problem::new(format!("invalid Kubernetes version `{text}`")).help(help))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            Some(patch) => write!(formatter, "{}.{}.{patch}", self.major, self.minor),
            None => write!(formatter, "{}.{}.x", self.major, self.minor),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// An operating system and an architecture in Go's spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Platform {
    pub(super) os: String,
    pub(super) arch: String,
}

impl Platform {
    pub(super) fn current() -> Self {
        Self::of(std::env::consts::OS, std::env::consts::ARCH)
    }

    /// From Rust's spelling. A platform that Kubernetes is not built for keeps its name, for the message.
    pub(super) fn of(os: &str, arch: &str) -> Self {
        let os = if os == "macos" { "darwin" } else { os };
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            other => other,
        };
        Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
        }
    }

    /// The executables that a directory must hold.
    pub(super) fn executables(&self) -> [&'static str; 3] {
        match self.os.as_str() {
            "windows" => ["etcd.exe", "kube-apiserver.exe", "kubectl.exe"],
            _ => ["etcd", "kube-apiserver", "kubectl"],
        }
    }

    /// The version in `1.37.0-linux-amd64`, if that is for this platform.
    pub(super) fn version_in(&self, name: &str) -> Option<Version> {
        Version::parse(name.strip_suffix(&format!("-{self}"))?)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.os, self.arch)
    }
}
