//! What `opgen rbac` says of a generated operator that works under its own role on a real kube-apiserver.
//!
//! There is no Deployment controller: the test reports the pods itself.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes and changes a project"
)]

#[path = "rbac/cluster.rs"]
mod cluster;
#[path = "common/project.rs"]
mod project;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use cluster::Cluster;
use project::{Project, RUNTIME};
use serde_json::Value;

const NAME: &str = "permitted";
const CONTROLLER: &str = "src/controller/apps/my_app.rs";

/// Every permission of a fresh operator: the verb, the resource, and where it is granted.
const GRANTED: &[(&str, &str, &str)] = &[
    ("list", "myapps.apps.example.com", CONTROLLER),
    ("watch", "myapps.apps.example.com", CONTROLLER),
    ("patch", "myapps.apps.example.com", CONTROLLER),
    ("patch", "myapps.apps.example.com/status", CONTROLLER),
    ("list", "deployments.apps", CONTROLLER),
    ("watch", "deployments.apps", CONTROLLER),
    ("create", "deployments.apps", CONTROLLER),
    ("patch", "deployments.apps", CONTROLLER),
    ("create", "events.events.k8s.io", "src/main.rs"),
    ("patch", "events.events.k8s.io", "src/main.rs"),
    ("create", "leases.coordination.k8s.io", LEASES),
    ("get", "leases.coordination.k8s.io", LEASES),
    ("update", "leases.coordination.k8s.io", LEASES),
    ("watch", "leases.coordination.k8s.io", LEASES),
    ("create", "tokenreviews.authentication.k8s.io", REVIEWS),
    (
        "create",
        "subjectaccessreviews.authorization.k8s.io",
        REVIEWS,
    ),
];
const LEASES: &str = "config/rbac/leader_election_role.yaml";
const REVIEWS: &str = "config/rbac/metrics_auth_role.yaml";

/// Comments that ask for more than the operator uses, and the permissions that they are.
const SUPERFLUOUS: &[(&str, &[&str])] = &[
    (
        "groups=core,resources=pods,verbs=get;list",
        &["get pods", "list pods"],
    ),
    (
        "groups=core,resources=pods/log,verbs=get",
        &["get pods/log"],
    ),
    (
        "groups=apps,resources=deployments,verbs=delete",
        &["delete deployments.apps"],
    ),
    (
        "groups=apps,resources=deployments/status,verbs=patch",
        &["patch deployments.apps/status"],
    ),
    (
        "groups=apps.example.com,resources=myapps,verbs=get",
        &["get myapps.apps.example.com"],
    ),
    (
        "groups=apps.example.com,resources=myapps,resourceNames=x,verbs=update",
        &["update myapps.apps.example.com"],
    ),
    (
        "groups=core,resources=configmaps,verbs=get,namespace=elsewhere",
        &["get configmaps"],
    ),
    ("urls=/metrics,verbs=get", &["get /metrics"]),
];

fn project(name: &str) -> Project {
    let name = format!("--project-name={name}");
    let project = Project::new(
        &name[15..],
        &["init", "--domain=example.com", &name, RUNTIME],
    );
    project.create_api("--group=apps --version=v1 --kind=MyApp");
    project
}

#[test]
#[ignore = "needs kube-apiserver: make test"]
fn the_tests_of_a_fresh_operator_use_every_permission_and_miss_none() {
    let project = project("fresh");
    let output = project.output(Command::new(opgen()).args(["rbac", "verify", "--strict"]));
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    for (verb, resource, source) in GRANTED {
        let row =
            |line: &&str| line.contains(&format!("{verb} {resource} ")) && line.contains(source);
        let found = stdout
            .lines()
            .find(row)
            .unwrap_or_else(|| panic!("{verb} {resource}:\n{stdout}"));
        // The tests of a fresh project do not repeat an Event.
        let state = if found.contains("patch events") {
            "implied"
        } else {
            "used"
        };
        assert!(found.starts_with(state), "{found}");
    }
    let controller = stdout
        .lines()
        .find(|line| line.starts_with("apps.example.com/myapp"))
        .unwrap();
    let counts: Vec<u32> = controller
        .split_whitespace()
        .skip(1)
        .map(|word| word.parse().unwrap())
        .collect();
    assert!(
        counts[..3].iter().all(|count| *count > 0),
        "reconciled, repaired, cleaned up: {controller}"
    );
    assert_eq!(counts[3], 0, "failed: {controller}");

    // The recording stays, for questions.
    let explain = |arguments: &[&str]| {
        let output = project.output(
            Command::new(opgen())
                .args(["rbac", "explain"])
                .args(arguments),
        );
        text(&output.stdout) + &text(&output.stderr)
    };
    let patch = explain(&["patch", "deployments"]);
    assert!(
        patch.contains(CONTROLLER) && patch.contains("apps.example.com/myapp  deployments.apps, "),
        "{patch}"
    );
    let delete = explain(&["delete", "deployment"]);
    assert!(
        delete.contains("did you mean `deployments.apps`?"),
        "{delete}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn each_permission_that_is_taken_away_is_refused_and_named_and_put_back() {
    let project = project(NAME);
    project.cargo(&["build", "--locked"]);
    let cluster = Cluster::start(&project.directory, NAME).await;
    let whole = project.directory.join("whole.jsonl");
    cluster.record(&whole, None).await;
    let verified = verify(&project, &whole, &["--strict"]);
    assert_eq!(verified.of("missing"), BTreeSet::new());
    assert_eq!(
        verified.of("unused"),
        BTreeSet::new(),
        "{:#}",
        verified.document
    );
    assert!(verified.success, "{}", verified.stderr);

    for (verb, resource, source) in GRANTED {
        let what = format!("{verb} {resource}");
        let recording = project
            .directory
            .join(format!("{}.jsonl", what.replace(['/', ' '], "-")));
        let role = cluster.take_away(verb, resource).await;
        cluster.record(&recording, Some(&what)).await;
        cluster.give_back(role).await;

        let before = project.read(source);
        project.put(source, &without(&before, verb, resource));
        let verified = verify(&project, &recording, &[]);
        assert_eq!(
            verified.of("missing"),
            BTreeSet::from([what.clone()]),
            "{:#}",
            verified.document
        );
        assert!(!verified.success, "{what}");
        assert!(
            verified.stderr.contains(&format!("`{what}` was needed")),
            "{}",
            verified.stderr
        );
        if [LEASES, REVIEWS].contains(source) {
            // Kept by hand.
            project.put(source, &before);
            continue;
        }
        let verified = verify(&project, &recording, &["--fix", "--dry-run"]);
        assert!(
            verified.stdout.contains(&format!("+++ b/{source}")),
            "{}",
            verified.stdout
        );
        assert_ne!(project.read(source), before, "a dry run writes nothing");
        let verified = verify(&project, &recording, &["--fix"]);
        assert!(verified.success, "{}", verified.stderr);
        assert_eq!(project.read(source), before, "{what} is back where it was");
        project.opgen(&["manifests", "--check"]);
    }

    for (comment, permissions) in SUPERFLUOUS {
        let before = project.read("src/main.rs");
        let marker = "// +opgen:rbac:groups=events.k8s.io";
        project.replace(
            "src/main.rs",
            marker,
            &format!("// +opgen:rbac:{comment}\n{marker}"),
        );
        let verified = verify(&project, &whole, &[]);
        let permissions: BTreeSet<_> = permissions.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(verified.of("unused"), permissions, "{comment}");
        assert!(verified.success, "unused is a warning: {}", verified.stderr);
        assert!(
            !verify(&project, &whole, &["--strict"]).success,
            "{comment}"
        );
        let verified = verify(&project, &whole, &["--strict", "--fix"]);
        assert!(verified.success, "{}", verified.stderr);
        assert_eq!(project.read("src/main.rs"), before, "{comment}");
    }

    // The API server's own log tells the same, whoever has made the operator.
    let roles = project.directory.join("rendered.yaml");
    fs::write(&roles, cluster.rendered().await).unwrap();
    let (roles, log) = (roles.to_str().unwrap(), cluster.audit_log());
    let mut command = Command::new(opgen());
    command
        .args([
            "rbac",
            "verify",
            "--strict",
            "--output=json",
            "--role",
            roles,
            "--audit-log",
        ])
        .arg(log);
    let verified = Verified::by(&project, &mut command);
    assert!(
        verified.of("used").contains("patch deployments.apps"),
        "{}",
        verified.stderr
    );
    // It has the refusals of before, too, which count no more: what was refused was allowed at last.
    assert_eq!(
        verified.of("missing"),
        BTreeSet::new(),
        "{:#}",
        verified.document
    );
    assert!(verified.success, "{}", verified.stderr);
    assert_eq!(
        verified.of("unused"),
        BTreeSet::new(),
        "{:#}",
        verified.document
    );
}

struct Verified {
    success: bool,
    stdout: String,
    stderr: String,
    /// What `--output json` prints first.
    document: Value,
}

impl Verified {
    fn by(project: &Project, command: &mut Command) -> Self {
        let output = project.output(command);
        let stdout = text(&output.stdout);
        let first = serde_json::Deserializer::from_str(&stdout)
            .into_iter()
            .next();
        Self {
            success: output.status.success(),
            document: first.and_then(Result::ok).unwrap_or_default(),
            stderr: text(&output.stderr),
            stdout,
        }
    }

    /// The permissions of a state.
    fn of(&self, state: &str) -> BTreeSet<String> {
        let all = self.document["permissions"]
            .as_array()
            .into_iter()
            .flatten();
        let of_state = all.filter(|it| it["state"] == state);
        let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        of_state
            .map(|it| format!("{} {}", text(it, "verb"), text(it, "target")))
            .collect()
    }
}

fn verify(project: &Project, recording: &Path, more: &[&str]) -> Verified {
    let mut command = Command::new(opgen());
    command
        .args(["rbac", "verify", "--output=json", "--recording"])
        .arg(recording)
        .args(more);
    Verified::by(project, &mut command)
}

/// A source, or a role, that no longer allows a verb on a resource.
fn without(text: &str, verb: &str, resource: &str) -> String {
    let (plural, rest) = resource.split_once('.').unwrap();
    let resource = match rest.split_once('/') {
        Some((_, subresource)) => format!("resources={plural}/{subresource},"),
        None => format!("resources={plural},"),
    };
    let mut found = 0;
    // Whether the rule of a role is about it.
    let mut about = false;
    let lines = text.split_inclusive('\n').map(|line| {
        about = line.trim() != "- apiGroups:" && (about || line.trim() == format!("- {plural}"));
        let is_verb =
            line.trim() == format!("- {verb}") || line.trim().starts_with(&format!("- {verb} #"));
        if about && is_verb {
            found += 1;
            return String::new();
        }
        let Some((before, verbs)) = line
            .split_once("verbs=")
            .filter(|_| line.contains(&resource))
        else {
            return line.to_owned();
        };
        let left: Vec<_> = verbs
            .trim()
            .split(';')
            .filter(|other| *other != verb)
            .collect();
        found += verbs.trim().split(';').count() - left.len();
        match left.as_slice() {
            [] => String::new(),
            left => format!("{before}verbs={}\n", left.join(";")),
        }
    });
    let text = lines.collect();
    assert_eq!(found, 1, "{verb} {resource}");
    text
}

fn opgen() -> &'static str {
    env!("CARGO_BIN_EXE_opgen")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
