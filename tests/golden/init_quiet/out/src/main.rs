//! Starts the myapp operator.

use clap::Parser;
use opgen_runtime::{Manager, Options};

use myapp::controllers;

/// The myapp operator.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    manager: Options,
}

// Controllers report what they do as Events; a repeated one is counted by a patch.
// +opgen:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// One thread: an operator mostly waits for the API server, and more threads take more memory and
// CPU for the same. What computes for long goes into `tokio::task::spawn_blocking`.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut manager = Manager::new("myapp", args.manager).await?;
    controllers::register(&mut manager);
    // Until SIGTERM.
    manager.start().await?;
    Ok(())
}
