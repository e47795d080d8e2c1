//! Finds marker comments such as `// +opgen:rbac:…` in Rust source, and refuses those that would be ignored in silence.

mod functions;
mod lexer;

use camino::{Utf8Path, Utf8PathBuf};

pub use self::functions::Functions;
use self::lexer::{Comments, Kind, LineStarts};
use crate::problem::{Problem, Problems, did_you_mean};

/// The names that may stand behind `+opgen:`.
pub const KNOWN_MARKERS: &[&str] = &["allow", "rbac"];

/// A marker comment, e.g. `// +opgen:rbac:groups=apps,resources=deployments,verbs=get`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The file as it was named to [`scan`].
    pub path: Utf8PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Where the marker's `+` stands, in characters counted from 1.
    pub column: usize,
    /// `+opgen:` or `+kubebuilder:`.
    pub prefix: &'static str,
    /// What stands behind `+opgen:` or `+kubebuilder:`, up to the next colon: one of [`KNOWN_MARKERS`].
    pub name: String,
    /// What stands behind the colon after the name, without spaces around it; empty if there is none.
    pub arguments: String,
    /// Where the arguments begin, in bytes of the file.
    pub offset: usize,
    /// Where the arguments begin, in characters counted from 1.
    pub arguments_column: usize,
}

impl Marker {
    /// The line and column of a byte offset into the arguments.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let characters = self
            .arguments
            .char_indices()
            .take_while(|(index, _)| *index < offset)
            .count();
        (self.line, self.arguments_column + characters)
    }
}

/// What is wrong with a marker, and where: ordered by place, not by wording.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file as it was named to [`scan`].
    pub path: Utf8PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The message has the place in it.
    pub problem: Problem,
}

impl Finding {
    /// A problem whose message still lacks its place.
    #[must_use]
    pub fn new(path: &Utf8Path, line: usize, column: usize, problem: Problem) -> Self {
        let message = format!("{} in `{path}:{line}:{column}`", problem.message);
        Self {
            path: path.to_owned(),
            line,
            column,
            problem: Problem { message, ..problem },
        }
    }
}

/// Ends a phase of reading markers.
///
/// # Errors
/// The problems by their places, each once, if there are any.
pub fn refuse(mut findings: Vec<Finding>) -> Result<(), Problems> {
    findings.sort();
    findings.dedup();
    Problems(findings.into_iter().map(|found| found.problem).collect()).into_result()
}

/// Finds every marker of one Rust source file, in the order of the file, and all that would have no effect: misspelt,
/// unknown, in a doc or block comment, or on a line of a string literal that looks like a comment.
///
/// No line that looks like a marker is passed over. The scan never gives up: broken source is for the compiler to refuse.
#[must_use]
pub fn scan(path: &Utf8Path, source: &str) -> (Vec<Marker>, Vec<Finding>) {
    let lines = LineStarts::of(source);
    let mut markers = Vec::new();
    let mut findings = Vec::new();
    for comment in Comments::of(source) {
        for (offset, text) in comment.lines() {
            let looks_like_code = comment.kind != Kind::Line && lines.begins(source, offset);
            let (offset, text) = match text.strip_prefix("//") {
                Some(inner) if looks_like_code => {
                    let inner = inner.trim_start();
                    (offset + text.len() - inner.len(), inner)
                }
                _ if comment.kind == Kind::Literal => continue,
                _ => (offset, text),
            };
            let Some(found) = read(text) else { continue };
            let (line, column) = lines.position(source, offset);
            let mut refuse = |problem| findings.push(Finding::new(path, line, column, problem));
            let comment_of_its_own = || format!("use `//`: `// {}`", suggestion(text));
            match (comment.kind, found) {
                (Kind::Literal, _) => {
                    let help = "end the string before it; text that is meant to look so can stand in a file, for \
                                `include_str!`";
                    refuse(Problem::new("marker in a string literal").help(help));
                }
                (Kind::Block, _) => {
                    let problem = Problem::new("marker in a block comment");
                    refuse(problem.help(comment_of_its_own()));
                }
                (Kind::Documentation, _) => {
                    let problem = Problem::new("marker in a doc comment");
                    refuse(problem.help(comment_of_its_own()));
                }
                (Kind::Line, Text::Misspelt(problem)) => refuse(problem),
                (
                    Kind::Line,
                    Text::Marker {
                        prefix,
                        name,
                        arguments,
                    },
                ) => {
                    let before = text.len() - arguments.len();
                    markers.push(Marker {
                        path: path.to_owned(),
                        line,
                        column,
                        prefix,
                        name: name.to_owned(),
                        arguments: arguments.to_owned(),
                        offset: offset + before,
                        arguments_column: column + text[..before].chars().count(),
                    });
                }
            }
        }
    }
    (markers, findings)
}

/// What a line of a comment is, unless it is prose.
enum Text<'a> {
    Marker {
        prefix: &'static str,
        name: &'a str,
        arguments: &'a str,
    },
    /// Meant as a marker, beyond doubt, but not one. The message still lacks the location.
    Misspelt(Problem),
}

fn read(text: &str) -> Option<Text<'_>> {
    for prefix in ["+opgen:", "+kubebuilder:"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return read_name(prefix, rest);
        }
    }
    is_nearly_a_marker(text).then(|| {
        let help = format!("did you mean `{}`?", suggestion(text));
        Text::Misspelt(Problem::new(format!("misspelt marker `{}`", head(text))).help(help))
    })
}

fn read_name<'a>(prefix: &'static str, rest: &'a str) -> Option<Text<'a>> {
    let is_other = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
    let (name, after) = rest.split_at(rest.find(is_other).unwrap_or(rest.len()));
    let is_ours = prefix == "+opgen:";
    let known = if is_ours { KNOWN_MARKERS } else { &["rbac"] };
    if known.contains(&name) {
        return Some(match after.strip_prefix(':') {
            Some(arguments) => Text::Marker {
                prefix,
                name,
                arguments: arguments.trim_start(),
            },
            None if after.is_empty() => Text::Marker {
                prefix,
                name,
                arguments: after,
            },
            None => Text::Misspelt(
                Problem::new(format!("expected `:` after the marker `{prefix}{name}`"))
                    .help(format!("write `{prefix}{name}:key=value,…`")),
            ),
        });
    }
    let meant = if is_ours {
        let word = if name.is_empty() {
            first_word(after.trim_start())
        } else {
            name
        };
        did_you_mean(word, KNOWN_MARKERS.iter().copied())
    } else {
        // Kubebuilder has many markers that mean nothing here, one of them (`ac`) close to `rbac`.
        let is_close = strsim::osa_distance(&name.to_lowercase(), "rbac") <= 1;
        let is_spaced = name.is_empty() && after.trim_start().starts_with("rbac");
        Some((is_close || is_spaced).then_some("rbac")?)
    };
    let help = match meant {
        Some(known) => format!("did you mean `{prefix}{known}`?"),
        None => "opgen reads `+opgen:rbac` and `+opgen:allow` comments".to_owned(),
    };
    Some(Text::Misspelt(
        Problem::new(format!("unknown marker `{prefix}{}`", first_word(rest))).help(help),
    ))
}

/// Whether a comment can only be a marker that somebody mistyped: a missing plus, a stray space, a letter gone wrong.
fn is_nearly_a_marker(text: &str) -> bool {
    let (plus, rest) = text
        .strip_prefix('+')
        .map_or((false, text), |rest| (true, rest.trim_start()));
    let end = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    if word.is_empty() || did_you_mean(word, ["opgen", "kubebuilder"]).is_none() {
        return false;
    }
    let after =
        after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '.' | '-' | '/'));
    let Some(arguments) = after.strip_prefix("rbac") else {
        return false;
    };
    // `opgen:rbac` without a plus is how prose speaks of the marker; only with arguments it is one.
    arguments.trim_start().starts_with(':') || (plus && arguments.trim().is_empty())
}

/// The marker as it should have been written, shown in help.
fn suggestion(text: &str) -> String {
    let rest = text.strip_prefix('+').unwrap_or(text).trim_start();
    let end = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    let word = did_you_mean(&rest[..end], ["opgen", "kubebuilder"]).unwrap_or("opgen");
    let after = rest[end..]
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '.' | '-' | '/'));
    match after.strip_prefix("rbac") {
        Some(arguments) if arguments.trim_start().starts_with(':') => {
            format!("+{word}:rbac:{}", arguments.trim_start()[1..].trim_start())
        }
        _ => format!("+{word}:{after}"),
    }
}

/// The text up to the arguments: enough to recognise it by.
fn head(text: &str) -> &str {
    let end = text
        .find("rbac")
        .map_or(text.len(), |index| index + "rbac".len());
    &text[..end]
}

fn first_word(text: &str) -> &str {
    let end = text
        .char_indices()
        .find(|(index, c)| *index > 0 && (c.is_whitespace() || *c == ':'));
    text[..end.map_or(text.len(), |(index, _)| index)].trim_end()
}

#[cfg(test)]
mod tests;
