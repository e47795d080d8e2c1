//! `opgen crd`: CRDs compared and described.

use crate::{
    cli::{CrdCommand, GlobalArgs},
    shell::Shell,
};

/// Runs `opgen crd`.
///
/// # Errors
/// Those of the command.
pub fn run(command: &CrdCommand, _global: &GlobalArgs, _shell: &Shell) -> anyhow::Result<()> {
    match *command {}
}
