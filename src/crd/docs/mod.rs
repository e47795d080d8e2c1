//! A page for a kind, made from its CRD: what it is, an example, and every field.

use camino::Utf8PathBuf;
use serde_json::Value;

use super::{
    Place, example,
    example::{OF_EVERY_OBJECT, to_text},
    schema::plain_enums,
    texts,
};
use crate::manifests::HEADER_OF_MARKDOWN;

mod fields;
mod kubernetes;
mod markdown;
#[cfg(test)]
mod tests;

use fields::sections;
use markdown::{cell, code, table, text, yaml};

/// Where the pages stand in a project.
pub const DOCS: &str = "docs/reference";

/// The page of a kind, by its group and plural.
pub fn docs_path(group: &str, plural: &str) -> Utf8PathBuf {
    format!("{DOCS}/{group}_{plural}.md").into()
}

/// The page of a kind in Markdown, with all its versions.
///
/// # Errors
/// None in practice: an example is YAML.
pub fn page(crd: &Value) -> anyhow::Result<String> {
    let crd = &plain_enums(crd);
    let spec = &crd["spec"];
    let names = &spec["names"];
    let kind = names["kind"].as_str().unwrap_or_default();
    let versions: Vec<&Value> = spec["versions"].as_array().into_iter().flatten().collect();
    let schema = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
    let stored = versions.iter().find(|version| version["storage"] == true);
    let mut page = format!("{HEADER_OF_MARKDOWN}\n# {}\n", cell(kind));
    if let Some(description) = stored.and_then(|version| {
        let schema = schema(version);
        schema["description"]
            .as_str()
            .map(text)
            .filter(|text| !text.is_empty())
    }) {
        page += &format!("\n{description}\n");
    }
    let list = |value: &Value| texts(value).map(code).collect::<Vec<_>>().join(", ");
    let one = |value: &Value| value.as_str().map(code).unwrap_or_default();
    let links: Vec<_> = versions.iter().map(|version| link(version)).collect();
    let facts = [
        ("Group", one(&spec["group"])),
        ("Plural", one(&names["plural"])),
        ("Short names", list(&names["shortNames"])),
        ("Categories", list(&names["categories"])),
        ("Scope", one(&spec["scope"])),
        ("Versions", links.join("<br>")),
    ];
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let rows: Vec<_> = known
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    page += &format!("\n{}", table(&["", ""], &rows));
    for version in versions {
        page += &version_section(crd, kind, version)?;
    }
    Ok(page)
}

/// ``[`v1`](#v1): served, stored``
fn link(version: &Value) -> String {
    let name = version["name"].as_str().unwrap_or_default();
    let states = [
        (version["served"] == true, "served"),
        (version["served"] != true, "not served"),
        (version["storage"] == true, "stored"),
        (version["deprecated"] == true, "deprecated"),
    ];
    let states = states
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, word)| word);
    let states: Vec<_> = states.collect();
    let anchor = fields::anchor(&Place::root("", name));
    format!("[{}](#{anchor}): {}", code(name), states.join(", "))
}

fn version_section(crd: &Value, kind: &str, version: &Value) -> anyhow::Result<String> {
    let name = version["name"].as_str().unwrap_or_default();
    let place = Place::root(kind, name);
    let mut section = format!(
        "\n<a id=\"{}\"></a>\n\n## {}\n",
        fields::anchor(&place),
        code(name)
    );
    if version["deprecated"] == true {
        let warning = version["deprecationWarning"].as_str();
        section += &match warning {
            Some(warning) => format!("\n**Deprecated**: {}\n", text(warning)),
            None => "\n**Deprecated**\n".to_owned(),
        };
    }
    section += &match example(crd, name) {
        Ok(object) => format!("\nAn example:\n\n{}", yaml(&to_text(&object)?)),
        Err(unmet) => {
            let reasons: Vec<_> = unmet.iter().map(|unmet| text(&unmet.to_string())).collect();
            format!("\nThere is no example: {}.\n", reasons.join("; "))
        }
    };
    let columns = version["additionalPrinterColumns"].as_array();
    let columns: Vec<_> = columns.into_iter().flatten().map(column).collect();
    if !columns.is_empty() {
        let head = ["Column", "Type", "Path", "Description"];
        section += &format!(
            "\nWhat {} shows:\n\n{}",
            code(&format!(
                "kubectl get {}",
                crd["spec"]["names"]["plural"].as_str().unwrap_or_default()
            )),
            table(&head, &columns)
        );
    }
    let selectable = version["selectableFields"].as_array().into_iter().flatten();
    let paths = selectable
        .filter_map(|field| field["jsonPath"].as_str())
        .map(code);
    let paths: Vec<_> = paths.collect();
    if !paths.is_empty() {
        section += &format!("\nField selectors: {}\n", paths.join(", "));
    }
    if version["subresources"]["scale"].is_object() {
        let scale = &version["subresources"]["scale"];
        let path = scale["specReplicasPath"].as_str().unwrap_or_default();
        section += &format!("\n{} sets {}.\n", code("kubectl scale"), code(path));
    }
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    if let Some(properties) = schema["properties"].as_object_mut() {
        // What every object has is no news.
        properties.retain(|name, _| !OF_EVERY_OBJECT.contains(&name.as_str()));
    }
    sections(&schema, &place, &mut section);
    Ok(section)
}

fn column(column: &Value) -> Vec<String> {
    let text = |name: &str| column[name].as_str().unwrap_or_default();
    let mut description = cell(text("description"));
    if column["priority"].as_i64().unwrap_or_default() > 0 {
        let wide = format!("Only with {}.", code("-o wide"));
        description = match description.as_str() {
            "" => wide,
            text => format!("{text}<br>{wide}"),
        };
    }
    vec![
        cell(text("name")),
        cell(text("type")),
        code(text("jsonPath")),
        description,
    ]
}
