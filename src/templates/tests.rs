//! Templates against their contexts, and the names that generated code uses against those that a kind may have.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{context::*, *};
use crate::{
    project::{FORMAT, License, Project, Reconciler, Resource, Runtime, RustNames, Types},
    resource::{Group, Kind, TAKEN_TYPES},
};

/// A project with resources of every sort, whose names stand for nothing else.
fn project() -> Project {
    let resource = |group: &str, kind: &str, version: &str, types, namespaced, reconciler| {
        let (group, kind): (Group, Kind) = (group.parse().unwrap(), kind.parse().unwrap());
        Resource {
            rust: RustNames::new(types, &group, &kind),
            plural: kind.plural(),
            group,
            version: version.parse().unwrap(),
            kind,
            short_names: vec!["zz".parse().unwrap()],
            namespaced,
            types,
            stored: version == "v1",
            controller: version == "v1",
            reconciler,
        }
    };
    Project {
        format: FORMAT,
        opgen_version: "0.1.0".into(),
        name: "zzz".parse().unwrap(),
        domain: "example.com".parse().unwrap(),
        owner: String::new(),
        license: License::Mit,
        namespaced: false,
        runtime: Runtime::Vendored,
        resources: vec![
            resource(
                "apps",
                "Zyx",
                "v1",
                Types::Own,
                true,
                Reconciler::Deployment,
            ),
            resource(
                "apps",
                "Zyx",
                "v2",
                Types::Own,
                true,
                Reconciler::Deployment,
            ),
            resource("apps", "Zyy", "v1", Types::Own, false, Reconciler::Empty),
            resource("core", "Pod", "v1", Types::BuiltIn, true, Reconciler::Empty),
        ],
    }
}

/// Every folder that is rendered as one, with every context that it can have.
fn renderings() -> Vec<(&'static str, Value)> {
    let mut renderings = Vec::new();
    for namespaced in [false, true] {
        let project = Project {
            namespaced,
            ..project()
        };
        fn value(context: impl serde::Serialize) -> Value {
            serde_json::to_value(context).unwrap()
        }
        let init = value(InitContext {
            project: ProjectView::new(&project),
        });
        for folder in [
            "init/base",
            "init/cluster",
            "init/namespaced",
            "init/license/apache2",
            "init/license/mit",
        ] {
            renderings.push((folder, init.clone()));
        }
        for resources in [project.resources.clone(), Vec::new()] {
            let project = Project {
                resources,
                ..project.clone()
            };
            renderings.push(("index", value(IndexContext::new(&project))));
        }
        for resource in &project.resources {
            let context = value(ApiContext::new(&project, resource));
            let folders: &[&str] = match (resource.types, resource.reconciler) {
                (Types::BuiltIn, _) => &["api/controller/base", "api/controller/built_in"],
                (_, Reconciler::Deployment) => &[
                    "api/resource",
                    "api/types/deployment",
                    "api/crd/deployment",
                    "api/controller/base",
                    "api/controller/deployment",
                ],
                (_, Reconciler::Empty) => &[
                    "api/resource",
                    "api/types/empty",
                    "api/crd/empty",
                    "api/controller/base",
                    "api/controller/empty",
                ],
            };
            renderings.extend(folders.iter().map(|folder| (*folder, context.clone())));
        }
    }
    renderings
}

#[test]
fn every_template_renders_in_one_of_the_folders() {
    let mut rendered = BTreeSet::new();
    for (folder, context) in renderings() {
        render(folder, &context).unwrap_or_else(|error| panic!("{error:?}"));
        rendered.extend(templates(folder).into_iter().map(|template| template.name));
    }
    let all: BTreeSet<_> = templates("")
        .into_iter()
        .map(|template| template.name)
        .collect();
    assert_eq!(rendered, all);
}

/// Tera takes a name that is not there for false in a condition, so a typing mistake would go unseen.
#[test]
fn every_name_in_a_template_is_one_of_its_context() {
    for (folder, context) in renderings() {
        for template in templates(folder) {
            for name in names(template.text) {
                let mut path = name.split('.');
                let known = match (path.next(), path.next()) {
                    (Some("resource"), Some(field)) if folder == "index" => {
                        let any = ApiContext::new(&project(), &project().resources[0]);
                        json!(any)["resource"].get(field).is_some()
                    }
                    // The variables of loops.
                    (Some("resource"), None) if folder == "index" => true,
                    (Some("name"), None) => template.text.contains("{%- for name in "),
                    (Some(first), Some(field)) => context[first].get(field).is_some(),
                    (Some(first), None) => context.get(first).is_some(),
                    _ => false,
                };
                assert!(
                    known,
                    "`{}` names `{name}`, which its context lacks",
                    template.name
                );
            }
        }
    }
}

/// The names in `{{ … }}` and `{% … %}`, without filters, strings and keywords.
fn names(text: &str) -> BTreeSet<String> {
    const WORDS: &[&str] = &[
        "if", "else", "endif", "for", "endfor", "in", "not", "json", "yaml", "raw", "endraw",
    ];
    let mut names = BTreeSet::new();
    let raw = text.split("{% raw").next().unwrap_or_default();
    for open in ["{{", "{%"] {
        for part in raw.split(open).skip(1) {
            let code = part
                .split(['}', '%'])
                .next()
                .unwrap_or_default()
                .trim_matches('-');
            let words =
                code.split(|letter: char| !(letter.is_alphanumeric() || "._".contains(letter)));
            names.extend(
                words
                    .filter(|word| !word.is_empty() && !WORDS.contains(word))
                    .map(str::to_owned),
            );
        }
    }
    names
}

#[test]
fn a_kind_named_like_a_type_in_generated_code_gets_another_name() {
    let mut missing = BTreeSet::new();
    for (folder, context) in renderings() {
        for (path, file) in render(folder, &context).unwrap().files {
            // No kind is in the scope of that package.
            if path.extension() == Some("rs") && !path.starts_with("api/kube") {
                missing
                    .extend(types(&file.text).filter(|name| !TAKEN_TYPES.contains(&name.as_str())));
            }
        }
    }
    // Those that begin with the kind's own name cannot be another kind's of the same file.
    missing.retain(|name| !name.starts_with("Zy") && !name.starts_with("Pod"));
    assert!(missing.is_empty(), "not in TAKEN_TYPES: {missing:?}");
}

/// Words in camel case that stand in scope: out of comments and strings, and behind no `::` but in a `use`.
fn types(text: &str) -> impl Iterator<Item = String> {
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.contains("r#")) {
        let code = line.split("//").next().unwrap_or_default();
        let outside: String = code.split('"').step_by(2).collect();
        let mut before = "";
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        for word in outside.split_inclusive(|letter: char| !is_word(letter)) {
            let name = word.trim_end_matches(|letter: char| !is_word(letter));
            let qualified = before.ends_with(':') && !line.trim_start().starts_with("use ");
            let camel = name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.contains(|letter: char| letter.is_ascii_lowercase());
            if camel && !qualified {
                names.insert(name.to_owned());
            }
            before = word;
        }
    }
    names.into_iter()
}
