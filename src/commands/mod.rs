//! The commands: arguments in, a scaffold out, and one [`finish`] for all of them.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::{
    cli::{Cli, Command, CreateCommand, GlobalArgs},
    problem::Problem,
    shell::{Shell, Verbosity},
};

mod crd;
mod create_api;
mod envtest;
mod finish;
mod init;
mod manifests;
mod modules;
mod rbac;
mod samples;

pub use finish::finish;

/// Runs the command that was typed.
///
/// # Errors
/// Whatever the user should know; nothing has been written then, or the message says so.
pub fn run(cli: &Cli, shell: &Shell) -> anyhow::Result<()> {
    let global = &cli.global;
    match &cli.command {
        Command::Init(args) => init::run(args, global, shell),
        Command::Create(CreateCommand::Api(args)) => create_api::run(args, global, shell),
        Command::Manifests(args) => manifests::run(args, global, shell),
        Command::Crd(command) => crd::run(command, global, shell),
        Command::Rbac(command) => rbac::run(command, global, shell),
        Command::Envtest(args) => envtest::run(args, shell),
        Command::Version => {
            shell.data(&format!("opgen {}\n", crate::project::OPGEN_VERSION));
            Ok(())
        }
        Command::Completion(args) => {
            let mut script = Vec::new();
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(args.shell, &mut command, "opgen", &mut script);
            shell.data(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}

/// The shell that the global options ask for.
pub fn shell(global: &GlobalArgs) -> Shell {
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    Shell::new(verbosity, global.color)
}

/// The directory that `-C` names, absolute.
fn directory(global: &GlobalArgs) -> anyhow::Result<Utf8PathBuf> {
    let here = std::env::current_dir()?;
    let here = Utf8PathBuf::from_path_buf(here).map_err(|path| {
        Problem::new(format!("the path `{}` is not UTF-8", path.display())).help("move the project")
    })?;
    Ok(normal(&here.join(&global.directory)))
}

/// The path without `.` and `..`, also where nothing is there yet. As in a shell, `..` leaves the name before it.
fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut normal = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// A program as it is called from where this command was: with `-C` where that was given.
fn program(name: &str, global: &GlobalArgs) -> String {
    match global.directory.as_str() {
        "" | "." => name.to_owned(),
        directory if directory.contains(char::is_whitespace) => {
            format!("{name} -C \"{directory}\"")
        }
        directory => format!("{name} -C {directory}"),
    }
}
