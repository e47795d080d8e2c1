//! `opgen crd diff` between a working tree and what git, a file or a directory has.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fills repositories of its own"
)]

#[path = "common/binary.rs"]
mod binary;

use std::{fs, path::PathBuf, process::Command};

use binary::{Outcome, words};
use serde_json::Value;

const BASES: &str = "config/crd/bases";
const HELP: &str = "help: undo it, make the change in a new version, or accept it: `--allow 'ID[:PATH] because REASON'`, or `// +opgen:allow:ID[:PATH] because REASON` at the type\n";

/// A directory outside of any repository, for one test.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A repository with a CRD that is committed.
    fn repository() -> Self {
        let directory = Self::new();
        directory.git("init --quiet --initial-branch=main");
        directory.put("config/crd/bases/apps.yaml", &crd("App", 10));
        directory.put(
            "config/crd/bases/kustomization.yaml",
            "resources:\n- apps.yaml\n",
        );
        directory.commit();
        directory
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git("add --all");
        self.git("-c user.name=a -c user.email=a@example.com commit --quiet -m crds");
    }

    fn git(&self, arguments: &str) {
        let mut command = Command::new("git");
        let status = command
            .current_dir(self.path())
            .args(arguments.split(' '))
            .status();
        assert!(status.unwrap().success(), "git {arguments}");
    }

    fn diff(&self, arguments: &str) -> Outcome {
        binary::run(&self.path(), &words(&format!("crd diff {arguments}")))
    }

    /// Nothing breaks; what is printed.
    fn passes(&self, arguments: &str) -> String {
        let outcome = self.diff(arguments);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }

    /// The command is refused with this on stderr, and nothing on stdout.
    fn refused(&self, arguments: &str, stderr: &str) {
        let outcome = self.diff(arguments);
        assert_eq!(
            (outcome.stderr.as_str(), outcome.code),
            (stderr, 1),
            "{arguments}"
        );
        assert_eq!(outcome.stdout, "", "{arguments}");
    }
}

/// A CRD of a kind whose `spec.replicas` has a maximum.
fn crd(kind: &str, maximum: i32) -> String {
    let plural = format!("{}s", kind.to_lowercase());
    format!(
        "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.example.com
spec:
  group: example.com
  scope: Namespaced
  names:
    kind: {kind}
    plural: {plural}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              replicas:
                type: integer
                maximum: {maximum}
"
    )
}

fn tightened(before: i32, after: i32) -> String {
    format!(
        "\
apps.example.com v1
  breaking .spec.replicas: `maximum` is tightened: {before} → {after} [maximum-tightened]
1 breaking, 0 to look at, 0 safe
"
    )
}

#[test]
fn the_last_commit_is_what_crds_are_compared_with() {
    let directory = Directory::repository();
    assert_eq!(directory.passes(""), "no difference\n");
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    let outcome = directory.diff("");
    assert_eq!(outcome.stdout, tightened(10, 5));
    let error = "error: 1 difference breaks stored objects or clients\n";
    assert_eq!(
        (outcome.stderr, outcome.code),
        (format!("{error}{HELP}"), 1)
    );

    directory.put("config/crd/bases/apps.yaml", &crd("App", 20));
    directory.put("config/crd/bases/others.yaml", &crd("Other", 1));
    assert_eq!(
        directory.passes(""),
        "\
apps.example.com v1
  safe     .spec.replicas: `maximum` is loosened: 10 → 20 [maximum-loosened]

others.example.com
  safe     the CRD is added [crd-added]
0 breaking, 0 to look at, 2 safe
"
    );
    directory.commit();
    assert_eq!(directory.passes(""), "no difference\n");
}

#[test]
fn a_crd_that_is_removed_breaks() {
    let directory = Directory::repository();
    fs::remove_file(directory.path().join("config/crd/bases/apps.yaml")).unwrap();
    let outcome = directory.diff("");
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stdout.contains("every object [crd-removed]"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_branch_a_tag_and_an_older_commit_can_be_compared_with() {
    let directory = Directory::repository();
    directory.git("tag first");
    directory.git("checkout --quiet -b work");
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    directory.commit();
    assert_eq!(directory.passes(""), "no difference\n");
    for revision in ["main", "first", "HEAD~1", "HEAD^"] {
        let outcome = directory.diff(&format!("--against {revision}"));
        assert_eq!(outcome.stdout, tightened(10, 5), "{revision}");
    }
}

#[test]
fn one_file_is_compared_with_itself_in_git() {
    let directory = Directory::repository();
    directory.put("config/crd/bases/others.yaml", &crd("Other", 1));
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    let outcome = directory.diff("config/crd/bases/apps.yaml");
    assert_eq!(outcome.stdout, tightened(10, 5));
    let new = directory.diff("config/crd/bases/others.yaml");
    assert_eq!(new.code, 0);
    assert_eq!(
        new.stderr,
        "note: no CRD in `HEAD:config/crd/bases/others.yaml`: every CRD is new\n"
    );
}

#[test]
fn the_command_works_from_below_a_project_and_from_elsewhere() {
    let directory = Directory::repository();
    directory.put("PROJECT", "layout:\n- go.kubebuilder.io/v4\n");
    directory.put("src/main.rs", "");
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    for arguments in ["-C src", "-C config/crd/bases"] {
        assert_eq!(
            directory.diff(arguments).stdout,
            tightened(10, 5),
            "{arguments}"
        );
    }
    let elsewhere = Directory::new();
    let repository = directory.path();
    let outcome = elsewhere.diff(&format!("-C {}", repository.display()));
    assert_eq!(outcome.stdout, tightened(10, 5));
    let bases = repository.join(BASES);
    assert_eq!(
        elsewhere.diff(&bases.display().to_string()).stdout,
        tightened(10, 5)
    );
}

#[test]
fn files_and_directories_need_no_git() {
    let directory = Directory::new();
    let both = format!("{}---\n# Nothing.\n---\n{}", crd("App", 5), crd("Other", 1));
    directory.put("new/all.yaml", &both);
    directory.put("new/values.json", "{\"kind\": \"Values\"}");
    directory.put("new/notes.txt", "{ not YAML");
    directory.put("old/apps.yml", &crd("App", 10));
    let list: Value = serde_saphyr::from_str(&crd("Other", 1)).unwrap();
    let list = serde_json::json!({ "kind": "List", "apiVersion": "v1", "items": [list] });
    directory.put("old/others.json", &list.to_string());
    for arguments in [
        "new --against old",
        "new --against ./old",
        "new/all.yaml --against ../x/../old",
    ] {
        let arguments = arguments.replace("../x/..", ".");
        assert_eq!(
            directory.diff(&arguments).stdout,
            tightened(10, 5),
            "{arguments}"
        );
    }
    let outcome = directory.diff("new/all.yaml --against old/apps.yml");
    assert!(outcome.stdout.contains("crd-added"), "{}", outcome.stdout);
}

#[test]
fn a_name_that_git_knows_is_a_revision_unless_it_says_that_it_is_a_path() {
    let directory = Directory::repository();
    directory.put("main/apps.yaml", &crd("App", 20));
    assert_eq!(directory.passes("--against main"), "no difference\n");
    assert_eq!(directory.diff("--against ./main").stdout, tightened(20, 10));
}

#[test]
fn what_cannot_be_compared_is_said_with_a_way_out() {
    let outside = Directory::new();
    let name_one = "help: name a file or a directory with CRDs: `opgen crd diff PATH`\n";
    outside.refused(
        "",
        &format!("error: no directory `{BASES}` here\n{name_one}"),
    );
    outside.refused("x.yaml", "error: no file or directory `x.yaml`\n");
    outside.put("apps.yaml", &crd("App", 1));
    outside.refused(
        "apps.yaml",
        "error: the CRDs are not in a git repository\n\
         help: name a file or a directory to compare with: `--against PATH`\n",
    );
    outside.refused(
        "apps.yaml --against ./x.yaml",
        "error: no file or directory `x.yaml`\n",
    );

    let directory = Directory::repository();
    for revision in ["nope", "HEAD:config", "-x"] {
        directory.refused(
            &format!("--against={revision}"),
            &format!(
                "error: git knows no revision `{revision}`, and no file has that name\n\
                 help: `git branch --all` and `git tag` list some; in a shallow clone, fetch it first\n"
            ),
        );
    }
    directory.put("empty/values.yaml", "a: 1\n");
    directory.refused(
        "empty",
        &format!("error: no CRD in `empty`, and none in `HEAD:empty`\n{name_one}"),
    );

    let fresh = Directory::new();
    fresh.git("init --quiet");
    fresh.put("config/crd/bases/apps.yaml", &crd("App", 1));
    fresh.refused(
        "",
        "error: the repository has no commit yet\n\
         help: commit the CRDs, or name others: `--against PATH`\n",
    );
}

#[test]
fn git_is_asked_only_for_revisions() {
    let directory = Directory::repository();
    directory.put("old.yaml", &crd("App", 10));
    let run = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opgen"));
        let words = words(&format!("--color never crd diff {arguments}"));
        let output = command
            .args(words)
            .current_dir(directory.path())
            .env("PATH", "")
            .output();
        let output = output.unwrap();
        (
            String::from_utf8(output.stderr).unwrap(),
            output.status.code(),
        )
    };
    assert_eq!(run("--against old.yaml"), (String::new(), Some(0)));
    let message = "error: the program `git` is not installed\n\
        help: install git, or name a file or a directory to compare with: `--against PATH`\n";
    assert_eq!(run(""), (message.to_owned(), Some(1)));
}

#[test]
fn every_broken_file_is_named_with_its_line() {
    let directory = Directory::repository();
    directory.put("config/crd/bases/apps.yaml", "a: 1\nb: [\n");
    directory.put(
        "config/crd/bases/nameless.yaml",
        &crd("X", 1).replace("  name: xs.example.com\n", "  labels: {}\n"),
    );
    directory.put("config/crd/bases/one.yaml", &crd("One", 1));
    directory.put("config/crd/bases/two.yaml", &crd("One", 1));
    directory.put("config/crd/bases/latin.yaml", "");
    fs::write(
        directory.path().join("config/crd/bases/latin.yaml"),
        b"a: \xe9\n",
    )
    .unwrap();
    let outcome = directory.diff("");
    assert_eq!(outcome.code, 1);
    for message in [
        "`config/crd/bases/apps.yaml` is not YAML: ",
        "(at line 2, column 4)",
        "a CRD in `config/crd/bases/nameless.yaml` has no `metadata.name`",
        "`ones.example.com` is in `config/crd/bases/one.yaml` and in `config/crd/bases/two.yaml`",
        "`config/crd/bases/latin.yaml` is not a text in UTF-8",
    ] {
        assert!(
            outcome.stderr.contains(message),
            "{message}\n{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_crd_of_an_old_version_of_kubernetes_is_skipped_and_said_so() {
    let directory = Directory::repository();
    let beta = crd("Old", 1).replace("apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1");
    directory.put("config/crd/bases/old.yaml", &beta);
    let outcome = directory.diff("");
    assert_eq!(outcome.stdout, "no difference\n");
    assert_eq!(
        outcome.stderr,
        "warning: a CRD of `apiextensions.k8s.io/v1beta1` in `config/crd/bases/old.yaml` is skipped: \
         opgen compares `apiextensions.k8s.io/v1`\n"
    );
}

#[test]
fn what_is_allowed_does_not_fail_and_shows_its_reason() {
    let directory = Directory::repository();
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    for allowed in ["maximum-tightened", "maximum-tightened:.spec.replicas"] {
        assert_eq!(
            directory.passes(&format!("--allow '{allowed} because nobody has as many'")),
            "\
apps.example.com v1
  allowed  .spec.replicas: `maximum` is tightened: 10 → 5 [maximum-tightened], because nobody has as many
0 breaking, 0 to look at, 0 safe, 1 allowed
"
        );
    }
    let elsewhere = directory.diff("--allow 'maximum-tightened:.spec.other because of a slip'");
    assert_eq!(elsewhere.code, 1);
    let warning = "warning: nothing to allow for `maximum-tightened:.spec.other`\n";
    assert!(
        elsewhere.stderr.starts_with(warning),
        "{}",
        elsewhere.stderr
    );
    directory.refused(
        "--allow maximum-tightened --allow 'because of that'",
        "error: no reason in `maximum-tightened`\n\
         error: no reason in `because of that`\n\
         help: write `ID because REASON`, or `ID:PATH because REASON` for one place\n",
    );
}

#[test]
fn bundles_and_schemas_may_be_large_and_deep() {
    let directory = Directory::new();
    let deep = (0..40).fold("{type: string}".to_owned(), |inner, _| {
        format!("{{type: object, properties: {{a: {inner}}}}}")
    });
    let deep = |maximum: i32| format!("{}              deep: {deep}\n", crd("App", maximum));
    let large = format!("kind: Values\nvalues: [{}]\n", "1,".repeat(260_000));
    directory.put("old.yaml", &deep(10));
    directory.put("new.yaml", &format!("{}---\n{large}", deep(5)));
    assert_eq!(
        directory.diff("new.yaml --against old.yaml").stdout,
        tightened(10, 5)
    );
}

#[test]
fn a_program_gets_one_document() {
    let directory = Directory::repository();
    let document = |arguments: &str| -> (Value, i32) {
        let outcome = directory.diff(&format!("--output json {arguments}"));
        (serde_json::from_str(&outcome.stdout).unwrap(), outcome.code)
    };
    let nothing = serde_json::json!({ "differences": [], "breaking": 0 });
    assert_eq!(document(""), (nothing, 0));
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    let mut expected = serde_json::json!({
        "differences": [{
            "id": "maximum-tightened", "class": "breaking", "crd": "apps.example.com",
            "kind": "App", "version": "v1", "path": ".spec.replicas",
            "message": "`maximum` is tightened", "before": 10, "after": 5, "allowed": null,
        }],
        "breaking": 1,
    });
    assert_eq!(document("--quiet"), (expected.clone(), 1));
    expected["differences"][0]["allowed"] = "x".into();
    expected["breaking"] = 0.into();
    assert_eq!(
        document("--allow 'maximum-tightened because x'"),
        (expected, 0)
    );
}

#[test]
#[cfg(unix)]
fn a_link_is_the_file_that_it_leads_to_then_as_now() {
    let directory = Directory::repository();
    directory.put("real/links.yaml", &crd("Link", 10));
    let link = |target: &str, name: &str| {
        let link = directory.path().join(BASES).join(name);
        std::os::unix::fs::symlink(target, link).unwrap();
    };
    link("../../../real/links.yaml", "links.yaml");
    directory.commit();
    assert_eq!(directory.passes(""), "no difference\n");
    directory.put("real/links.yaml", &crd("Link", 5));
    let outcome = directory.diff("");
    let line = "breaking .spec.replicas: `maximum` is tightened: 10 → 5";
    assert!(
        outcome.code == 1 && outcome.stdout.contains(line),
        "{}",
        outcome.stdout
    );
    // Out of the commit, nobody knows what was there.
    directory.put("config/crd/bases/links.yaml", &crd("Link", 5));
    link("../../../../elsewhere.yaml", "out.yaml");
    directory.commit();
    fs::remove_file(directory.path().join(BASES).join("out.yaml")).unwrap();
    directory.refused(
        "",
        "error: `HEAD:config/crd/bases/out.yaml` is a link that leads to no file of its commit\n\
         help: put the file itself there, or compare with another place: `--against PATH`\n",
    );
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_is_not_skipped_in_silence() {
    for target in ["loop.yaml", "gone.yaml"] {
        let directory = Directory::repository();
        let link = directory.path().join(BASES).join("loop.yaml");
        std::os::unix::fs::symlink(target, link).unwrap();
        directory.refused(
            "",
            "error: `config/crd/bases/loop.yaml` is a link that leads nowhere\n\
             help: put the file itself there, or remove the link\n",
        );
    }
}

#[test]
fn what_is_in_a_commit_has_its_path_in_the_repository() {
    let directory = Directory::repository();
    directory.put("top.yaml", "a: [\n");
    directory.put("below/other.yaml", "a: [\n");
    directory.commit();
    for (arguments, name) in [
        ("top.yaml", "HEAD:top.yaml"),
        (".", "HEAD:top.yaml"),
        ("below", "HEAD:below/other.yaml"),
        ("-C below .", "HEAD:below/other.yaml"),
    ] {
        let outcome = directory.diff(arguments);
        let message = format!("error: `{name}` is not YAML: ");
        assert!(
            outcome.stderr.contains(&message),
            "{arguments}: {}",
            outcome.stderr
        );
    }
    directory.put("empty/values.yaml", "a: 1\n");
    let outcome = directory.diff("empty/values.yaml");
    let message = "and none in `HEAD:empty/values.yaml`";
    assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
}

#[test]
fn a_comment_in_the_projects_sources_allows_a_difference() {
    let directory = Directory::repository();
    directory.put("PROJECT", "");
    directory.put("Cargo.toml", "[workspace]\nmembers = [\"api\"]\n");
    directory.put("api/Cargo.toml", "[package]\nname = \"api\"\n");
    let types = |comment: &str| {
        let text = format!(
            "#[kube(group = \"example.com\", version = \"v1\", kind = \"App\")]\n\
             struct AppSpec {{\n    {comment}\n    replicas: i32,\n}}\n"
        );
        directory.put("api/src/app.rs", &text);
    };
    directory.put("config/crd/bases/apps.yaml", &crd("App", 5));
    types("// +opgen:allow:maximum-tightened because nobody has more than five");
    let line = "  allowed  .spec.replicas: `maximum` is tightened: 10 → 5 [maximum-tightened], because nobody has more than five\n";
    assert!(directory.passes("").contains(line));
    // Not that one, and not there.
    types("// +opgen:allow:maximum-removed because nobody has more than five");
    assert_eq!(directory.diff("").code, 1);
    types("// +opgen:allow:maximum-tightened:.spec.other because nobody has more than five");
    assert_eq!(directory.diff("").code, 1);
    types("// +opgen:allow:maximum-tightened");
    directory.refused(
        "",
        "error: no reason in `maximum-tightened` in `api/src/app.rs:3:8`\n\
         help: write `ID because REASON`, or `ID:PATH because REASON` for one place\n",
    );
    // What is gone is allowed at what is left.
    directory.put(
        "config/crd/bases/apps.yaml",
        &crd("App", 10).replace("replicas:", "pods:"),
    );
    let comment = "// +opgen:allow:field-removed:.spec.replicas because it is called pods";
    let kube = "#[kube(group = \"example.com\", version = \"v1\", kind = \"App\")]";
    let text = format!("{kube}\nstruct AppSpec {{\n    {comment}\n    pods: i32,\n}}\n");
    directory.put("api/src/app.rs", &text);
    assert_eq!(directory.diff("").code, 1, "another field's comment");
    let text = format!("{comment}\n{kube}\nstruct AppSpec {{\n    pods: i32,\n}}\n");
    directory.put("api/src/app.rs", &text);
    assert!(directory.passes("").contains("because it is called pods"));
}
