//! The project's own Rust sources.

use std::collections::BTreeMap;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use super::packages;

/// Every `.rs` file below the `src` of a member of the workspace, by its path.
///
/// # Errors
/// A manifest, directory or file that cannot be read.
pub fn read(root: &Utf8Path) -> anyhow::Result<BTreeMap<Utf8PathBuf, String>> {
    read_changed(root, &BTreeMap::new())
}

/// The same, as it is after some changes: the texts of files, and none for one that goes.
///
/// Tests, benches and examples of a package stand beside its `src`, and copies in `vendor` and builds in `target` are no
/// members. What is below a `src` counts, whatever it is called and whatever turns it off: a module may be `tests`.
///
/// # Errors
/// A manifest, directory or file that cannot be read.
pub fn read_changed(
    root: &Utf8Path,
    changes: &BTreeMap<Utf8PathBuf, Option<String>>,
) -> anyhow::Result<BTreeMap<Utf8PathBuf, String>> {
    let mut found = BTreeMap::new();
    for member in packages::members(root, changes)? {
        let src = member.join("src");
        read_below(root, &src, &mut found)?;
        for (path, text) in changes {
            if path.starts_with(&src) && path.extension() == Some("rs") {
                match text {
                    Some(text) => found.insert(path.clone(), text.clone()),
                    None => found.remove(path),
                };
            }
        }
    }
    Ok(found)
}

/// The sources on the disk. A package within another one's `src` is a package of its own.
fn read_below(
    root: &Utf8Path,
    src: &Utf8Path,
    found: &mut BTreeMap<Utf8PathBuf, String>,
) -> anyhow::Result<()> {
    let directory = root.join(src);
    if !directory.is_dir() {
        return Ok(());
    }
    let own = |entry: &walkdir::DirEntry| !entry.path().join("Cargo.toml").is_file();
    for entry in walkdir::WalkDir::new(&directory)
        .into_iter()
        .filter_entry(own)
    {
        let entry = entry.context("failed to look for Rust sources")?;
        let Some(path) = Utf8Path::from_path(entry.path()) else {
            continue;
        };
        if path.extension() == Some("rs") && path.is_file() {
            let text = std::fs::read(path).with_context(|| format!("failed to read `{path}`"))?;
            let below = path.strip_prefix(root).unwrap_or(path);
            let text = String::from_utf8_lossy(&text).into_owned();
            found.insert(below.to_owned(), text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths that are read of a project with these files.
    fn read_of(files: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            #[expect(clippy::disallowed_methods, reason = "a project to read from")]
            {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
        }
        let changes = changes.iter();
        let changes = changes.map(|(path, text)| ((*path).into(), text.map(ToOwned::to_owned)));
        let found = read_changed(root, &changes.collect()).unwrap();
        found.into_keys().map(Utf8PathBuf::into_string).collect()
    }

    const PACKAGE: &str = "[package]\nname = \"x\"\n";

    #[test]
    fn the_sources_of_members_count_and_no_others() {
        let top = "[workspace]\nmembers = [\"api\", \"crates/*\"]\nexclude = [\"vendor\", \"crates/old\"]\n\
                   [workspace.dependencies]\nshared = { path = \"shared\" }\n\
                   [package]\nname = \"x\"\n\
                   [dependencies]\nruntime = { path = \"vendor/runtime\" }\nshared.workspace = true\n\
                   [target.'cfg(unix)'.dev-dependencies]\nhelp = { path = \"./tools/../help/\" }\n\
                   outside = { path = \"../outside\" }\n";
        let chained =
            "[package]\nname = \"y\"\n[build-dependencies]\nlast = { path = \"../last\" }\n";
        let files = [
            ("Cargo.toml", top),
            ("src/main.rs", ""),
            ("src/main.rs.bak", ""),
            ("src/tests/a.rs", ""),
            ("src/controller/target/vendor.rs", ""),
            ("src/nested/Cargo.toml", PACKAGE),
            ("src/nested/src/lib.rs", ""),
            ("tests/src/a.rs", ""),
            ("build.rs", ""),
            ("target/package/src/a.rs", ""),
            ("api/Cargo.toml", PACKAGE),
            ("api/src/lib.rs", ""),
            ("api/examples/src/a.rs", ""),
            ("crates/a/Cargo.toml", PACKAGE),
            ("crates/a/src/lib.rs", ""),
            ("crates/none/src/lib.rs", ""),
            ("crates/old/Cargo.toml", PACKAGE),
            ("crates/old/src/lib.rs", ""),
            ("vendor/runtime/Cargo.toml", PACKAGE),
            ("vendor/runtime/src/lib.rs", ""),
            ("shared/Cargo.toml", chained),
            ("shared/src/lib.rs", ""),
            ("last/Cargo.toml", PACKAGE),
            ("last/src/lib.rs", ""),
            ("help/Cargo.toml", PACKAGE),
            ("help/src/lib.rs", ""),
            ("stranger/Cargo.toml", PACKAGE),
            ("stranger/src/lib.rs", ""),
        ];
        let expected = [
            "api/src/lib.rs",
            "crates/a/src/lib.rs",
            "help/src/lib.rs",
            "last/src/lib.rs",
            "shared/src/lib.rs",
            "src/controller/target/vendor.rs",
            "src/main.rs",
            "src/tests/a.rs",
        ];
        assert_eq!(read_of(&files, &[]), expected);
    }

    #[test]
    fn what_will_be_written_counts_as_if_it_were() {
        let top = "[workspace]\nmembers = [\"api\"]\n[package]\nname = \"x\"\n";
        let changes = [
            ("Cargo.toml", Some(top)),
            ("api/Cargo.toml", Some(PACKAGE)),
            ("api/src/lib.rs", Some("")),
            ("src/a.rs", Some("")),
            ("src/b.rs", None),
            ("tests/c.rs", Some("")),
            ("vendor/x/src/lib.rs", Some("")),
        ];
        let files = [("src/b.rs", ""), ("src/d.rs", "")];
        let expected = ["api/src/lib.rs", "src/a.rs", "src/d.rs"];
        assert_eq!(read_of(&files, &changes), expected);
        assert_eq!(read_of(&files, &[]), [""; 0], "no manifest, no package");
    }

    #[test]
    fn a_manifest_that_is_no_toml_is_refused() {
        let changes = BTreeMap::from([("Cargo.toml".into(), Some("[a".to_owned()))]);
        let error = read_changed(Utf8Path::new("/nowhere"), &changes).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("`Cargo.toml` is not TOML: "),
            "{message}"
        );
    }
}
