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

/// Why a text cannot be read, with the place in brackets.
pub fn reason(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, place)) => format!("{reason} (at line {place})"),
        None => text,
    }
}
