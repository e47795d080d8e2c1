//! Embeds the runtime's sources, and notices new templates, which cargo alone would not.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=runtime");
    for file in files(&root.join("templates")) {
        assert!(
            file.extension()
                .is_some_and(|extension| extension == "tera"),
            "`{}` is not a template: a file below templates/ ends in `.tera`",
            file.display()
        );
    }
    let runtime = root.join("runtime");
    let mut sources = vec![
        runtime.join("Cargo.toml"),
        runtime.join("README.md"),
        root.join("LICENSE"),
    ];
    sources.extend(files(&runtime.join("src")));
    let mut list = String::from("&[\n");
    for file in sources {
        let path = file.strip_prefix(&runtime).unwrap_or(Path::new("LICENSE"));
        let known = matches!(
            path.extension().and_then(|extension| extension.to_str()),
            Some("rs" | "toml" | "md") | None
        );
        assert!(known, "`{}` is no source of the runtime", file.display());
        let path = path
            .to_str()
            .expect("names of ours are UTF-8")
            .replace('\\', "/");
        writeln!(list, "    ({path:?}, include_str!({file:?})),").expect("a string takes all");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    #[expect(clippy::disallowed_methods, reason = "cargo's directory is no project")]
    fs::write(out.join("runtime.rs"), list).expect("cargo's directory takes files");
}

/// Every file below a directory, sorted.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("failed to read `{}`: {error}", directory.display()))
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}
