//! Holds `src/builtin.txt`, the kinds that Kubernetes has, equal to the sources of the `k8s-openapi` in `Cargo.lock`.
//!
//! `BLESS=1` writes it anew.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The newest Kubernetes that this version of `k8s-openapi` knows.
const KUBERNETES: &str = "v1_37";

#[test]
fn the_table_has_every_kind_of_kubernetes() {
    let api = k8s_openapi().join("src").join(KUBERNETES).join("api");
    let files = walkdir::WalkDir::new(&api)
        .into_iter()
        .map(|entry| entry.expect("the package can be read").into_path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut rows: Vec<_> = sources
        .filter_map(|path| row(path.strip_prefix(&api).expect("it is below"), &read(&path)))
        .collect();
    rows.sort();
    let expected = rows.concat();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/builtin.txt");
    if env::var_os("BLESS").is_some() {
        bless(&table, &expected);
    } else {
        let difference = similar::TextDiff::from_lines(read(&table), expected)
            .unified_diff()
            .to_string();
        assert!(
            difference.is_empty(),
            "src/builtin.txt is not what k8s-openapi has:\n{difference}\nhelp: run `make bless`"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the table is written by this test alone"
)]
fn bless(table: &Path, text: &str) {
    fs::write(table, text).expect("src/builtin.txt can be written");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("failed to read `{}`: {error}", path.display()))
}

/// The directory of the package's sources.
fn k8s_openapi() -> PathBuf {
    let arguments = ["metadata", "--locked", "--format-version", "1"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"]
        .as_array()
        .expect("cargo lists packages");
    let package = packages
        .iter()
        .find(|package| package["name"] == "k8s-openapi")
        .expect("opgen-runtime needs k8s-openapi");
    let manifest = package["manifest_path"]
        .as_str()
        .expect("a package has a manifest");
    Path::new(manifest)
        .parent()
        .expect("it has a directory")
        .to_owned()
}

/// Group, version, kind, plural, scope and module of the kind that a file defines: one that can be listed and whose
/// objects have metadata of their own, as a controller needs it.
fn row(path: &Path, source: &str) -> Option<String> {
    let constant = |name: &str| {
        let start = format!("    const {name}: &'static str = \"");
        source
            .lines()
            .find_map(|line| line.strip_prefix(&start)?.strip_suffix("\";"))
    };
    let kind = constant("KIND")?;
    let listed = source.contains(&format!("impl crate::ListableResource for {kind} {{"));
    let object = source.contains("type Ty = crate::apimachinery::pkg::apis::meta::v1::ObjectMeta;");
    if !(source.contains(&format!("impl crate::Resource for {kind} {{")) && listed && object) {
        return None;
    }
    let group = match constant("GROUP")? {
        "" => "core",
        group => group,
    };
    let scope = match () {
        () if source.contains("type Scope = crate::NamespaceResourceScope;") => "Namespaced",
        () if source.contains("type Scope = crate::ClusterResourceScope;") => "Cluster",
        () => return None,
    };
    let (version, plural) = (constant("VERSION")?, constant("URL_PATH_SEGMENT")?);
    let module = path.components().next()?.as_os_str().to_str()?;
    Some(format!(
        "{group} {version} {kind} {plural} {scope} {module}\n"
    ))
}
