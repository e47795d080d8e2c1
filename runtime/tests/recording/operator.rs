//! What an operator in a process of its own leaves behind.

use std::path::{Path, PathBuf};
use std::process::Command;

use kube::Api;
use kube::api::DeleteParams;
use opgen_runtime::envtest::{Environment, eventually};
use serde_json::{Value, json};

use crate::common::*;
use crate::stage::{allow, compare, read};

const VARIABLE: &str = "RBAC_RECORDING";

/// Runs the test of that name with the variable set, as somebody would who records tests.
fn run_test(name: &str, recording: &Path) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--ignored", "--nocapture"]);
    let status = command.env(VARIABLE, recording).status().unwrap();
    assert!(status.success(), "{name}: {status}");
}

async fn environment() -> Environment {
    let environment = Environment::start().await.unwrap();
    install(&environment, &[widget_crd()]).await;
    environment
}

fn of_object<'a>(lines: &'a [Value], object: &str) -> Vec<&'a Value> {
    let object = format!("{NAMESPACE}/{object}");
    lines
        .iter()
        .filter(|line| line["object"] == object)
        .collect()
}

#[test]
#[ignore = "needs kube-apiserver: make test"]
fn the_variable_of_a_test_turns_the_recording_of_its_operator_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("recording");
    run_test("operator::recorded_test", &path);
    let lines = read(&path);
    let header = json!({ "recording": 1, "operator": "widgets", "namespace": "operators",
                         "controllers": [CONTROLLER] });
    assert_eq!(lines[0], header);
    let of_manager = lines.iter().filter(|line| line["manager"] == CONTROLLER);
    assert!(of_manager.count() > 0);
}

/// The test that is run by another one: nothing without the variable.
#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn recorded_test() {
    let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        return;
    };
    let environment = environment().await;
    allow_everything(&environment, "operators:operator").await;
    let operator = operator(&environment, "operator", &[]).await;
    let client = environment.client();
    for mode in ["error", "panic"] {
        let spec = json!({ "image": "i", "mode": mode });
        apply(&client, NAMESPACE, mode, spec).await;
    }
    apply(&client, NAMESPACE, "w", json!({ "image": "i" })).await;
    reconciled(&client, NAMESPACE, "w").await;
    let widgets: Api<Widget> = Api::namespaced(client, NAMESPACE);
    widgets.delete("w", &DeleteParams::default()).await.unwrap();
    let line = |object: &str, outcome: &str| json!({ "controller": CONTROLLER, "object": format!("{NAMESPACE}/{object}"), "outcome": outcome });
    let mut cleanup = line("w", "success");
    cleanup["deleting"] = json!(true);
    let expected = [
        line("w", "success"),
        cleanup,
        line("error", "failure"),
        line("panic", "panic"),
    ];
    eventually("every reconcile is recorded", PATIENCE, async || {
        let lines = read(&path);
        let missing = expected.iter().find(|line| !lines.contains(line));
        missing.map_or(Ok(()), |line| Err(line.to_string()))
    })
    .await;
    assert!(operator.terminate().await.unwrap().success());
    // None of what this test itself has asked for is there.
    compare(&environment, &path, |_| true).await;
    let lines = read(&path);
    let outcome_of = |object: &str, outcome: &str| {
        let mut all = of_object(&lines, object).into_iter();
        all.all(|line| line["outcome"] == outcome)
    };
    assert!(outcome_of("error", "failure") && outcome_of("panic", "panic"));
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn what_a_killed_operator_has_recorded_stays_and_the_next_goes_on() {
    let environment = environment().await;
    allow_everything(&environment, "operators:operator").await;
    let path = environment.directory().join("recording");
    let variable = format!("{VARIABLE}={}", path.display());
    let client = environment.client();
    for name in ["first", "second"] {
        let operator = operator(&environment, "operator", &[&variable]).await;
        for number in 0..20 {
            let name = format!("{name}-{number}");
            apply(&client, NAMESPACE, &name, json!({ "image": "i" })).await;
        }
        for number in 0..20 {
            reconciled(&client, NAMESPACE, &format!("{name}-{number}")).await;
        }
        // Watches are in the audit log when they have ended.
        compare(&environment, &path, |row| !row.starts_with("watch")).await;
        operator.kill();
        compare(&environment, &path, |_| true).await;
    }
    let lines = read(&path);
    let headers = lines.iter().filter(|line| line.get("recording").is_some());
    assert_eq!(headers.count(), 2);
    let patches = lines
        .iter()
        .filter(|line| line["resource"] == "deployments");
    assert_eq!(patches.filter(|line| line["code"] == 201).count(), 40);
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_missing_verb_is_named_and_recorded() {
    let environment = environment().await;
    let rules = json!([
        { "apiGroups": ["test.example.com"], "resources": ["widgets"], "verbs": ["list", "watch"] },
        { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"] },
    ]);
    allow(&environment, &rules).await;
    let path = environment.directory().join("recording");
    let variable = format!("{VARIABLE}={}", path.display());
    let operator = operator(&environment, "operator", &[&variable]).await;
    let refused = json!({ "verb": "watch", "group": "apps", "resource": "deployments", "code": 403,
                          "refused": "watch" });
    eventually("the refusal is recorded", PATIENCE, async || {
        let lines = read(&path);
        lines
            .contains(&refused)
            .then_some(())
            .ok_or(format!("{lines:#?}"))
    })
    .await;
    let expected = "deployments.apps: not allowed to watch (403): deployments.apps is forbidden: User \
         \"system:serviceaccount:operators:operator\" cannot watch resource \"deployments\"";
    eventually(expected, PATIENCE, async || match operator.readyz().await {
        Ok((503, body)) if body.contains(expected) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_full_disk_is_said_once_and_disturbs_nothing() {
    let environment = environment().await;
    allow_everything(&environment, "operators:operator").await;
    let operator = operator(&environment, "operator", &["RBAC_RECORDING=/dev/full"]).await;
    operator.ready().await.unwrap();
    let client = environment.client();
    apply(&client, NAMESPACE, "w", json!({ "image": "i" })).await;
    reconciled(&client, NAMESPACE, "w").await;
    let log = operator.log();
    assert_eq!(
        log.matches("cannot write the recording").count(),
        1,
        "{log}"
    );
    assert!(
        log.contains("/dev/full") && log.contains("No space left"),
        "{log}"
    );
    assert!(operator.terminate().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn a_file_that_cannot_be_opened_ends_the_start() {
    let environment = environment().await;
    let variable = format!("{VARIABLE}=/nonexistent/recording");
    let operator = operator(&environment, "operator", &[&variable]).await;
    let error = operator.ready().await.unwrap_err().to_string();
    assert!(error.contains("ended (exit status: 101)"), "{error}");
    let log = operator.log();
    let expected = "cannot open the recording `/nonexistent/recording`: No such file or directory";
    assert!(log.contains(expected), "{log}");
}
