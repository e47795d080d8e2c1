use serde_json::json;

use super::*;

const SOURCE: &str = "
#[kube(kind = \"A\", version = \"v1\")]
struct ASpec {
    // +opgen:allow:boolean because it is
    on: bool,
    off: bool,
    size: u64,
}";

fn report_of(source: &str) -> Result<Report, Problems> {
    let field = |ty: &str| json!({ "type": ty, "description": "d" });
    let crd = json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": "v1", "schema": {
        "openAPIV3Schema": { "properties": { "spec": { "properties": {
            "on": field("boolean"), "off": field("boolean"), "size": field("integer"),
            "other": field("boolean"),
        }}}},
    }}]}});
    let kind = Kind {
        type_name: "x::a::A".to_owned(),
        schema: Value::Null,
        crd: Ok(crd.clone()),
    };
    let sources = BTreeMap::from([("src/a.rs".into(), source.to_owned())]);
    let (types, misplaced) = Types::of(&sources);
    let crds = std::slice::from_ref(&crd);
    report(&[kind], crds, lint::lint(&crds[0]), &types, misplaced)
}

fn said(source: &str) -> Result<Vec<(Level, String)>, Problems> {
    let lines = report_of(source)?.lines.into_iter();
    Ok(lines
        .map(|line| (line.level, line.problem.message))
        .collect())
}

#[test]
fn findings_have_the_names_and_places_of_the_types() {
    let expected = [
        (
            Level::Warning,
            "`ASpec.size` (A v1 .spec.size): `u64` holds values that Kubernetes and many JSON clients do not keep \
             in `src/a.rs:7:5` [integer-range]",
        ),
        (
            Level::Hint,
            "`ASpec.off` (A v1 .spec.off): a boolean in `src/a.rs:6:5` [boolean]",
        ),
    ];
    let expected = expected.map(|(level, text)| (level, text.to_owned()));
    assert_eq!(said(SOURCE).unwrap(), expected);
}

#[test]
fn the_names_of_fields_are_told_where_the_user_can_change_them() {
    let own = Place::root("A", "v1").field("spec").field("on_off");
    let source = SOURCE.replace("on: bool", "on_off: Elsewhere");
    let sources = BTreeMap::from([("src/a.rs".into(), source)]);
    let (types, _) = Types::of(&sources);
    let crd = json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": "v1" }] } });
    let kind = Kind {
        type_name: "x::a::A".to_owned(),
        schema: Value::Null,
        crd: Ok(crd),
    };
    let finding = |place: &Place| Finding {
        id: "field-name",
        level: Level::Warning,
        place: place.clone(),
        problem: Problem::new("not in camelCase"),
    };
    let findings = vec![finding(&own), finding(&own.field("of_another_crate"))];
    let report = report(&[kind], &[], findings, &types, Vec::new()).unwrap();
    let told: Vec<_> = report
        .lines
        .iter()
        .map(|line| &line.problem.message)
        .collect();
    let told: Vec<_> = told
        .iter()
        .filter(|told| told.contains("camelCase"))
        .collect();
    assert!(
        told.len() == 1 && told[0].starts_with("`ASpec.on_off` "),
        "{told:?}"
    );
}

#[test]
fn an_attribute_without_effect_is_told_once_with_what_to_write() {
    let told = |attribute: &str| {
        let source = SOURCE.replace("struct ASpec", &format!("{attribute}\nstruct ASpec"));
        let report = report_of(&source).unwrap();
        let dead = report.lines.into_iter();
        let dead = dead.filter(|line| line.id == "dead-attribute");
        dead.map(|line| (line.problem.message, line.problem.help.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let rule = told("#[validate(rule = \"true\")]");
    assert_eq!(rule.len(), 1, "{rule:?}");
    assert_eq!(
        rule[0].0,
        "`ASpec` (A v1): `#[validate(rule)]` has no effect in `src/a.rs:4:8` [dead-attribute]"
    );
    let scale = told("#[kube(scale(spec_replicas_path = \".spec.size\"))]");
    assert_eq!(scale.len(), 1, "{scale:?}");
    assert!(scale[0].0.contains("`#[kube(scale)]` has no effect"));
    assert!(scale[0].1.contains("`status = \"..\"`"), "{scale:?}");
    let alive = "#[kube(scale(spec_replicas_path = \".spec.size\"), status = \"AStatus\")]";
    assert_eq!(told(alive), []);
}

#[test]
fn the_tag_of_a_struct_is_told_and_that_of_an_enum_is_not() {
    let told = |what: &str| {
        let source = SOURCE.replace("size: u64", "size: Inner");
        let lines = said(&format!("{source}\n#[serde(tag = \"type\")]\n{what}")).unwrap();
        let lines = lines.into_iter().map(|(_, message)| message);
        lines
            .filter(|it| it.contains("[struct-tag]"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told("struct Inner { a: i32 }"),
        [
            "`ASpec.size` (A v1 .spec.size): `#[serde(tag)]` of a struct writes a field that its schema does not have: \
          Kubernetes drops it in `src/a.rs:7:5` [struct-tag]"
        ]
    );
    assert_eq!(told("enum Inner { A { a: i32 } }"), [""; 0]);
}

#[test]
fn what_is_about_all_versions_has_the_name_of_a_type_too() {
    let kind = |version: &str| Kind {
        type_name: "x::a::A".to_owned(),
        schema: Value::Null,
        crd: Ok(json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": version }] } })),
    };
    let finding = Finding {
        id: "large",
        level: Level::Warning,
        place: Place::root("A", ""),
        problem: Problem::new("it is large"),
    };
    let sources = BTreeMap::from([("src/a.rs".into(), SOURCE.to_owned())]);
    let (types, _) = Types::of(&sources);
    let report = report(
        &[kind("v1"), kind("v2")],
        &[],
        vec![finding],
        &types,
        Vec::new(),
    );
    let said = &report.unwrap().lines[0].problem.message;
    assert_eq!(said, "`ASpec` (A): it is large in `src/a.rs:3:8` [large]");
}

#[test]
fn no_comment_allows_what_kubernetes_refuses() {
    let source = SOURCE.replace("allow:boolean", "allow:selectable-field");
    let (types, _) = Types::of(&BTreeMap::from([("src/a.rs".into(), source)]));
    let kind = Kind {
        type_name: "x::a::A".to_owned(),
        schema: Value::Null,
        crd: Ok(json!({ "spec": { "names": { "kind": "A" }, "versions": [{ "name": "v1" }] } })),
    };
    for (level, told) in [(Level::Error, true), (Level::Warning, false)] {
        let finding = Finding {
            id: "selectable-field",
            level,
            place: Place::root("A", "v1").field("spec").field("on"),
            problem: Problem::new("nothing is there"),
        };
        let kinds = std::slice::from_ref(&kind);
        let report = report(kinds, &[], vec![finding], &types, Vec::new()).unwrap();
        assert_eq!(
            report.of(level).any(|line| line.id == "selectable-field"),
            told
        );
    }
}

#[test]
fn comments_that_allow_nothing_are_told() {
    let gone = SOURCE.replace("on: bool", "gone: i32");
    let lines = said(&gone).unwrap();
    let unused = "nothing is left that `boolean` allows in `src/a.rs:4:8` [unused-allow]";
    assert!(
        lines.contains(&(Level::Warning, unused.to_owned())),
        "{lines:?}"
    );
    let problems = said(&SOURCE.replace("allow:boolean", "allow:boolen")).unwrap_err();
    assert_eq!(
        problems.0[0].message,
        "`boolen` is nothing that a comment can allow in `src/a.rs:4:8`"
    );
    assert_eq!(
        problems.0[0].help.as_deref(),
        Some("did you mean `boolean`?")
    );
}
