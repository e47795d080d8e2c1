use camino::Utf8Path;
use proptest::{collection::btree_set, prelude::*};

use super::*;
use crate::rbac::{
    self, RoleDefaults,
    usage::Request,
    verify::{Comparison, Grant, Scope, Source, grants},
};

const PATH: &str = "src/main.rs";

fn comments(source: &str) -> Vec<Comment> {
    let defaults = RoleDefaults {
        role_name: "manager-role".to_owned(),
        namespace: None,
    };
    let reading = rbac::read(Utf8Path::new(PATH), source, &defaults);
    assert!(
        reading.errors.is_empty(),
        "{:?} in\n{source}",
        reading.errors
    );
    reading.comments
}

fn granted(source: &str) -> Vec<Grant> {
    let of_comment = |comment: &Comment| {
        let source = Source {
            path: PATH.into(),
            line: Some(comment.at.line),
            column: Some(comment.at.column),
            role: None,
        };
        grants(&comment.rule.policy, &Scope::Cluster, &source)
    };
    comments(source).iter().flat_map(of_comment).collect()
}

fn report(source: &str, requests: &[Request]) -> Report {
    let mut comparison = Comparison::new(granted(source), None, None);
    requests
        .iter()
        .for_each(|request| comparison.request(request));
    comparison.report()
}

/// The source with what is missing, and without what is unused.
fn fixed(source: &str, requests: &[Request], narrow: bool) -> String {
    let sources = BTreeMap::from([(PATH.into(), source.to_owned())]);
    let fix = fix(&report(source, requests), sources, comments(source), narrow);
    let mut files = fix.scaffold().files;
    files
        .remove(Utf8Path::new(PATH))
        .map_or(source.to_owned(), |file| file.text)
}

fn request(verb: &str, group: &str, resource: &str, name: &str, manager: &str) -> Request {
    Request {
        verb: verb.to_owned(),
        target: Target::Resource {
            group: group.to_owned(),
            resource: resource.to_owned(),
        },
        namespace: "default".to_owned(),
        name: name.to_owned(),
        code: Some(200),
        apply: false,
        refused: None,
        manager: manager.to_owned(),
    }
}

#[test]
fn what_is_missing_goes_where_the_resource_is_or_the_controller_or_the_group() {
    let source = "\
const NAME: &str = \"mine\";
    // +opgen:rbac:groups=apps,resources=deployments,verbs=get
    // +opgen:rbac:groups=core,resources=pods;nodes,verbs=get because of reasons
fn f() {}
";
    for (request, line, text) in [
        (
            request("list", "apps", "deployments", "", ""),
            2,
            "    // +opgen:rbac:groups=apps,resources=deployments,verbs=get;list",
        ),
        (
            request("patch", "apps", "deployments/status", "", "mine"),
            3,
            "    // +opgen:rbac:groups=apps,resources=deployments/status,verbs=patch",
        ),
        (
            request("get", "batch", "jobs", "", "mine"),
            4,
            "    // +opgen:rbac:groups=batch,resources=jobs,verbs=get",
        ),
        (
            request("get", "", "secrets", "", ""),
            4,
            "    // +opgen:rbac:groups=core,resources=secrets,verbs=get",
        ),
        // A comment about several resources stays as it is.
        (
            request("list", "", "pods", "", ""),
            4,
            "    // +opgen:rbac:groups=core,resources=pods,verbs=list",
        ),
        (
            request("get", "batch", "jobs", "", ""),
            3,
            "    // +opgen:rbac:groups=batch,resources=jobs,verbs=get",
        ),
    ] {
        let fixed = fixed(source, std::slice::from_ref(&request), false);
        assert_eq!(
            fixed.lines().nth(line - 1),
            Some(text),
            "{request:?}:\n{fixed}"
        );
        assert_eq!(report(&fixed, &[request]).of(State::Missing).count(), 0);
    }
}

#[test]
fn what_is_unused_goes_and_the_rest_of_its_line_stays() {
    let pods = [request("get", "", "pods", "", "")];
    for (source, expected) in [
        (
            "// +opgen:rbac:groups=core,resources=pods,verbs=get;list\n",
            "// +opgen:rbac:groups=core,resources=pods,verbs=get\n",
        ),
        (
            "fn f() {}\n// +opgen:rbac:groups=core,resources=nodes,verbs=get\n",
            "fn f() {}\n",
        ),
        (
            "let x = 1; // +opgen:rbac:groups=core,resources=nodes,verbs=get\n",
            "let x = 1;\n",
        ),
        (
            "let x = 1; // +opgen:rbac:groups=core,resources=pods,verbs=get;list",
            "let x = 1; // +opgen:rbac:groups=core,resources=pods,verbs=get\n",
        ),
        (
            "// +kubebuilder:rbac:groups=\"\",resources=pods;nodes,verbs=get\n",
            "// +kubebuilder:rbac:groups=core,resources=pods,verbs=get\n",
        ),
        (
            "// +opgen:rbac:groups=core,resources=pods,verbs=get;list because of reasons\n",
            "// +opgen:rbac:groups=core,resources=pods,verbs=get because of reasons\n",
        ),
        ("// +opgen:rbac:urls=/metrics,verbs=get\n", ""),
        // Left as its author has written it.
        (
            "// +opgen:rbac:verbs={get},resources=pods,groups=\"\"\n",
            "// +opgen:rbac:verbs={get},resources=pods,groups=\"\"\n",
        ),
    ] {
        let requests = if source.contains("pods") {
            &pods[..]
        } else {
            &[]
        };
        assert_eq!(fixed(source, requests, true), expected);
    }
}

#[test]
fn a_comment_that_is_partly_unused_may_become_several() {
    let source =
        "// +opgen:rbac:groups=a.example;b.example,resources=parts;things,verbs=get;list\n";
    let requests = [
        request("get", "a.example", "parts", "", ""),
        request("list", "b.example", "things", "", ""),
    ];
    let expected = "\
// +opgen:rbac:groups=a.example,resources=parts,verbs=get
// +opgen:rbac:groups=b.example,resources=things,verbs=list
";
    assert_eq!(fixed(source, &requests, true), expected);
}

fn of(words: &'static [&'static str], least: usize) -> impl Strategy<Value = BTreeSet<String>> {
    let word = prop::sample::select(words).prop_map(ToOwned::to_owned);
    btree_set(word, least..=words.len())
}

fn rule() -> impl Strategy<Value = Rule> {
    let groups = of(&["a.example", "b.example", "c.example"], 1);
    let resources = of(&["parts", "things", "things/status"], 1);
    let policy = (
        groups,
        resources,
        of(&["get", "patch", "delete"], 1),
        of(&["x", "y"], 0),
    );
    let policy = policy.prop_map(
        |(api_groups, resources, verbs, resource_names)| PolicyRule {
            api_groups,
            resources,
            verbs,
            resource_names,
            ..PolicyRule::default()
        },
    );
    (policy, prop::option::of(Just("of reasons".to_owned()))).prop_map(|(policy, reason)| Rule {
        policy,
        reason,
        ..Rule::default()
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    let select = prop::sample::select::<&'static str>;
    let words = (
        select(&["get", "patch", "delete", "update"][..]),
        select(&["a.example", "b.example", "d.example"][..]),
        select(&["parts", "things", "things/status", "others"][..]),
        select(&["x", "y", "z"][..]),
    );
    words.prop_map(|(verb, group, resource, name)| request(verb, group, resource, name, ""))
}

proptest! {
    #[test]
    fn after_a_fix_everything_is_allowed_that_was_used_and_nothing_is_unused(
        rules in prop::collection::vec((rule(), any::<bool>()), 1..5),
        requests in prop::collection::vec(any_request(), 0..12),
    ) {
        let line = |(rule, behind_code): &(Rule, bool)| match behind_code {
            true => format!("let x = 1; // +opgen:rbac:{rule}\n"),
            false => format!("    // +opgen:rbac:{rule}\n"),
        };
        let source: String = rules.iter().map(line).collect();
        let before = granted(&source);
        let wide = fixed(&source, &requests, false);
        prop_assert_eq!(report(&wide, &requests).of(State::Missing).count(), 0, "{}", wide);
        let narrow = fixed(&source, &requests, true);
        let after = report(&narrow, &requests);
        prop_assert_eq!(after.of(State::Missing).count(), 0, "{}\n{}", source, narrow);
        prop_assert_eq!(after.of(State::Unused).count(), 0, "{}\n{}", source, narrow);
        prop_assert_eq!(narrow.matches("let x = 1;").count(), source.matches("let x = 1;").count());
        // Nothing is allowed that neither was before nor was asked for.
        for grant in granted(&narrow) {
            let asked = requests.iter().any(|request| grant.allows(&request.verb, request));
            let was = before.iter().any(|it| (&it.verb, &it.target, &it.names) == (&grant.verb, &grant.target, &grant.names));
            prop_assert!(asked || was, "{:?}", grant);
        }
    }
}
