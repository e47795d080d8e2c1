use std::collections::BTreeMap;

use super::*;

const ROOT: &str = "shop_api::apps::v1::shop::Shop";
const FILE: &str = "api/src/apps/v1/shop.rs";
const SOURCE: &str = r##"
//! A shop.
use k8s_openapi::api::core::v1::PodTemplateSpec;

#[derive(CustomResource)]
// +opgen:allow:names because it came from elsewhere
#[kube(group = "a.b", version = "v1", kind = "Shop", status = "ShopStatus",
    printcolumn(name = "A", type_ = "string", json_path = ".spec.a"))]
#[serde(rename_all = "camelCase")]
pub struct ShopSpec {
    /// A door.
    pub front_door: Option<Box<Door>>,
    // +opgen:allow:boolean:.spec.open because a door
    // is open or not
    #[serde(rename = "isOpen")]
    pub open: bool,
    pub doors: Vec<Door>,
    pub by_name: BTreeMap<String, Door>,
    pub pod: PodTemplateSpec, // +opgen:allow:size because a pod is large
    #[serde(flatten)]
    pub rest: Rest,
    #[validate(range(min = 1), custom(function = "f"))]
    pub r#type: u64,
    pub how: How,
}

#[validate(rule = Rule::new("true"))]
pub struct Door {
    pub handle_color: String,
}

struct Rest { pub rest_field: i32 }

#[serde(tag = "type")]
enum How { Fast(Speed), Slow { because: String } }
struct Speed { km: i32 }

pub struct ShopStatus { pub doors: i32 }

mod inner { pub struct Door { pub other: i32 } }
"##;

fn types(text: &str) -> (Types, Vec<Finding>) {
    let mut sources = BTreeMap::new();
    sources.insert(Utf8PathBuf::from(FILE), text.to_owned());
    let other = "pub struct Door { pub far: i32 }".to_owned();
    sources.insert("api/src/core/v2/door.rs".into(), other);
    Types::of(&sources)
}

fn place(path: &str) -> Place {
    let mut place = Place::root("Shop", "v1");
    for part in path.split('.').skip(1) {
        let (name, below) = part.split_at(part.find(['[', '{']).unwrap_or(part.len()));
        place = place.field(name);
        for step in below.split_inclusive([']', '}']) {
            let step = if step == "[*]" {
                Step::Items
            } else {
                Step::Values
            };
            place = place.step(step);
        }
    }
    place
}

fn find(path: &str) -> Written {
    let (types, findings) = types(SOURCE);
    assert_eq!(findings, []);
    types.find(ROOT, &place(path))
}

#[test]
fn places_have_the_names_of_their_rust_fields() {
    for (path, name, line, rust) in [
        ("", "ShopSpec", 10, Some("ShopSpec")),
        (".spec", "ShopSpec", 10, Some("ShopSpec")),
        (".spec.frontDoor", "ShopSpec.front_door", 12, Some("Door")),
        (
            ".spec.frontDoor.handleColor",
            "ShopSpec.front_door.handle_color",
            29,
            Some("String"),
        ),
        (".spec.isOpen", "ShopSpec.open", 16, Some("bool")),
        (".spec.doors", "ShopSpec.doors", 17, Some("Vec")),
        (
            ".spec.doors[*].handle-color",
            "ShopSpec.doors[*].handle_color",
            29,
            Some("String"),
        ),
        (
            ".spec.byName{*}.handleColor",
            "ShopSpec.by_name{*}.handle_color",
            29,
            Some("String"),
        ),
        (".spec.restField", "ShopSpec.rest_field", 32, Some("i32")),
        (".spec.type", "ShopSpec.type", 23, Some("u64")),
        (".spec.how.fast.km", "ShopSpec.how.Fast.km", 36, Some("i32")),
        (
            ".spec.how.because",
            "ShopSpec.how.because",
            35,
            Some("String"),
        ),
        (".status.doors", "ShopStatus.doors", 38, Some("i32")),
        // What is not in the sources keeps its name in JSON, and the line of what is around it.
        (
            ".spec.pod.spec.hostNetwork",
            "ShopSpec.pod.spec.hostNetwork",
            19,
            None,
        ),
        (".spec.none.x", "ShopSpec.none.x", 10, None),
        (".metadata.name", "ShopSpec.metadata.name", 10, None),
    ] {
        let written = find(path);
        let at = written.at.map(|at| at.line);
        let found = (written.name.as_str(), at, written.rust.as_deref());
        assert_eq!(found, (name, Some(line), rust), "{path}");
    }
}

#[test]
fn a_kind_is_found_by_its_names() {
    let (types, _) = types(SOURCE);
    let name = types.type_name("a.b", "Shop", "v1").unwrap();
    assert_eq!(
        types.find(&name, &place(".spec.isOpen")),
        find(".spec.isOpen")
    );
    assert_eq!(types.type_name("a.c", "Shop", "v1"), None);
    assert_eq!(types.type_name("a.b", "Shop", "v2"), None);
}

#[test]
fn a_field_is_the_users_or_another_crates() {
    for (path, is_own) in [
        (".spec.isOpen", true),
        (".spec.frontDoor.handleColor", true),
        (".spec.doors[*]", false),
        (".spec.pod", true),
        (".spec.pod.spec", false),
        (".metadata", false),
    ] {
        assert_eq!(find(path).is_own, is_own, "{path}");
    }
}

#[test]
fn a_kind_that_is_not_in_the_sources_keeps_its_place() {
    let (types, _) = types(SOURCE);
    let written = types.find("shop_api::apps::v1::cart::Cart", &place(".spec.a"));
    assert_eq!(
        (written.name.as_str(), written.at),
        ("Shop v1 .spec.a", None)
    );
}

#[test]
fn attributes_without_effect_are_found() {
    let dead = |path| {
        let dead = find(path).dead.into_iter();
        dead.map(|(attribute, at)| (attribute, at.line))
            .collect::<Vec<_>>()
    };
    assert_eq!(dead(".spec.type"), [("#[validate(custom)]".to_owned(), 22)]);
    assert_eq!(
        dead(".spec.frontDoor"),
        [("#[validate(rule)]".to_owned(), 27)]
    );
    assert_eq!(dead(".spec.isOpen"), []);
}

#[test]
fn comments_allow_something_at_what_they_stand_at_and_below() {
    let (types, _) = types(SOURCE);
    for (path, id, allowed) in [
        (".spec", "names", true),
        (".spec.isOpen", "names", true),
        (".status.doors", "names", true),
        (".spec.pod.spec", "size", true),
        (".spec.type", "size", false),
        (".spec.doors", "size", false),
    ] {
        let written = types.find(ROOT, &place(path));
        assert_eq!(
            types.allowed(&written, id, path).is_some(),
            allowed,
            "{path} {id}"
        );
    }
    let open = types.find(ROOT, &place(".spec.isOpen"));
    assert_eq!(
        types.allowed(&open, "boolean", ".spec.isOpen"),
        None,
        "another path"
    );
    let reason = types
        .allowed(&open, "boolean", ".spec.open")
        .map(|index| &types.allows()[index]);
    assert_eq!(reason.unwrap().allowance.reason, "a door");
    assert_eq!(
        reason.unwrap().at.to_string(),
        "api/src/apps/v1/shop.rs:13:8"
    );
}

#[test]
fn comments_that_allow_nothing_are_refused() {
    for (comment, message) in [
        ("// +opgen:allow:names", "no reason in `names`"),
        ("// +opgen:allow:A because x", "no id"),
        (
            "// +opgen:allow:rbac-secrets because x",
            "`rbac-secrets` is allowed by the rule itself",
        ),
    ] {
        let (_, findings) = types(&format!("{comment}\nstruct A;"));
        assert!(
            findings[0].problem.message.contains(message),
            "{findings:?}"
        );
    }
    let (_, findings) = types("struct A;\n// +opgen:allow:names because x\n");
    let message = "comment that belongs to no type and no field in `api/src/apps/v1/shop.rs:2:4`";
    assert_eq!(findings[0].problem.message, message);
}

#[test]
fn what_is_no_rust_has_no_types() {
    let (types, findings) = types("struct { oh");
    assert_eq!((types.items.len(), findings), (1, Vec::new()));
}
