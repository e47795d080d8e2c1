//! What is measured: the operators, built.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::common;

/// Who does the work, as the table has it.
pub struct Contender {
    pub name: &'static str,
    /// `None` for the floor, which is this process.
    pub binary: Option<PathBuf>,
}

pub const FLOOR: &str = "floor";
pub const OPGEN: &str = "opgen";
pub const CAREFUL: &str = "Go, careful";
pub const SCAFFOLD: &str = "Go, scaffold";

/// Makes a project with opgen, and builds it and the operators in Go, if Go is there. `OPERATORS` chooses.
pub fn build(project: &Path) -> Vec<Contender> {
    let chosen =
        env::var("OPERATORS").unwrap_or_else(|_| "floor,opgen,careful,scaffold".to_owned());
    let is_chosen = |name: &str| chosen.split(',').any(|it| it == name);
    let mut contenders = Vec::new();
    if is_chosen("floor") {
        contenders.push(Contender {
            name: FLOOR,
            binary: None,
        });
    }
    // The CRD is the project's, so that it is made in any case.
    contenders.push(Contender {
        name: OPGEN,
        binary: Some(common::build(project)),
    });
    for (name, package) in [(CAREFUL, "careful"), (SCAFFOLD, "scaffold")] {
        if is_chosen(package)
            && let Some(binary) = build_go(package)
        {
            contenders.push(Contender {
                name,
                binary: Some(binary),
            });
        }
    }
    contenders
}

/// Stripped, as the operator of opgen is.
fn build_go(package: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let binary = root.join("target/go").join(package);
    let mut command = Command::new("go");
    command
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags=-s -w",
            "-o",
        ])
        .arg(&binary)
        .arg(format!("./{package}"))
        .env("CGO_ENABLED", "0")
        .current_dir(root.join("benches/operator"));
    match command.status() {
        Ok(status) => {
            assert!(status.success(), "{command:?}");
            Some(binary)
        }
        Err(error) => {
            println!("`{package}` is left out: cannot run `go`: {error}");
            None
        }
    }
}
