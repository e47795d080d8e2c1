//! Every line that a person reads. Talk goes to stderr, data to stdout.

use std::io::{IsTerminal as _, Write as _};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use camino::Utf8Path;
use clap::ValueEnum;
use similar::TextDiff;

use crate::problem::{Problem, Problems};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors and warnings alone.
    Quiet,
    /// What changes.
    Normal,
    /// What stays, too.
    Verbose,
}

/// How good it is what a line of a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A heading, or something that is neither good nor bad.
    Plain,
    /// Good.
    Good,
    /// Something to look at.
    Doubtful,
    /// Bad.
    Bad,
}

/// The place that prints.
#[derive(Clone, Debug)]
pub struct Shell {
    verbosity: Verbosity,
}

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

impl Shell {
    /// A shell that says as much as it is told to.
    pub fn new(verbosity: Verbosity, color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        Self { verbosity }
    }

    /// What happens to a path: `create src/main.rs`.
    pub fn status(&self, verb: &str, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(GREEN, verb, &format!(" {text}"));
        }
    }

    /// What does not change, for those who ask.
    pub fn detail(&self, verb: &str, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.line(Style::new(), verb, &format!(" {text}"));
        }
    }

    /// Something that the user should know, and that is no mistake.
    pub fn note(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(CYAN, "note", &format!(": {text}"));
        }
    }

    /// Something that may be a mistake.
    pub fn warning(&self, text: &str) {
        self.line(YELLOW, "warning", &format!(": {text}"));
    }

    /// Plain talk, such as the next steps.
    pub fn say(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(Style::new(), "", text);
        }
    }

    /// Whether progress of long work may be drawn.
    pub fn draws_progress(&self) -> bool {
        self.verbosity >= Verbosity::Normal && std::io::stderr().is_terminal()
    }

    /// Whether anything but errors is wanted.
    pub fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// Whether all is wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Data, for a pipe. A reader that has gone away is none of our business.
    pub fn data(&self, text: &str) {
        let _ = anstream::stdout().write_all(text.as_bytes());
    }

    /// A line of a report on stdout, with a word whose colour says how good it is.
    pub fn report(&self, tone: Tone, word: &str, text: &str) {
        let style = match tone {
            Tone::Plain => Style::new().bold(),
            Tone::Good => GREEN,
            Tone::Doubtful => YELLOW,
            Tone::Bad => RED,
        };
        self.data(&format!("{style}{word}{style:#}{text}\n"));
    }

    /// An error with its causes and what to do about it; each of several.
    pub fn error(&self, error: &anyhow::Error) {
        if let Some(Problems(problems)) = error.downcast_ref() {
            self.problems(RED, "error", &problems.iter().collect::<Vec<_>>());
        } else {
            self.line(RED, "error", &format!(": {error}"));
            let problem = error.downcast_ref::<Problem>();
            if let Some(detail) = problem.and_then(|problem| problem.detail.as_ref()) {
                self.line(Style::new(), "", detail.trim_end());
            }
            for cause in error.chain().skip(1) {
                self.line(Style::new(), "  caused by", &format!(": {cause}"));
            }
            if let Some(help) = problem.and_then(|problem| problem.help.as_ref()) {
                self.line(CYAN, "help", &format!(": {help}"));
            }
        }
    }

    /// Problems that stop nothing.
    pub fn warnings<'a>(&self, problems: impl IntoIterator<Item = &'a Problem>) {
        self.problems(YELLOW, "warning", &problems.into_iter().collect::<Vec<_>>());
    }

    /// What was done and should be known, with what can be done about it.
    pub fn notes<'a>(&self, problems: impl IntoIterator<Item = &'a Problem>) {
        if self.verbosity >= Verbosity::Normal {
            self.problems(CYAN, "note", &problems.into_iter().collect::<Vec<_>>());
        }
    }

    /// What could be better.
    pub fn hints<'a>(&self, problems: impl IntoIterator<Item = &'a Problem>) {
        self.problems(CYAN, "hint", &problems.into_iter().collect::<Vec<_>>());
    }

    /// Each problem, with its help once behind a run of problems that have the same.
    fn problems(&self, style: Style, word: &str, problems: &[&Problem]) {
        for run in problems.chunk_by(|left, right| left.help == right.help) {
            for problem in run {
                self.line(style, word, &format!(": {}", problem.message));
                if let Some(detail) = &problem.detail {
                    self.line(Style::new(), "", detail.trim_end());
                }
            }
            if let Some(help) = run.first().and_then(|problem| problem.help.as_ref()) {
                self.line(CYAN, "help", &format!(": {help}"));
            }
        }
    }

    fn line(&self, style: Style, word: &str, text: &str) {
        let _ = writeln!(anstream::stderr(), "{style}{word}{style:#}{text}");
    }
}

/// The difference of two texts of a file, as `diff -u` has it; a missing text is `/dev/null`.
pub fn diff(path: &Utf8Path, before: Option<&str>, after: Option<&str>) -> String {
    let name = |side: &str, text: Option<&str>| {
        text.map_or("/dev/null".to_owned(), |_| format!("{side}/{path}"))
    };
    TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default())
        .unified_diff()
        .header(&name("a", before), &name("b", after))
        .to_string()
}
