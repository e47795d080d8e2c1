//! How opgen writes YAML: as Kubernetes' own tools do, and so that a YAML 1.1 reader sees the same values.

use std::borrow::Cow;

use serde::Serialize;
use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter, budget::BudgetBreach};

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
    let text = error.without_snippet().render_with_formatter(&Words);
    match text.rsplit_once(" at line ") {
        Some((reason, place)) => format!("{reason} (at line {place})"),
        None => text,
    }
}

/// The reader's words for people, without its own names and limits.
struct Words;

impl MessageFormatter for Words {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        let limit = |what: &str| {
            Cow::Owned(format!(
                "it has {what} than a manifest needs, so it is not read to its end"
            ))
        };
        match error {
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("the key `{key}` stands there twice").into()
            }
            Error::DuplicateMappingKey { .. } => "a key stands there twice".into(),
            Error::UnknownAnchor { .. } => "an alias `*name` without its anchor `&name`".into(),
            Error::Budget { breach, .. } => match breach {
                BudgetBreach::Depth { .. } => limit("more levels"),
                BudgetBreach::Events { .. }
                | BudgetBreach::Nodes { .. }
                | BudgetBreach::ScalarBytes { .. }
                | BudgetBreach::InputBytes { .. }
                | BudgetBreach::Documents { .. } => limit("more in it"),
                BudgetBreach::SequenceUnbalanced => "it ends too early".into(),
                _ => limit("more anchors and aliases (`&name`, `*name`)"),
            },
            Error::AliasReplayCounterOverflow { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => {
                limit("more anchors and aliases (`&name`, `*name`)")
            }
            error => match UserMessageFormatter.format_message(error) {
                // The parser's own limit, which comes before that of the budget.
                words if words == "recursion limit exceeded" => limit("more levels"),
                words => words,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_without_the_names_of_the_reader() {
        let nested = format!("a: {}1{}", "[".repeat(300), "]".repeat(300));
        let list = |name: &str, of: &str| format!("{name}: &{name} [{}]\n", [of; 10].join(","));
        let bomb: String = ["*a", "*b", "*c", "*d", "*e", "*f", "*g"]
            .iter()
            .zip(["b", "c", "d", "e", "f", "g", "h"])
            .map(|(of, name)| list(name, of))
            .collect();
        for (text, said) in [
            (
                "a: 1\nb: 2\na: 3\n",
                "the key `a` stands there twice (at line 3, column 1)",
            ),
            ("a: *b\n", "an alias `*name` without its anchor `&name`"),
            (&*nested, "it has more levels than a manifest needs"),
            (
                &*format!("{}{bomb}", list("a", "1")),
                "more anchors and aliases",
            ),
        ] {
            let reason = reason(&document(text).unwrap_err());
            let start: String = text.chars().take(40).collect();
            assert!(reason.contains(said), "{start}: {reason}");
            for name in ["budget", "Policy", "Options", "Anchor", "_"] {
                assert!(!reason.contains(name), "{start}: {reason}");
            }
        }
    }
}
