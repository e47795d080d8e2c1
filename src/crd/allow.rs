//! Findings and differences that somebody accepts, with a reason.

use std::str::FromStr;

use crate::problem::Problem;

/// `ID because REASON`, or `ID:PATH because REASON` for one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What is allowed, e.g. `field-removed`.
    pub id: String,
    /// Where, as in [`super::Place::path`], e.g. `.spec.image`; everywhere if it is not said.
    pub path: Option<String>,
    /// Why: never empty.
    pub reason: String,
}

impl FromStr for Allowance {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let problem = |message: &str| {
            Problem::new(format!("{message} in `{text}`"))
                .help("write `ID because REASON`, or `ID:PATH because REASON` for one place")
        };
        let (what, reason) = match text.split_once(" because") {
            Some((what, reason)) => (what.trim(), reason.trim()),
            None => return Err(problem("no reason")),
        };
        if reason.is_empty() {
            return Err(problem("no reason"));
        }
        let (id, path) = match what.split_once(':') {
            Some((id, path)) => (id, Some(path.to_owned())),
            None => (what, None),
        };
        let is_id = |c: char| c.is_ascii_lowercase() || c == '-';
        if id.is_empty() || !id.chars().all(is_id) {
            return Err(problem("no id"));
        }
        if path.as_deref().is_some_and(|path| !path.starts_with('.')) {
            return Err(problem("a path that does not begin with `.`"));
        }
        let (id, reason) = (id.to_owned(), reason.to_owned());
        Ok(Self { id, path, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_has_an_id_and_a_reason() {
        let allowance: Allowance = "field-removed:.spec.a because nobody used it"
            .parse()
            .unwrap();
        assert_eq!(allowance.id, "field-removed");
        assert_eq!(allowance.path.as_deref(), Some(".spec.a"));
        assert_eq!(allowance.reason, "nobody used it");
        for (text, message) in [
            ("field-removed", "no reason"),
            ("field-removed because ", "no reason"),
            ("because of it", "no reason"),
            ("X because y", "no id"),
            (" because y", "no id"),
            ("a:b because y", "does not begin with `.`"),
        ] {
            let problem = text.parse::<Allowance>().unwrap_err();
            assert!(problem.message.contains(message), "{problem:?}");
        }
    }
}
