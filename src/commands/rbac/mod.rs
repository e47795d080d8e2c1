//! `opgen rbac`: what the operator may do beside what it does.

use crate::{
    cli::{GlobalArgs, RbacCommand},
    shell::Shell,
};

mod explain;
mod granted;
mod said;
mod tests_run;
mod used;
mod verify;

/// Runs `opgen rbac …`.
///
/// # Errors
/// Whatever the user should know.
pub fn run(command: &RbacCommand, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    match command {
        RbacCommand::Verify(args) => verify::run(args, global, shell),
        RbacCommand::Explain(args) => explain::run(args, global, shell),
    }
}
