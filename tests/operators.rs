//! Operators as opgen makes them, untouched: formatted, without warnings, up to date, and their own tests pass on a
//! real kube-apiserver.

mod common {
    pub mod project;
}

use common::project::{Project, RUNTIME};

#[test]
#[ignore = "builds operators and needs kube-apiserver: make test"]
fn a_project_without_a_kind_is_clean() {
    let project = Project::new("bare", &["init", "--domain=example.com", RUNTIME]);
    project.is_clean();
}

#[test]
#[ignore = "builds operators and needs kube-apiserver: make test"]
fn the_tutorials_operator_is_clean_and_behaves_with_the_vendored_runtime() {
    let project = Project::new("tutorial", &["init", "--domain=example.com"]);
    project.opgen(&[
        "create",
        "api",
        "--group=apps",
        "--version=v1",
        "--kind=MyApp",
    ]);
    project.is_clean();
    project.put(
        "tests/behaviour.rs",
        include_str!("behaviour/deployment.rs"),
    );
    project.cargo(&[
        "test",
        "--locked",
        "--test",
        "behaviour",
        "--",
        "--include-ignored",
        "--nocapture",
    ]);
}

#[test]
#[ignore = "builds operators and needs kube-apiserver: make test"]
fn kinds_groups_and_versions_of_every_shape_live_in_one_project() {
    let project = Project::new(
        "many",
        &[
            "init",
            "--domain=example.com",
            "--license=mit",
            "--owner=A \"B\"",
            RUNTIME,
        ],
    );
    for arguments in [
        "--group=apps --version=v1alpha1 --kind=MyApp --short-name=ma --short-name=on",
        "--group=apps --version=v1 --kind=MyApp",
        "--group=apps --version=v1 --kind=Fleet --namespaced=false",
        "--group=apps --version=v1 --kind=Policy --reconciler=empty",
        "--group=sea.fleet --version=v1 --kind=Admiral --plural=admirales",
        "--group=use --version=v1 --kind=Type --reconciler=empty",
        "--group=use --version=v1 --kind=Match --controller=false",
        "--group=use --version=v1 --kind=Mod --namespaced=false --controller=false",
        "--group=kube --version=v1 --kind=HTTPRoute --reconciler=empty",
        "--group=std --version=v1 --kind=On --plural=no --reconciler=empty",
        "--group=3scale --version=v1 --kind=A --reconciler=empty",
        "--group=tokio --version=v1 --kind=Tokio --reconciler=empty",
        "--group=anyhow --version=v1 --kind=V1 --reconciler=empty",
        "--group=opgen-runtime --version=v1 --kind=Kube --reconciler=empty",
        "--group=controller --version=v1 --kind=Controllers --reconciler=empty",
        "--group=v1 --version=v1 --kind=Anyhow --controller=false",
        "--group=bin --version=v1 --kind=Lib --controller=false",
        "--group=lib --version=v1 --kind=Main --controller=false",
        "--group=main --version=v1 --kind=Bin --reconciler=empty",
        "--group=core --version=v1 --kind=Pod --resource=false",
        "--group=rbac --version=v1 --kind=ClusterRole --resource=false",
    ] {
        project.create_api(arguments);
    }
    project.is_clean();
}

/// Each of these means something else in generated code, its prelude or the derive.
#[test]
#[ignore = "builds operators and needs kube-apiserver: make test"]
fn kinds_named_like_other_things_compile() {
    let project = Project::new("names", &["init", "--domain=example.com", RUNTIME]);
    for (index, kind) in opgen::resource::TAKEN_TYPES.iter().enumerate() {
        // The plural of `Option` is the singular of `Options`: not in one group.
        project.create_api(&format!(
            "--group=names{} --version=v1 --kind={kind} --controller=false",
            index % 2
        ));
    }
    for kind in [
        "Deployment",
        "Result",
        "Context",
        "Status",
        "Option",
        "Container",
        "Condition",
        "Manager",
    ] {
        project.create_api(&format!("--group=names.full --version=v1 --kind={kind}"));
    }
    project.cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]);
    project.opgen(&["manifests", "--check"]);
    project.formatted();
}

#[test]
#[ignore = "builds operators and needs kube-apiserver: make test"]
fn an_operator_of_one_namespace_is_clean() {
    let project = Project::new(
        "single",
        &[
            "init",
            "--domain=example.com",
            "--namespaced",
            "--license=none",
            RUNTIME,
        ],
    );
    project.create_api("--group=apps --version=v1 --kind=MyApp");
    project.create_api("--group=core --version=v1 --kind=ConfigMap --resource=false");
    project.is_clean();
}
