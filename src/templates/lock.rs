//! Cargo's lock file: sorted again once the project's own name is in it, or the next `cargo check` would rewrite it.

use std::fmt::Write as _;

/// Sorts the packages and each package's dependencies, as cargo does.
pub(super) fn sort(text: &str) -> String {
    let mut blocks = text.split("[[package]]\n");
    let header = blocks.next().unwrap_or_default();
    let mut packages: Vec<String> = blocks
        .map(|block| sort_dependencies(block.trim_end()))
        .collect();
    packages.sort_by_key(|package| (field(package, "name"), version(package)));
    let mut sorted = header.trim_end().to_owned() + "\n";
    for package in packages {
        let _ = writeln!(sorted, "\n[[package]]\n{package}");
    }
    sorted
}

/// The names of the packages that come from a registry.
pub(super) fn package_names(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("[[package]]\n").skip(1);
    blocks
        .filter(|block| block.contains("\nsource = ") || block.contains("\"opgen-runtime\""))
        .filter_map(|block| {
            block
                .lines()
                .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        })
}

fn sort_dependencies(block: &str) -> String {
    let Some((before, list)) = block.split_once("dependencies = [\n") else {
        return block.to_owned();
    };
    let mut names: Vec<&str> = list.lines().filter(|line| line.starts_with(' ')).collect();
    names.sort_unstable();
    format!("{before}dependencies = [\n{}\n]", names.join("\n"))
}

fn field(package: &str, key: &str) -> String {
    let line = package
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
    line.unwrap_or_default().trim_end_matches('"').to_owned()
}

/// Versions of one package stand in the order of semantic versioning.
fn version(package: &str) -> Vec<u64> {
    field(package, "version")
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_dependencies_are_sorted_by_name_and_version() {
        let text = "version = 4\n\n[[package]]\nname = \"zeta\"\nversion = \"0.1.0\"\ndependencies = [\n \"zeta-api\",\n \"b\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.10.0\"\n\n[[package]]\nname = \"b\"\nversion = \"0.9.0\"\n";
        assert_eq!(
            sort(text),
            "version = 4\n\n[[package]]\nname = \"b\"\nversion = \"0.9.0\"\n\n[[package]]\nname = \"b\"\nversion = \"0.10.0\"\n\n\
             [[package]]\nname = \"zeta\"\nversion = \"0.1.0\"\ndependencies = [\n \"b\",\n \"zeta-api\",\n]\n"
        );
    }
}
