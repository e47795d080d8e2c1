//! `opgen manifests` in the places where users have their projects, and on types that no CRD can be made of.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test moves and removes files of its projects"
)]

mod common {
    pub mod project;
}

use std::{fs, process::Command};

use common::project::{Project, RUNTIME};

const TYPES: &str = "api/src/apps/v1/my_app.rs";
const CRD: &str = "config/crd/bases/apps.example.com_myapps.yaml";

/// Names differ: cargo takes packages of one name, each in a workspace of its own, for the same in a shared target
/// directory.
fn project(name: &str) -> Project {
    let project = Project::new(name, &["init", "--domain=example.com", RUNTIME]);
    project.create_api("--group=apps --version=v1 --kind=MyApp");
    project
}

/// What a run says, and whether it went well.
fn manifests(
    project: &Project,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opgen"));
    command
        .args(["--color=never", "manifests"])
        .args(arguments)
        .envs(environment.iter().copied());
    let output = project.output(&mut command);
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
#[ignore = "builds operators: make test"]
fn an_edit_of_the_types_is_drift_until_the_manifests_are_written() {
    let project = project("drift");
    project.replace(TYPES, "max = 1000", "max = 10");
    let (ok, said) = manifests(&project, &["--check"], &[]);
    assert!(
        !ok && said.contains("error: 1 manifest is out of date"),
        "{said}"
    );
    assert!(
        said.contains("-                maximum: 1000\n+                maximum: 10\n"),
        "{said}"
    );
    assert!(said.contains("help: run `opgen manifests`"), "{said}");
    assert!(
        project.read(CRD).contains("maximum: 1000"),
        "--check writes nothing"
    );
    assert!(manifests(&project, &[], &[]).0);
    assert!(project.read(CRD).contains("maximum: 10\n"));
    assert!(manifests(&project, &["--check"], &[]).0);
}

#[test]
#[ignore = "builds operators: make test"]
fn what_is_found_in_the_types_is_told_with_its_place() {
    let project = project("findings");
    project.replace(
        TYPES,
        "json_path = \".spec.replicas\"",
        "json_path = \".spec.replica\"",
    );
    project.replace(
        TYPES,
        "    /// The image of the",
        "    /// Whether nothing runs.\n    #[serde(default)]\n    pub paused: bool,\n    /// The image of the",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    let warning = "warning: `MyAppSpec.replica` (MyApp v1 .spec.replica): the printer column `Replicas` \
                   (`.spec.replica`) has no field `replica` in the schema in `api/src/apps/v1/my_app.rs:25:12` \
                   [printer-column]\nhelp: did you mean `replicas`?\n";
    assert!(ok && said.contains(warning), "{said}");
    assert!(said.contains("note: 1 hint on the API"), "{said}");
    let (_, said) = manifests(&project, &["--verbose"], &[]);
    let hint = "hint: `MyAppSpec.paused` (MyApp v1 .spec.paused): a boolean in `api/src/apps/v1/my_app.rs:32:9` [boolean]\n";
    assert!(said.contains(hint), "{said}");
    // Allowed with a reason, at the field and at the type, and told once it is no longer there.
    project.replace(
        TYPES,
        "    #[serde(default)]\n    pub paused",
        "    // +opgen:allow:boolean because it is one\n    #[serde(default)]\n    pub paused",
    );
    project.replace(
        TYPES,
        "/// What runs.",
        "// +opgen:allow:printer-column:.spec.replica because it comes later\n/// What runs.",
    );
    let (ok, said) = manifests(&project, &["--verbose"], &[]);
    assert!(
        ok && !said.contains("warning") && !said.contains("hint"),
        "{said}"
    );
    project.replace(TYPES, "\".spec.replica\"", "\".spec.replicas\"");
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        ok && said.contains("warning: nothing is left that `printer-column` allows"),
        "{said}"
    );
}

#[test]
#[ignore = "builds operators: make test"]
fn a_stored_version_that_moves_is_refused_while_fields_would_be_lost() {
    let project = project("moved");
    project.create_api("--group=apps --version=v2 --kind=MyApp");
    let newer = "api/src/apps/v2/my_app.rs";
    project.replace(
        TYPES,
        "    namespaced,\n",
        "    namespaced,\n    storage = false,\n",
    );
    project.replace(newer, "    storage = false,\n", "");
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(ok, "the same fields: {said}");
    // Back, with a field that the newer version does not have.
    project.replace(TYPES, "    storage = false,\n", "");
    project.replace(
        newer,
        "    namespaced,\n",
        "    namespaced,\n    storage = false,\n",
    );
    project.replace(
        TYPES,
        "    /// The image of the",
        "    /// Who asked for it.\n    #[serde(default)]\n    pub team: String,\n    /// The image of the",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    let differ = "`MyAppSpec` (MyApp v2): fields that get lost between versions: `.spec.team` (only the stored version v1 has)";
    assert!(ok && said.contains(differ), "{said}");
    let before = project.read(CRD);
    project.replace(
        TYPES,
        "    namespaced,\n",
        "    namespaced,\n    storage = false,\n",
    );
    project.replace(newer, "    storage = false,\n", "");
    let (ok, said) = manifests(&project, &[], &[]);
    let moved =
        "v1 is no longer the stored version: the next write of each object drops `.spec.team`";
    assert!(!ok && said.contains(moved), "{said}");
    assert_eq!(project.read(CRD), before);
}

#[test]
#[ignore = "builds operators: make test"]
fn edits_of_a_derived_file_are_told_when_they_are_overwritten() {
    let project = project("edited");
    project.replace(CRD, "maximum: 1000", "maximum: 5");
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        ok && said.contains(&format!("warning: `{CRD}` was edited by hand")),
        "{said}"
    );
    assert!(
        said.contains("-                maximum: 5\n+                maximum: 1000\n"),
        "{said}"
    );
    assert!(project.read(CRD).contains("maximum: 1000"));
}

#[test]
#[ignore = "builds operators: make test"]
fn a_comment_that_is_changed_changes_the_role() {
    let project = project("role");
    project.replace(
        "src/controller/apps/my_app.rs",
        "resources=deployments,verbs=list;",
        "resources=deployments,verbs=get;list;",
    );
    let (ok, said) = manifests(&project, &["--check"], &[]);
    assert!(!ok && said.contains("+  - get\n"), "{said}");
    assert!(manifests(&project, &[], &[]).0);
    assert!(project.read("config/rbac/role.yaml").contains("  - get\n"));
    project.replace(
        "src/controller/apps/my_app.rs",
        "verbs=get;list;",
        "verb=get;list;",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        !ok && said.contains("unknown key `verb` in `src/controller/apps/my_app.rs:"),
        "{said}"
    );
    assert!(said.contains("did you mean `verbs`?"), "{said}");
}

#[test]
#[ignore = "builds operators: make test"]
fn types_that_do_not_compile_get_the_compilers_message_and_touch_no_file() {
    let project = project("broken");
    let before = project.read(CRD);
    project.replace(TYPES, "pub replicas: i32", "pub replicas: i33");
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(!ok && said.contains("cannot find type `i33`"), "{said}");
    assert!(
        said.contains("error: the project's types do not compile; no file was touched"),
        "{said}"
    );
    assert_eq!(project.read(CRD), before);

    // What cargo has not come to compile is no fault of the types.
    project.replace(TYPES, "pub replicas: i33", "pub replicas: i32");
    project.append(
        "api/Cargo.toml",
        "nothing-of-this-name = { path = \"nowhere\" }\n",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    let message = "error: cargo cannot build the project's types; no file was touched";
    assert!(
        !ok && said.contains("nowhere") && said.contains(message),
        "{said}"
    );
    assert_eq!(project.read(CRD), before);
}

#[test]
#[ignore = "builds operators: make test"]
fn a_controller_that_does_not_compile_is_no_obstacle() {
    let project = project("broken-controller");
    project.replace(
        "src/controller/apps/my_app.rs",
        "pub struct Context {",
        "pub struct Context { broken: Nothing,",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(ok, "{said}");
}

#[test]
#[ignore = "builds operators: make test"]
fn types_that_kube_panics_on_are_named() {
    let project = project("panics");
    project.replace(
        TYPES,
        "    pub image: String,\n",
        "    pub image: String,\n    /// Tagged.\n    pub backend: Backend,\n",
    );
    project.append(
        TYPES,
        "\n/// A shape that Kubernetes has no schema for.\n#[derive(serde::Deserialize, serde::Serialize, Clone, Debug, PartialEq, schemars::JsonSchema)]\n\
         #[serde(tag = \"kind\")]\npub enum Backend {\n    A { kind_of: i32 },\n    B { other: String },\n}\n",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        !ok && said.contains(
            "error: `MyAppSpec.backend` (MyApp v1 .spec.backend): an internally tagged enum"
        ),
        "{said}"
    );
    assert!(!said.contains("backtrace"), "{said}");
}

#[test]
#[ignore = "builds operators: make test"]
fn a_crd_that_is_no_longer_made_is_removed_and_a_strangers_stays() {
    let project = project("removed");
    project.create_api("--group=apps --version=v1 --kind=Old --reconciler=empty");
    let old = "config/crd/bases/apps.example.com_olds.yaml";
    let strange = "config/crd/bases/example.org_strangers.yaml";
    project.put(strange, "theirs: true\n");
    project.replace("api/src/apps/v1/old.rs", "kind = \"Old\"", "kind = \"New\"");
    project.replace(
        "api/src/apps/v1/old.rs",
        "plural = \"olds\"",
        "plural = \"news\", root = \"Old\"",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(ok && said.contains(&format!("remove {old}")), "{said}");
    let left = format!("note: `{strange}` is not opgen's and is left alone");
    assert!(said.contains(&left), "{said}");
    assert!(!project.directory.join(old).exists());
    assert!(
        project
            .directory
            .join("config/crd/bases/apps.example.com_news.yaml")
            .exists()
    );
    assert_eq!(project.read(strange), "theirs: true\n");
}

#[test]
#[ignore = "builds operators: make test"]
fn cargos_configuration_is_respected_where_it_does_not_say_where_crdgen_runs() {
    let project = project("configured");
    // Another bound in each run, or the answer of the last run would do without rustc.
    let bound = std::process::id();
    project.replace(TYPES, "max = 1000", &format!("max = {bound}"));
    fs::create_dir_all(project.directory.join(".cargo")).unwrap();
    // A target that no program of can run here, a runner that fails, and a wrapper that leaves a trace.
    let wrapper = project.directory.join("wrapper.sh");
    project.put(
        "wrapper.sh",
        "#!/bin/sh\ntouch \"$(dirname \"$0\")/wrapped\"\nexec \"$@\"\n",
    );
    make_executable(&wrapper);
    let config = format!(
        "[build]\ntarget = \"wasm32-unknown-unknown\"\ntarget-dir = \"elsewhere\"\nrustc-wrapper = {wrapper:?}\n\n\
         [target.'cfg(all())']\nrunner = \"false\"\n\n[net]\noffline = true\n"
    );
    project.put(".cargo/config.toml", &config);
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        ok && project.read(CRD).contains(&format!("maximum: {bound}\n")),
        "{said}"
    );
    assert!(project.directory.join("wrapped").exists());
}

#[test]
#[ignore = "builds operators: make test"]
fn a_member_of_a_larger_workspace_has_its_manifests_too() {
    let project = project("member");
    let inner = project.directory.join("operators/member");
    fs::create_dir_all(&inner).unwrap();
    for entry in fs::read_dir(&project.directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "operators" {
            fs::rename(entry.path(), inner.join(entry.file_name())).unwrap();
        }
    }
    project.replace(
        "operators/member/Cargo.toml",
        "[workspace]\nmembers = [\"api\"]\n",
        "",
    );
    project.put(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"operators/member\", \"operators/member/api\"]\n",
    );
    fs::rename(
        inner.join("Cargo.lock"),
        project.directory.join("Cargo.lock"),
    )
    .unwrap();
    project.replace(
        "operators/member/api/src/apps/v1/my_app.rs",
        "max = 1000",
        "max = 30",
    );
    let (ok, said) = manifests(&project, &["-C", "operators/member"], &[]);
    assert!(ok, "{said}");
    assert!(
        project
            .read(&format!("operators/member/{CRD}"))
            .contains("maximum: 30\n")
    );
}

#[test]
#[ignore = "builds operators: make test"]
fn what_crdgen_says_in_another_protocol_is_refused() {
    let project = project("protocol");
    project.replace(
        "api/kube/src/crdgen.rs",
        "\"protocol\": 1",
        "\"protocol\": 2",
    );
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        !ok && said.contains("speaks protocol 2, and this opgen 1"),
        "{said}"
    );
    fs::remove_file(project.directory.join("api/examples/crdgen.rs")).unwrap();
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(
        !ok && said.contains("`api/examples/crdgen.rs` is missing"),
        "{said}"
    );
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[ignore = "builds operators: make test"]
fn a_sample_follows_the_types_until_somebody_edits_it() {
    const SAMPLE: &str = "config/samples/apps_v1_myapp.yaml";
    let project = project("sample");
    let (ok, said) = manifests(&project, &["--check"], &[]);
    assert!(
        ok,
        "what `create api` writes is what the types give: {said}"
    );
    let field = |name: &str| {
        let image = "    /// The image of the container";
        project.replace(
            TYPES,
            image,
            &format!("    /// One.\n    pub {name}: i32,\n{image}"),
        );
    };
    field("shards");
    let (ok, said) = manifests(&project, &["--check"], &[]);
    assert!(!ok && said.contains("+  shards: 1\n"), "{said}");
    assert!(manifests(&project, &[], &[]).0);
    assert!(
        project
            .read(SAMPLE)
            .contains("  replicas: 2\n  shards: 1\n")
    );

    project.replace(SAMPLE, "replicas: 2", "replicas: 2000");
    field("zones");
    let edited = project.read(SAMPLE);
    let (ok, said) = manifests(&project, &[], &[]);
    assert!(ok, "{said}");
    for warning in [
        "`.spec.replicas` must be at most 1000",
        "`.spec.zones` is required",
    ] {
        let warning = format!("warning: `{SAMPLE}` does not fit its CRD: {warning}\n");
        assert!(said.contains(&warning), "{said}");
    }
    assert_eq!(project.read(SAMPLE), edited);

    fs::remove_file(project.directory.join(SAMPLE)).unwrap();
    field("racks");
    assert!(manifests(&project, &[], &[]).0);
    assert!(
        !project.directory.join(SAMPLE).exists(),
        "it is gone on purpose"
    );
}
