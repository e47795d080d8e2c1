//! Domains and groups: DNS names.

use std::str::FromStr;

use super::{Domain, Group, dns, rust};
use crate::problem::Problem;

impl FromStr for Domain {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let wrong = |reason: &str| {
            Problem::new(format!("invalid domain `{text}`: {reason}"))
                .help("pass a DNS name, e.g. `--domain example.com`")
        };
        dns::subdomain(text).map_err(wrong)?;
        // The API server refuses a CRD below these without an approval of the Kubernetes project (KEP-1111).
        for reserved in ["k8s.io", "kubernetes.io"] {
            if text == reserved || text.ends_with(&format!(".{reserved}")) {
                return Err(wrong(&format!(
                    "groups below `{reserved}` are reserved for the Kubernetes project"
                )));
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Group {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let problem = |reason: &str| Problem::new(format!("invalid group `{text}`: {reason}"));
        let help = "pass a DNS name without the project's domain, e.g. `--group apps`";
        dns::subdomain(text).map_err(|reason| problem(reason).help(help))?;
        Ok(Self(text.to_owned()))
    }
}

/// A group's module stands at the root of the `api` package and of `tests/operator`: beside the files of their roots
/// and what cargo takes for a program, and beside the crates that `tests/operator/main.rs` names.
const TAKEN_MODULES: &[&str] = &[
    "anyhow",
    "bin",
    "lib",
    "main",
    "opgen_runtime",
    "std",
    "tokio",
];

impl Group {
    /// The group as Kubernetes knows it, e.g. `apps.example.com`.
    ///
    /// # Errors
    /// A name that is longer than Kubernetes takes.
    pub fn qualified(&self, domain: &Domain) -> Result<String, Problem> {
        let name = format!("{self}.{domain}");
        if name.len() > dns::SUBDOMAIN {
            return Err(Problem::new(format!(
                "invalid group `{name}`: it has {} characters, more than the {} of a DNS name",
                name.len(),
                dns::SUBDOMAIN
            ))
            .help("shorten the group"));
        }
        Ok(name)
    }

    /// The Rust module of this group. Different groups can fall on one name: `foo.bar` and `foo-bar`.
    pub fn module(&self) -> String {
        rust::module(&self.0.replace(['.', '-'], "_"), TAKEN_MODULES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_malformed_domains_are_refused() {
        for bad in [
            "",
            "k8s.io",
            "x.kubernetes.io",
            "Example.com",
            "a..b",
            ".a",
            "a.",
            "a b",
            "a/b",
            "-a.b",
        ] {
            assert!(bad.parse::<Domain>().is_err(), "{bad}");
        }
        assert!("example.com".parse::<Domain>().is_ok());
        let long = ["a"; 100].join(".").parse::<Group>().unwrap();
        assert!(
            long.qualified(&["b"; 100].join(".").parse().unwrap())
                .is_err()
        );
    }

    #[test]
    fn a_groups_module_means_nothing_else_and_starts_with_no_digit() {
        for (group, module) in [
            ("apps", "apps"),
            ("use", "use_"),
            ("foo.bar", "foo_bar"),
            ("foo-bar", "foo_bar"),
            ("3scale", "_3scale"),
            ("crate", "crate_"),
            ("v1", "v1_"),
            ("std", "std_"),
            ("tokio", "tokio_"),
            ("bin", "bin_"),
            ("lib", "lib_"),
            ("main", "main_"),
            ("opgen-runtime", "opgen_runtime_"),
        ] {
            assert_eq!(group.parse::<Group>().unwrap().module(), module);
        }
    }
}
