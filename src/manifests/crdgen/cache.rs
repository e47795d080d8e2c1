//! The last answer of crdgen, kept in cargo's target directory with a hash of everything that went into it:
//! cargo alone needs longer to find that nothing has changed than all the rest of `opgen manifests`.

use std::{collections::BTreeMap, fs};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::build;
use crate::scaffold::blob_id;

/// What went into an answer, and the answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    environment: String,
    /// A hash of each file, or nothing for one that is not there.
    files: BTreeMap<Utf8PathBuf, Option<String>>,
    answer: String,
}

/// Where the answer of a project is kept.
pub(super) struct Place {
    root: Utf8PathBuf,
    file: Utf8PathBuf,
}

impl Place {
    /// The place below cargo's target directory; nothing where only cargo knows that directory.
    pub(super) fn of(root: &Utf8Path) -> Option<Self> {
        // Projects can share a target directory.
        let name = format!("crdgen-{}.json", blob_id(root.as_str()));
        let file = build::target_directory(root)?.join("opgen").join(name);
        let root = root.to_owned();
        Some(Self { root, file })
    }

    /// The answer, if nothing that went into it has changed.
    pub(super) fn answer(&self) -> Option<String> {
        let kept: Kept = serde_json::from_str(&fs::read_to_string(&self.file).ok()?).ok()?;
        let same = |(file, known): (&Utf8PathBuf, &Option<String>)| hash(file) == *known;
        (kept.environment == environment() && kept.files.iter().all(same)).then_some(kept.answer)
    }

    /// Keeps an answer. Failing to is no failure: the next run asks cargo.
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo's target directory is no part of the project"
    )]
    pub(super) fn keep(&self, program: &Utf8Path, answer: &str) {
        let list = fs::read_to_string(program.with_extension("d")).unwrap_or_default();
        let sources = sources(&list);
        if sources.is_empty() || sources.iter().any(|source| self.sees_more(source)) {
            return;
        }
        let files = self.inputs(&sources);
        let kept = Kept {
            environment: environment(),
            files: files
                .into_iter()
                .map(|file| (file.clone(), hash(&file)))
                .collect(),
            answer: answer.to_owned(),
        };
        let directory = self.file.parent().unwrap_or(&self.root);
        // Elsewhere than cargo's directory, which is there by now, nothing is made.
        let target = directory.parent().is_some_and(Utf8Path::is_dir);
        if let Ok(text) = serde_json::to_string(&kept)
            && target
            && fs::create_dir_all(directory).is_ok()
        {
            let _ = fs::write(&self.file, text);
        }
    }

    /// Whether more goes into a source than files: what a build script reads, and variables of the environment.
    fn sees_more(&self, source: &str) -> bool {
        let source = self.root.join(source);
        let text = fs::read_to_string(&source).unwrap_or_default();
        let is_package = |above: &&Utf8Path| above.join("Cargo.toml").exists();
        let package = source.ancestors().skip(1).find(is_package);
        let manifest = package.map(|package| fs::read_to_string(package.join("Cargo.toml")));
        let manifest = manifest.and_then(Result::ok).unwrap_or_default();
        let says = manifest
            .parse()
            .is_ok_and(|document: toml_edit::DocumentMut| {
                let build = document
                    .get("package")
                    .and_then(|package| package.get("build"));
                build.is_some_and(|build| build.as_bool() != Some(false))
            });
        text.contains("env!(") || says || package.is_some_and(|it| it.join("build.rs").exists())
    }

    /// Every file that can change what crdgen says: its sources and those of packages at a path, their manifests, and
    /// what configures cargo.
    fn inputs(&self, sources: &[String]) -> Vec<Utf8PathBuf> {
        let mut files = build::configuration_files(&self.root);
        for source in sources {
            let source = self.root.join(source);
            let above = source.ancestors().skip(1);
            files.extend(above.map(|above| above.join("Cargo.toml")));
            files.push(source);
        }
        for name in ["Cargo.lock", "rust-toolchain", "rust-toolchain.toml"] {
            files.push(self.root.join(name));
        }
        files
    }
}

/// The files that a list of dependencies for `make` names: `program: a.rs with\ blank.rs`.
fn sources(list: &str) -> Vec<String> {
    let Some((_, names)) = list.lines().next().unwrap_or_default().split_once(": ") else {
        return Vec::new();
    };
    let names = names.replace("\\ ", "\0");
    let names = names.split(' ').filter(|name| !name.is_empty());
    names.map(|name| name.replace('\0', " ")).collect()
}

/// What the environment tells cargo and rustc, and the opgen that asks.
fn environment() -> String {
    let variables = std::env::vars_os();
    of_variables(variables.filter_map(|(name, value)| {
        let value = value.to_string_lossy().into_owned();
        Some((name.into_string().ok()?, value))
    }))
}

fn of_variables(variables: impl IntoIterator<Item = (String, String)>) -> String {
    let told = |(name, value): (String, String)| {
        let counts = name.starts_with("CARGO") || name.starts_with("RUST");
        counts.then(|| format!("{name}={value}\n"))
    };
    let mut lines: Vec<_> = variables.into_iter().filter_map(told).collect();
    lines.sort();
    let version = crate::project::OPGEN_VERSION;
    blob_id(&format!("{version}\n{}", lines.concat()))
}

fn hash(file: &Utf8Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    Some(blob_id(&String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test fills a directory of its own"
    )]
    fn an_answer_holds_until_something_that_went_into_it_changes() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let place = Place {
            root: root.to_owned(),
            file: root.join("target/opgen/x.json"),
        };
        let program = root.join("target/crdgen");
        fs::create_dir_all(root.join("target")).unwrap();
        fs::write(root.join("a.rs"), "a").unwrap();
        place.keep(&program, "no list of sources");
        assert_eq!(place.answer(), None);
        fs::write(program.with_extension("d"), "crdgen: a.rs\n").unwrap();
        place.keep(&program, "yes");
        assert_eq!(place.answer().as_deref(), Some("yes"));
        let fresh = |what: &str| {
            assert_eq!(place.answer(), None, "{what}");
            place.keep(&program, "yes");
            assert_eq!(place.answer().as_deref(), Some("yes"), "{what}");
        };
        for (file, text) in [
            ("a.rs", "b"),
            ("Cargo.toml", "[workspace]"),
            ("Cargo.toml", "[package]\nbuild = false"),
            ("Cargo.lock", ""),
            ("Cargo.lock", "version = 4"),
            ("rust-toolchain", "stable"),
            ("rust-toolchain.toml", ""),
            (".cargo/config.toml", ""),
            (".cargo/config", ""),
        ] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), text).unwrap();
            fresh(file);
        }
        // A source of another package, with a manifest of its own.
        fs::create_dir_all(root.join("other/src")).unwrap();
        fs::write(root.join("other/src/lib.rs"), "c").unwrap();
        let list = "crdgen: a.rs other/src/lib.rs\n";
        fs::write(program.with_extension("d"), list).unwrap();
        place.keep(&program, "yes");
        for (file, text) in [("other/src/lib.rs", "d"), ("other/Cargo.toml", "[package]")] {
            fs::write(root.join(file), text).unwrap();
            fresh(file);
        }
        // Answers that more goes into are not kept.
        for (file, text) in [
            ("a.rs", "env!(\"NAME\")"),
            ("other/build.rs", "fn main() {}"),
            ("other/Cargo.toml", "[package]\nbuild = \"make.rs\""),
        ] {
            let before = fs::read_to_string(root.join(file)).ok();
            fs::write(root.join(file), text).unwrap();
            fs::remove_file(&place.file).unwrap();
            place.keep(&program, "yes");
            assert_eq!(place.answer(), None, "{file}");
            match before {
                Some(before) => fs::write(root.join(file), before).unwrap(),
                None => fs::remove_file(root.join(file)).unwrap(),
            }
            place.keep(&program, "yes");
        }
        assert_eq!(place.answer().as_deref(), Some("yes"));
        fs::remove_file(root.join("a.rs")).unwrap();
        assert_eq!(place.answer(), None);
    }

    #[test]
    fn another_environment_is_another_answer() {
        let told = |name: &str, value: &str| of_variables([(name.to_owned(), value.to_owned())]);
        let nothing = of_variables([]);
        for name in [
            "RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "CARGO_PROFILE_DEV_DEBUG",
        ] {
            assert_ne!(told(name, "a"), nothing, "{name}");
            assert_ne!(told(name, "a"), told(name, "b"), "{name}");
        }
        assert_eq!(told("SHLVL", "2"), nothing);
    }

    #[test]
    fn the_list_of_sources_is_read_as_make_reads_it() {
        assert_eq!(
            sources("/t/crdgen: /a/b.rs /a/with\\ blank.rs\n"),
            ["/a/b.rs", "/a/with blank.rs"]
        );
        assert!(sources("").is_empty());
    }
}
