//! `opgen envtest`: where kube-apiserver, etcd and kubectl are.

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    cli::EnvtestArgs,
    envtest::{self, Progress, Request},
    shell::Shell,
};

/// Runs `opgen envtest`.
///
/// # Errors
/// Binaries that are not there and cannot be downloaded.
pub fn run(args: &EnvtestArgs, shell: &Shell) -> anyhow::Result<()> {
    let request = Request {
        version: args.kubernetes_version.clone(),
        bin_dir: args.bin_dir.clone(),
        index: args.index.clone(),
        installed_only: args.installed_only,
        assets_env: std::env::var("KUBEBUILDER_ASSETS").ok(),
    };
    let mut progress = Bar {
        shell,
        bar: ProgressBar::hidden(),
    };
    let directory = envtest::find(&request, &mut progress)?;
    shell.data(&format!("{directory}\n"));
    Ok(())
}

/// The directory with the binaries that tests run against, as the environment says, else the usual ones.
pub(super) fn assets(shell: &Shell) -> anyhow::Result<camino::Utf8PathBuf> {
    let request = Request {
        assets_env: std::env::var("KUBEBUILDER_ASSETS").ok(),
        ..Request::default()
    };
    let bar = ProgressBar::hidden();
    envtest::find(&request, &mut Bar { shell, bar })
}

/// A bar on a terminal, and one line elsewhere.
struct Bar<'a> {
    shell: &'a Shell,
    bar: ProgressBar,
}

impl Progress for Bar<'_> {
    fn start(&mut self, total: Option<u64>) {
        if !self.shell.draws_progress() {
            self.shell
                .note("downloading kube-apiserver, etcd and kubectl");
            return;
        }
        let style =
            ProgressStyle::with_template("downloading {bytes}/{total_bytes} [{wide_bar}] {eta}");
        self.bar = ProgressBar::new(total.unwrap_or_default());
        if let Ok(style) = style {
            self.bar.set_style(style);
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}
