use serde_json::{Map, Value, json};

use super::page;

fn page_of(spec: &Value) -> String {
    page(&json!({ "spec": {
        "group": "a.example.com", "scope": "Namespaced",
        "names": { "kind": "Thing", "plural": "things", "singular": "thing" },
        "versions": [{ "name": "v1", "storage": true, "served": true, "schema": { "openAPIV3Schema": {
            "type": "object", "properties": { "spec": spec },
        } } }],
    } }))
    .unwrap()
}

fn object(names: &[&str], value: &Value) -> Value {
    let fields: Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), value.clone()))
        .collect();
    json!({ "type": "object", "properties": fields })
}

/// An object with as many fields as make it a large one.
fn large(names: &[&str]) -> Value {
    let numbered: Vec<_> = (0..60).map(|number| format!("field{number}")).collect();
    let numbered: Vec<_> = numbered.iter().map(String::as_str).collect();
    object(&[names, &numbered].concat(), &json!({ "type": "string" }))
}

fn pod_template() -> Value {
    let pod = large(&[
        "containers",
        "dnsPolicy",
        "serviceAccountName",
        "tolerations",
    ]);
    json!({ "type": "object", "properties": { "metadata": { "type": "object" }, "spec": pod } })
}

#[test]
fn a_large_type_of_kubernetes_is_named_and_not_described() {
    let spec = json!({ "type": "object", "properties": { "template": pod_template() } });
    let page = page_of(&spec);
    let line =
        "| `template` | `PodTemplateSpec` |  | See Kubernetes' reference of `PodTemplateSpec`. |\n";
    assert!(page.contains(line), "{page}");
    assert!(!page.contains("field59"), "{page}");
}

#[test]
fn a_list_of_a_large_type_is_named_too() {
    let containers = large(&["image", "imagePullPolicy", "livenessProbe", "volumeMounts"]);
    let spec = json!({ "type": "object", "properties": { "sidecars": { "type": "array", "items": containers } } });
    let page = page_of(&spec);
    let line =
        "| `sidecars` | list of `Container` |  | See Kubernetes' reference of `Container`. |\n";
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_large_type_of_the_users_is_described() {
    let mut spec = large(&["image"]);
    spec["properties"]["metadata"] = json!({ "type": "object" });
    spec["properties"]["spec"] = pod_template()["properties"]["spec"].clone();
    let page = page_of(&spec);
    assert!(page.contains("| `field59` | string |"), "{page}");
    assert!(page.contains("| `spec` | `PodSpec` |"), "{page}");
}

#[test]
fn a_small_type_of_kubernetes_is_described() {
    let text = json!({ "type": "string" });
    let probe = object(&["exec", "httpGet", "tcpSocket"], &text);
    let page = page_of(&json!({ "type": "object", "properties": { "probe": probe } }));
    assert!(page.contains("### `.spec.probe`\n"), "{page}");
}

#[test]
fn depth_ends_a_page() {
    let mut spec = json!({ "type": "string" });
    for _ in 0..40 {
        spec = object(&["deeper"], &spec);
    }
    let page = page_of(&spec);
    assert_eq!(page.matches("\n### ").count(), 12, "{page}");
    assert!(page.ends_with("| `deeper` | object |  |  |\n"), "{page}");
}

#[test]
fn every_link_of_a_page_leads_to_one_section() {
    let odd = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let spec = json!({ "type": "object", "properties": {
        "$ref's": odd, "list": { "type": "array", "items": odd }, "map": { "type": "object", "additionalProperties": odd },
        "deep": { "type": "array", "items": { "type": "array", "items": odd } }, "template": pod_template(),
    } });
    let page = page_of(&spec);
    let links: Vec<_> = page
        .split("](#")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap())
        .collect();
    assert_eq!(links.len(), 6, "{page}");
    for link in links {
        assert_eq!(
            page.matches(&format!("<a id=\"{link}\"></a>")).count(),
            1,
            "{link}\n{page}"
        );
    }
}
