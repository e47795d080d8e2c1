//! `opgen crd`: CRDs compared and described.

use crate::{
    cli::{CrdCommand, GlobalArgs},
    shell::Shell,
};

mod diff;
mod docs;

/// Runs `opgen crd`.
///
/// # Errors
/// Those of the command.
pub fn run(command: &CrdCommand, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    match command {
        CrdCommand::Diff(args) => diff::run(args, global, shell),
        CrdCommand::Docs(args) => docs::run(args, global, shell),
    }
}
