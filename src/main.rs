//! Parses the arguments, runs the command, prints the error.

use std::process::ExitCode;

use clap::Parser as _;
use opgen::{cli::Cli, commands};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let shell = commands::shell(&cli.global);
    match commands::run(&cli, &shell) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell.error(&error);
            ExitCode::FAILURE
        }
    }
}
