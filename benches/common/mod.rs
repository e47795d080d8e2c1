//! What benches that measure a generated operator share.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        return values[middle];
    }
    f64::midpoint(values[middle - 1], values[middle])
}

/// A fresh operator, whose binary is built for release.
pub fn build(project: &Path) -> PathBuf {
    fs::create_dir(project).unwrap();
    let opgen = Path::new(env!("CARGO_BIN_EXE_opgen"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runtime = format!("--runtime={}", root.join("runtime").display());
    let target = env::var_os("OPGEN_SCAFFOLD_TARGET").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root.join("target/scaffolds"));
    for (program, arguments) in [
        (
            opgen,
            &[
                "-q",
                "init",
                "--domain=example.com",
                "--project-name=myapp",
                &runtime,
            ][..],
        ),
        (
            opgen,
            &[
                "-q",
                "create",
                "api",
                "--group=apps",
                "--version=v1",
                "--kind=MyApp",
            ],
        ),
        (Path::new("cargo"), &["build", "--release", "--locked"]),
    ] {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(project)
            .env("CARGO_TARGET_DIR", &target);
        assert!(command.status().unwrap().success(), "{command:?}");
    }
    let binary = project.join("operator");
    fs::copy(target.join("release/myapp"), &binary).unwrap();
    binary
}

/// An empty directory below cargo's target directory.
pub fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("benches")
        .join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    fs::create_dir_all(&directory).unwrap();
    directory
}
