//! Where kube-apiserver, etcd and kubectl are, and how they get there.
//!
//! They are looked for in `KUBEBUILDER_ASSETS`, then in the directory that Kubebuilder's setup-envtest fills, which
//! opgen shares with it; else the official release is downloaded into that directory.

mod download;
mod store;
mod version;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use self::store::Store;
use self::version::{Platform, Selector};
use crate::problem::Problem;

/// The Kubernetes version that opgen's own tests run against.
pub const DEFAULT_VERSION: &str = "1.37.x";

/// The official list of releases.
pub const DEFAULT_INDEX: &str =
    "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml";

/// What is wanted, and where it may come from.
#[derive(Clone, Debug)]
pub struct Request {
    /// `1.37`, `1.37.x` or `1.37.2`; of several that match, the newest. `None` means [`DEFAULT_VERSION`].
    pub version: Option<String>,
    /// The store, instead of setup-envtest's usual one.
    pub bin_dir: Option<Utf8PathBuf>,
    /// The URL of the list of releases, in the format of [`DEFAULT_INDEX`].
    pub index: String,
    /// Whether to stay off the network.
    pub installed_only: bool,
    /// The value of `KUBEBUILDER_ASSETS`. An empty one counts as none.
    pub assets_env: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            version: None,
            bin_dir: None,
            index: DEFAULT_INDEX.to_owned(),
            installed_only: false,
            assets_env: None,
        }
    }
}

/// Follows a download. Nothing is called when nothing is downloaded.
pub trait Progress {
    /// The download begins. The size is in bytes, if the server tells it.
    fn start(&mut self, total: Option<u64>);
    /// So many more bytes arrived.
    fn advance(&mut self, bytes: u64);
    /// The download ended, well or not.
    fn finish(&mut self);
}

/// The absolute path of a directory that holds the three executables, which are downloaded first if they must be.
///
/// # Errors
/// A [`Problem`], with the cause chained behind it if there is one: `KUBEBUILDER_ASSETS` is incomplete, the version is
/// malformed or does not exist for this platform, the network or the disk fails, or the archive is not what the index
/// promises. After an error nothing half-done is in the store.
pub fn find(request: &Request, progress: &mut dyn Progress) -> Result<Utf8PathBuf> {
    find_for(Platform::current(), request, progress)
}

fn find_for(
    platform: Platform,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<Utf8PathBuf> {
    if let Some(assets) = request
        .assets_env
        .as_deref()
        .filter(|assets| !assets.is_empty())
    {
        return from_environment(Utf8Path::new(assets), &platform);
    }
    let wanted: Selector = request
        .version
        .as_deref()
        .unwrap_or(DEFAULT_VERSION)
        .parse()?;
    let root = match &request.bin_dir {
        Some(directory) => directory.clone(),
        None => store::default_root(std::env::consts::OS, |name| std::env::var(name).ok())?,
    };
    let store = Store::at(&camino::absolute_utf8(root)?);
    let installed = store.installed(&platform)?;
    if let Some(version) = installed
        .iter()
        .rev()
        .find(|version| wanted.matches(**version))
    {
        return Ok(store.directory(*version, &platform));
    }
    if request.installed_only {
        let help = match version::newest(&installed) {
            Some(list) => format!("installed: {list}; without `--installed-only` it is downloaded"),
            None => "without `--installed-only` it is downloaded".to_owned(),
        };
        return Err(
            Problem::new(format!("no Kubernetes `{wanted}` in `{}`", store.path()))
                .help(help)
                .into(),
        );
    }
    download::download(&wanted, &platform, &request.index, &store, progress)
}

fn from_environment(assets: &Utf8Path, platform: &Platform) -> Result<Utf8PathBuf> {
    let missing = store::missing(assets, platform);
    if missing.is_empty() {
        return Ok(camino::absolute_utf8(assets)?);
    }
    let message = format!(
        "no executable `{}` in `KUBEBUILDER_ASSETS`, which is `{assets}`",
        missing.join("`, `")
    );
    Err(Problem::new(message)
        .help("set it to a directory with all three, or unset it to have them downloaded")
        .into())
}

#[cfg(test)]
mod tests;
