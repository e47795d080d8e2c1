//! Reads the values of single flags.

use std::time::Duration;

use k8s_openapi::jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

use super::DEFAULT_LOG_LEVEL;

pub(super) fn namespace(text: &str) -> Result<String, String> {
    let allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    let valid = text.len() <= 63
        && text.chars().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if valid {
        return Ok(text.to_owned());
    }
    Err("a namespace is made of lower-case letters, digits and `-`, at most 63 of them".to_owned())
}

pub(crate) fn log_level(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(DEFAULT_LOG_LEVEL.to_owned());
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "{error}: use a level like `debug`, or directives like `info,kube=debug`"
        )),
    }
}

/// What Kubernetes takes as the name of most objects, or nothing.
pub(super) fn object_name(text: &str) -> Result<String, String> {
    let is_label =
        |label: &str| !label.starts_with('-') && !label.ends_with('-') && !label.is_empty();
    let allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "-.".contains(character)
    };
    if text.is_empty() {
        return Ok(String::new());
    }
    if text.len() <= 253 && text.chars().all(allowed) && text.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err("a name is made of lower-case letters, digits, `-` and `.`, at most 253 of them".to_owned())
}

/// A duration as Go writes it, `15s` or `1m30s`; never 0.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok();
    let duration = parsed.and_then(|signed| Duration::try_from(signed).ok());
    match duration.filter(|duration| !duration.is_zero()) {
        Some(duration) => Ok(duration),
        None => Err("a duration is a number with a unit, like `15s` or `1m30s`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        for (text, milliseconds) in [("15s", 15_000), ("1m30s", 90_000), ("500ms", 500)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        for wrong in ["", "15", "-1s", "0s", "soon"] {
            let error = duration(wrong).unwrap_err();
            assert!(error.contains("`15s`"), "{wrong}: {error}");
        }
    }
}
