//! A table of rules with what is to be found in each, and a real API server as the judge of it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

mod costs;
mod rows;

/// A rule in a schema, and what is found.
struct Row {
    name: String,
    crd: Value,
    /// The id of what is found, if there is something that an API server refuses.
    found: Option<&'static str>,
    /// Why an API server says something else.
    differs: Option<&'static str>,
}

/// A CRD of one version, with a schema for `spec`.
fn crd(index: usize, spec: &Value) -> Value {
    let plural = format!("row{index}s");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.cel.example.com") },
        "spec": {
            "group": "cel.example.com",
            "names": { "kind": format!("Row{index}"), "plural": plural, "singular": format!("row{index}") },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } } },
            }],
        },
    })
}

/// What an API server would refuse.
fn refusals(findings: &[Finding]) -> Vec<&'static str> {
    let ids = findings.iter().map(|finding| finding.id);
    ids.filter(|id| *id != OPTIONAL).collect()
}

#[test]
fn every_row_is_judged_as_it_should_be() {
    let mut wrong = Vec::new();
    for row in rows::rows() {
        let findings = check(&row.crd);
        let mut found = refusals(&findings);
        found.dedup();
        if found != row.found.into_iter().collect::<Vec<_>>() {
            wrong.push(format!("{}: {findings:#?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_stands_in_a_rule_that_an_api_server_judges() {
    let rules: String = rows::FINE.concat();
    let names = functions::FUNCTIONS.keys().map(String::as_str);
    let names = names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    let macros = functions::MACROS.iter().map(|(name, _)| *name);
    for name in names.chain(macros) {
        assert!(rules.contains(&format!("{name}(")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kube-apiserver: make test"]
async fn the_api_server_judges_every_row_the_same() {
    let environment = opgen_runtime::envtest::Environment::start().await.unwrap();
    let rows = rows::rows();
    let list = json!({
        "apiVersion": "v1", "kind": "List",
        "items": rows.iter().map(|row| &row.crd).collect::<Vec<_>>(),
    });
    let file = environment.directory().join("rows.json");
    #[allow(
        clippy::disallowed_methods,
        reason = "a test writes into its own directory"
    )]
    std::fs::write(&file, list.to_string()).unwrap();
    let create = ["create", "--dry-run=server", "-f", file.to_str().unwrap()];
    let refused = environment.kubectl(&create).await.unwrap_err().to_string();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (index, row) in rows.iter().enumerate() {
        let name = format!("\"row{index}s.cel.example.com\"");
        let answer = refused
            .split("CustomResourceDefinition.apiextensions.k8s.io ")
            .find(|text| text.starts_with(&name));
        let expected = row.found.is_some() != row.differs.is_some();
        let same_factor = match (
            answer.and_then(factor),
            check(&row.crd).iter().find_map(estimate),
        ) {
            (Some(theirs), Some(ours)) => {
                compared += 1;
                (theirs - ours).abs() < 0.06
            }
            _ => true,
        };
        if answer.is_some() != expected || !same_factor {
            wrong.push(format!("{}\n  {:?}\n  {answer:?}", row.name, row.found));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 5, "only {compared} estimates were compared");
}

/// What is found in rules on the spec of the table.
fn messages(rule: &str) -> Vec<(&'static str, String, String)> {
    let findings = check(&crd(0, &rows::ruled(rule)));
    let message = |finding: Finding| {
        let Problem { message, help, .. } = finding.problem;
        (finding.id, message, help.unwrap_or_default())
    };
    findings.into_iter().map(message).collect()
}

#[test]
fn messages_name_what_is_wrong_and_what_to_do() {
    for (rule, id, message, help) in [
        (
            "self.nn > 0",
            TYPE,
            "`self.nn > 0`: `self.nn`: no such field",
            "did you mean `n`?",
        ),
        (
            "has(self.o.bb)",
            TYPE,
            "`has(self.o.bb)`: `self.o.bb`: no such field",
            "did you mean `b`?",
        ),
        (
            "self.any.x == 1",
            TYPE,
            "`self.any.x == 1`: `self.any.x`: no such field",
            "the schema names no fields there",
        ),
        (
            "self.s.startWith('a')",
            TYPE,
            "`self.s.startWith('a')`: unknown function `startWith`",
            "did you mean `startsWith`?",
        ),
        (
            "self.s.startsWith(1)",
            TYPE,
            "`self.s.startsWith(1)`: `string` has no `startsWith` for `int`",
            "it is `(string).startsWith(string) -> bool`",
        ),
        (
            "self.s == 1",
            TYPE,
            "`self.s == 1`: `string` is compared with `int`: they are never equal",
            "",
        ),
        (
            "self.s == null",
            TYPE,
            "`self.s == null`: `string` is compared with `null`: they are never equal",
            "ask with `has(..)` whether a field is there",
        ),
        (
            "n == 1",
            TYPE,
            "`n == 1`: unknown variable `n`",
            "write `self.n`",
        ),
        (
            "sel.n == 1",
            TYPE,
            "`sel.n == 1`: unknown variable `sel`",
            "did you mean `self`?",
        ),
        (
            "self.n",
            TYPE,
            "`self.n`: it gives `int` and not `bool`",
            "",
        ),
        (
            "self.l.all(x)",
            TYPE,
            "`self.l.all(x)`: unknown function `all`",
            "it takes 2 or 3 arguments",
        ),
        (
            "self.?opt.optMap(o, o.contains('a')).orValue(true)",
            COST,
            "`self.?opt.optMap(o, o.contains('a')).orValue(true)`: Kubernetes estimates more than 100 times the cost that it allows",
            "no size is known of what `map`, `optMap`, `quantity` and their like make: read the fields themselves, behind `has(..)` where they may be missing",
        ),
        (
            "self.opt == 'a'",
            OPTIONAL,
            "`self.opt == 'a'`: `self.opt` may be missing",
            "guard it with `has(self.opt)`: where it is missing, Kubernetes refuses the object",
        ),
    ] {
        let found = messages(rule);
        let expected = (id, message.to_owned(), help.to_owned());
        assert!(found.contains(&expected), "{found:#?}");
    }
    let (id, message, help) = messages("self.n >").remove(0);
    assert_eq!((id, help.as_str()), (SYNTAX, ""));
    assert!(
        message.starts_with("`self.n >`: it does not parse at column 9: "),
        "{message}"
    );
}

#[test]
fn an_expensive_rule_says_what_to_bound() {
    let spec = json!({ "type": "object", "properties": {
        "ports": { "type": "array", "items": { "type": "object", "required": ["name"], "properties": {
            "name": { "type": "string", "x-kubernetes-validations": [{ "rule": "self.matches('^[a-z]+$')" }] },
        } } },
        "labels": { "type": "object", "additionalProperties": { "type": "string" }, "x-kubernetes-validations": [
            { "rule": "self.all(k, v, v.matches('^[a-z]+$'))" },
        ] },
    } });
    let findings = check(&crd(0, &spec));
    let told: Vec<_> = findings
        .iter()
        .map(|finding| (finding.place.path(), finding.problem.help.clone()))
        .collect();
    let help = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (
                ".spec.labels".to_owned(),
                help(
                    "bound `.spec.labels` with `maxProperties` (`#[schemars(extend(\"maxProperties\" = ..))]`), `.spec.labels{*}` with `maxLength` (`a type of its own with a bound`)"
                )
            ),
            (
                ".spec.ports[*].name".to_owned(),
                help(
                    "bound `.spec.ports` with `maxItems` (`#[schemars(length(max = ..))]`), `.spec.ports[*].name` with `maxLength` (`#[schemars(length(max = ..))]`)"
                )
            ),
        ]
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding.id == COST && finding.level == Level::Warning)
    );
}

/// How many times the cost is above the limit, as the API server tells it.
fn factor(answer: &str) -> Option<f64> {
    let (_, factor) = answer.split_once("exceeds budget by factor of ")?;
    factor.split_once('x')?.0.parse().ok()
}

/// How many times the cost is above the limit, as a finding tells it.
fn estimate(finding: &Finding) -> Option<f64> {
    let (_, times) = finding
        .problem
        .message
        .split_once("Kubernetes estimates ")?;
    times.split_once(" times the cost")?.0.parse().ok()
}

/// Any JSON, with the words of schemas in it.
fn schema() -> impl Strategy<Value = Value> {
    let rule = prop_oneof![
        "[a-z.\\[\\](){}'&|?:0-9 ,=<>!+-]{0,40}",
        Just("self.all(x, self.exists(y, x == y))".to_owned()),
        Just("self.a.b == oldSelf.a.b".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            "string",
            "integer",
            "object",
            "array",
            "boolean",
            "number",
            "date-time",
            "byte"
        ]
        .prop_map(Value::from),
        rule.clone()
            .prop_map(|rule| json!([{ "rule": rule, "messageExpression": "self" }])),
        rule.prop_map(|rule| json!({ "rule": rule })),
    ];
    let keys = prop_oneof![
        "type|properties|items|additionalProperties|x-kubernetes-validations|maxItems",
        "maxLength|maxProperties|required|enum|default|format|x-kubernetes-int-or-string",
        "x-kubernetes-embedded-resource|x-kubernetes-list-type|a|b|metadata|spec|in|a-b",
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..8)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn no_schema_is_too_strange(schema in schema()) {
        let mut crd = crd(0, &json!({}));
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema.clone();
        check(&crd);
        check(&schema);
    }

    #[test]
    fn no_rule_is_too_strange(rule in "\\PC{0,60}", other in "[a-zé.\\[\\](){}'\"\\\\\n&|?:0-9 ,=<>!+-]{0,60}") {
        for rule in [rule, other] {
            let spec = json!({ "type": "object", "x-kubernetes-validations": [{ "rule": rule, "messageExpression": rule }] });
            check(&crd(0, &spec));
        }
    }
}

#[test]
fn deep_nesting_is_no_end_of_the_stack() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("-", ""),
        ("{1:", "}"),
        ("self.a", ""),
        ("a?b:", ""),
        ("self.map(x,", ")"),
        ("size(", ")"),
    ] {
        for count in [100, 700, 1400, 100_000] {
            let rule = format!("{}self{}", open.repeat(count), close.repeat(count));
            let spec = json!({ "type": "object", "x-kubernetes-validations": [{ "rule": rule }] });
            assert!(!check(&crd(0, &spec)).is_empty(), "{open} {count}");
        }
    }
    for part in [
        "&& true ", "+ 1 ", "== 1 ", ".a", "[0]", "? 1 : 2 ", "in self ",
    ] {
        for count in [100, 700, 1400, 100_000] {
            let rule = format!("true {}", part.repeat(count));
            let spec = json!({ "type": "object", "x-kubernetes-validations": [{ "rule": rule }] });
            check(&crd(0, &spec));
        }
    }
}
