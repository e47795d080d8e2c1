//! Names of projects: what cargo takes for a package and Kubernetes for the prefix of its objects.

use std::str::FromStr;

use super::{ProjectName, dns, rust};
use crate::problem::Problem;

/// Longest project name, in bytes: `<name>-controller-manager-metrics-service` must fit a label.
const PROJECT_NAME: usize = 28;

impl FromStr for ProjectName {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let wrong = |reason: &str| {
            let fixed = ProjectName::suggest(text);
            Problem::new(format!("invalid project name `{text}`: {reason}"))
                .help(format!("try `{fixed}`"))
        };
        if let Err(reason) = dns::label(text) {
            return Err(wrong(reason));
        }
        if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(wrong("a cargo package starts with a letter"));
        }
        if text.len() > PROJECT_NAME {
            return Err(wrong(&format!(
                "it has {} characters, and names of Kubernetes objects made from it pass their limit above {PROJECT_NAME}",
                text.len()
            )));
        }
        if let Some(reason) = unusable_package(text) {
            return Err(wrong(reason));
        }
        Ok(Self(text.to_owned()))
    }
}

impl ProjectName {
    /// The nearest valid name: what `opgen init` takes for a directory called `text`.
    pub fn suggest(text: &str) -> Self {
        let mut name = String::new();
        for letter in text.to_lowercase().chars() {
            match letter {
                'a'..='z' => name.push(letter),
                '0'..='9' if !name.is_empty() => name.push(letter),
                _ if name.is_empty() || name.ends_with('-') => {}
                _ => name.push('-'),
            }
        }
        name.truncate(PROJECT_NAME);
        let name = name.trim_end_matches('-');
        let name = if name.is_empty() { "operator" } else { name };
        if unusable_package(name).is_none() {
            return Self(name.to_owned());
        }
        let stem = &name[..name.len().min(PROJECT_NAME - "-operator".len())];
        Self(format!("{}-operator", stem.trim_end_matches('-')))
    }

    /// The name of the crate in Rust code: hyphens are underscores there.
    pub fn crate_name(&self) -> String {
        self.0.replace('-', "_")
    }
}

/// Why cargo or the generated manifest could not work with this package name.
fn unusable_package(name: &str) -> Option<&'static str> {
    if rust::is_keyword(name) {
        return Some("it is a keyword of Rust");
    }
    if matches!(name, "std" | "core" | "alloc" | "test" | "proc-macro") {
        return Some("it is the name of a crate of Rust's standard library");
    }
    if matches!(name, "build" | "deps" | "examples" | "incremental") {
        return Some("cargo keeps a directory of that name beside its binaries");
    }
    // Crates of `serde-json` and `serde_json` would have one name.
    let own = ["", "-api", "-kube"].map(|end| format!("{name}{end}"));
    let mut packages = crate::templates::locked_packages();
    if packages.any(|locked| own.contains(&locked.replace('_', "-"))) {
        return Some("a package of that name is among the operator's dependencies");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<T: FromStr<Err = Problem> + std::fmt::Debug>(text: &str) -> String {
        let problem = text.parse::<T>().expect_err(text);
        format!("{} / {}", problem.message, problem.help.unwrap_or_default())
    }

    #[test]
    fn a_project_name_must_work_for_cargo_and_for_kubernetes() {
        for good in ["myapp", "my-app", "a", &"a".repeat(28)] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "My",
            "9lives",
            "a_b",
            "-a",
            "a-",
            "serde",
            "memchr",
            "serde-json",
            "std",
            "test",
            "match",
            "deps",
            &"a".repeat(29),
        ] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad}");
        }
        assert!(problem::<ProjectName>("serde").ends_with("try `serde-operator`"));
    }

    #[test]
    fn any_directory_name_gives_a_valid_project_name() {
        for (directory, name) in [
            ("myapp", "myapp"),
            ("My_App", "my-app"),
            ("9 lives", "lives"),
            ("日本", "operator"),
            ("test", "test-operator"),
            ("--x--", "x"),
            (
                "a-very-long-directory-name-that-goes-on",
                "a-very-long-directory-name-t",
            ),
            ("serde", "serde-operator"),
        ] {
            assert_eq!(ProjectName::suggest(directory).as_str(), name);
        }
        proptest::proptest!(|(directory in ".*")| {
            let name = ProjectName::suggest(&directory);
            proptest::prop_assert!(name.as_str().parse::<ProjectName>().is_ok(), "{} -> {}", directory, name);
        });
    }
}
