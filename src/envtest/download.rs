//! Downloads the official release binaries that an index lists.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use sha2::{Digest as _, Sha512};
use ureq::Agent;
use ureq::http::Response;

use super::store::{self, Store};
use super::version::{self, Platform, Selector, Version};
use super::{DEFAULT_INDEX, Progress};
use crate::problem::Problem;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Installs the newest version that matches, and returns its directory.
pub(super) fn download(
    wanted: &Selector,
    platform: &Platform,
    index: &str,
    store: &Store,
    progress: &mut dyn Progress,
) -> Result<Utf8PathBuf> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("opgen/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let (version, archive) = choose(read_index(&agent, index)?, wanted, platform)?;
    let workspace = store.workspace()?;
    let directory =
        Utf8Path::from_path(workspace.path()).context("the store's path is not UTF-8")?;
    let file = fetch(
        &agent,
        &archive,
        &directory.join("archive.tar.gz"),
        progress,
    )?;
    let unpacked = directory.join("bin");
    store::unpack(file, &unpacked, platform)?;
    store.install(&unpacked, directory, version, platform)
}

#[derive(Deserialize)]
struct Index {
    /// By version, then by the archive's file name, which alone counts: it names version and platform.
    releases: BTreeMap<String, BTreeMap<String, Archive>>,
}

#[derive(Deserialize)]
struct Archive {
    /// SHA-512, in hexadecimal digits.
    hash: String,
    #[serde(rename = "selfLink")]
    url: String,
}

fn read_index(agent: &Agent, url: &str) -> Result<Index> {
    let mut response = get(
        agent,
        url,
        "check the URL of `--index`, or leave it out for the official index",
    )?;
    let text = response
        .body_mut()
        .read_to_string()
        .with_context(|| unreachable(url))?;
    let unreadable = || {
        Problem::new(format!("failed to read the index `{url}`")).help(format!(
            "it must look like the official one, `{DEFAULT_INDEX}`"
        ))
    };
    serde_saphyr::from_str(&text).with_context(unreadable)
}

fn choose(
    index: Index,
    wanted: &Selector,
    platform: &Platform,
) -> Result<(Version, Archive), Problem> {
    let archives = index.releases.into_values().flatten();
    let mut available: BTreeMap<Version, Archive> = archives
        .filter_map(|(name, archive)| {
            let name = name.strip_prefix("envtest-v")?.strip_suffix(".tar.gz")?;
            Some((platform.version_in(name)?, archive))
        })
        .collect();
    let newest_match = available
        .keys()
        .rev()
        .copied()
        .find(|version| wanted.matches(*version));
    if let Some((version, archive)) =
        newest_match.and_then(|version| available.remove_entry(&version))
    {
        return Ok((version, archive));
    }
    let versions: Vec<_> = available.into_keys().collect();
    Err(match version::newest(&versions) {
        Some(list) => Problem::new(format!("no Kubernetes `{wanted}` for `{platform}` in the index"))
            .help(format!("the newest versions there are {list}")),
        None => Problem::new(format!("no Kubernetes for `{platform}` in the index"))
            .help("build kube-apiserver, etcd and kubectl, and set `KUBEBUILDER_ASSETS` to their directory"),
    })
}

/// Downloads the archive, checks it, and returns the file at its beginning.
fn fetch(
    agent: &Agent,
    archive: &Archive,
    path: &Utf8Path,
    progress: &mut dyn Progress,
) -> Result<File> {
    let url = &archive.url;
    let mut response = get(
        agent,
        url,
        "the index names an archive that is not there: ask for another version",
    )?;
    let unwritable = || store::written(path);
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .with_context(unwritable)?;
    let body = response.body_mut();
    progress.start(body.content_length());
    let mut watched = Watched {
        reader: body.as_reader(),
        hash: Sha512::new(),
        progress: &mut *progress,
    };
    let interrupted = || {
        Problem::new(format!("download of `{url}` was interrupted")).help("run the command again")
    };
    let copied = store::copy(&mut watched, &mut file, interrupted, unwritable);
    let hash = watched.hash.finalize();
    progress.finish();
    copied?;
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if !digits.eq_ignore_ascii_case(archive.hash.trim()) {
        let problem = Problem::new(format!("wrong checksum of `{url}`"))
            .help("nothing was installed: run the command again, and if it happens again, do not trust the source")
            .detail(format!("expected SHA-512 {}\nreceived SHA-512 {digits}", archive.hash));
        return Err(problem.into());
    }
    file.rewind().with_context(unwritable)?;
    Ok(file)
}

/// Hashes and counts what passes.
struct Watched<'a, R> {
    reader: R,
    hash: Sha512,
    progress: &'a mut dyn Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.progress.advance(count as u64);
        Ok(count)
    }
}

fn get(agent: &Agent, url: &str, help_if_refused: &str) -> Result<Response<ureq::Body>> {
    let response = agent.get(url).call().with_context(|| unreachable(url))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    Err(
        Problem::new(format!("`{url}` answered with status {status}"))
            .help(help_if_refused)
            .into(),
    )
}

fn unreachable(url: &str) -> Problem {
    let help = "set `KUBEBUILDER_ASSETS` to a directory with kube-apiserver, etcd and kubectl, take an installed \
                version with `--installed-only`, or name a mirror with `--index`";
    Problem::new(format!("failed to download `{url}`")).help(help)
}
