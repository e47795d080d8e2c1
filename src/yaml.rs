//! How opgen writes YAML: as Kubernetes' own tools do, and so that a YAML 1.1 reader sees the same values.

use serde::Serialize;

/// A value as block-style YAML, with lists at the indentation of their key.
///
/// # Errors
/// A value that YAML cannot hold, such as a map with a key that is not a scalar.
pub fn to_string<T: Serialize>(value: &T) -> anyhow::Result<String> {
    let options = serde_saphyr::ser_options! { compact_list_indent: true };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, value, options)?;
    Ok(text)
}

/// The only document of a text that may be as large and as deep as a CRD is.
///
/// # Errors
/// A text that is not YAML, or has several documents.
pub fn document(text: &str) -> Result<serde_json::Value, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, limits())
}

/// Every document of a text that may be as large and as deep as bundles of CRDs are.
///
/// # Errors
/// A text that is not YAML.
pub fn documents(text: &str) -> Result<Vec<serde_json::Value>, serde_saphyr::Error> {
    serde_saphyr::from_multiple_with_options(text, limits())
}

/// The reader's own limits, which are for hostile input, refuse an embedded pod template.
fn limits() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 256,
            max_nodes: 10_000_000,
            max_events: 40_000_000,
        },
    }
}

/// Why a text cannot be read, with the place in brackets.
pub fn reason(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, place)) => format!("{reason} (at line {place})"),
        None => text,
    }
}
