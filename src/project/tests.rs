//! The `PROJECT` file, read and written.

use super::*;

fn project() -> Project {
    let (group, kind): (Group, Kind) = ("apps".parse().unwrap(), "MyApp".parse().unwrap());
    Project {
        format: FORMAT,
        opgen_version: "0.1.0".into(),
        name: "myapp".parse().unwrap(),
        domain: "example.com".parse().unwrap(),
        owner: "No: one".into(),
        license: License::Apache2,
        namespaced: false,
        runtime: Runtime::Path("../shared".into()),
        resources: vec![Resource {
            rust: RustNames::new(Types::Own, &group, &kind),
            plural: kind.plural(),
            group,
            version: "v1".parse().unwrap(),
            kind,
            short_names: vec!["on".parse().unwrap()],
            namespaced: true,
            types: Types::Own,
            stored: true,
            controller: true,
            reconciler: Reconciler::Deployment,
        }],
    }
}

#[test]
fn a_project_reads_back_as_it_was_written() {
    let text = project().to_yaml().unwrap();
    assert_eq!(Project::parse(&text).unwrap(), project(), "{text}");
}

#[test]
fn a_file_that_is_not_ours_or_broken_says_what_is_wrong() {
    let good = project().to_yaml().unwrap();
    for (text, message) in [
        (String::new(), "no `format`"),
        ("{".into(), "cannot be read"),
        (
            "layout: [go.kubebuilder.io/v4]\nversion: \"3\"\n".into(),
            "made by Kubebuilder",
        ),
        (good.replace("format: 1", "format: 2"), "has format 2"),
        (good.replace("kind: MyApp", "kind: myApp"), "invalid kind"),
        (
            good.replace("module: my_app", "module: ../my_app"),
            "differently",
        ),
        (good.replace("domain:", "domian:"), "domian"),
    ] {
        let problem = Project::parse(&text).expect_err(&text);
        assert!(
            problem.message.contains(message),
            "{problem:?} lacks {message:?}"
        );
        assert!(problem.help.is_some());
    }
}

#[test]
fn resources_are_sorted_by_group_kind_and_maturity() {
    let mut project = project();
    let first = project.resources[0].clone();
    for (group, version) in [
        ("apps", "v1alpha1"),
        ("apps", "v10"),
        ("a", "v1"),
        ("apps", "v2"),
        ("apps", "v1"),
    ] {
        project.put(Resource {
            group: group.parse().unwrap(),
            version: version.parse().unwrap(),
            ..first.clone()
        });
    }
    let order: Vec<_> = project
        .resources
        .iter()
        .map(|found| format!("{}/{}", found.group, found.version))
        .collect();
    assert_eq!(
        order,
        ["a/v1", "apps/v1alpha1", "apps/v1", "apps/v2", "apps/v10"]
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test fills a directory of its own"
)]
fn a_file_that_is_no_text_is_refused_with_help() {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(directory.path()).unwrap();
    std::fs::write(root.join(FILE), [0xff, 0xfe]).unwrap();
    let error = find(root).unwrap_err();
    let Problems(problems) = error.downcast_ref().unwrap();
    assert!(problems[0].help.is_some(), "{problems:?}");
}
