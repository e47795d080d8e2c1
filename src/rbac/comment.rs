//! The RBAC comments of a source file.

use std::ops::Range;

use camino::Utf8Path;

use super::{RoleDefaults, Rule, arguments, check, risk};
use crate::{
    manifests::{
        comments::{self, Finding, Functions, Marker},
        types::Position,
    },
    problem::Problem,
};

/// A rule, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What it asks for.
    pub rule: Rule,
    /// Where the marker's `+` stands.
    pub at: Position,
    /// Where the list of verbs begins.
    pub verbs: Position,
    /// The bytes of the file that say the rule, behind `rbac:`: what its `Display` would write there.
    pub text: Range<usize>,
    /// The function that it stands at.
    pub function: Option<String>,
}

impl Comment {
    /// Why the rule is there: what its author says, or else the file and function that need it.
    #[must_use]
    pub fn reason(&self) -> String {
        match (&self.rule.reason, &self.function) {
            (Some(reason), _) => reason.clone(),
            (None, Some(function)) => format!("{}: {function}", self.at.path),
            (None, None) => self.at.path.to_string(),
        }
    }
}

/// What the comments of source files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Each rule with its place. Those of comments with errors are not to be used.
    pub comments: Vec<Comment>,
    /// What cannot be read, what Kubernetes would refuse, and what it would accept but never match with a request, such
    /// as a misspelt verb.
    pub errors: Vec<Finding>,
    /// Permissions that want a reason, and have none.
    pub warnings: Vec<Finding>,
}

/// Reads every RBAC comment of a source file, and every marker that would be ignored in silence.
#[must_use]
pub fn read(path: &Utf8Path, source: &str, defaults: &RoleDefaults) -> Reading {
    let (markers, errors) = comments::scan(path, source);
    let markers: Vec<_> = markers.iter().filter(|it| it.name == "rbac").collect();
    let mut reading = Reading {
        errors,
        ..Reading::default()
    };
    if markers.is_empty() {
        return reading;
    }
    let functions = Functions::of(source);
    for marker in markers {
        let mut reader = Reader {
            marker,
            findings: Vec::new(),
        };
        let arguments = arguments::parse(&mut reader);
        let rule = check::check(&arguments, &mut reader);
        if reader.findings.is_empty() {
            reading
                .warnings
                .extend(risk::find(&arguments, &rule, marker, defaults));
        }
        reading.errors.extend(reader.findings);
        let position = |(line, column)| Position {
            path: path.to_owned(),
            line,
            column,
        };
        let verbs = arguments.get("verbs").map_or(0, |verbs| verbs.value);
        reading.comments.push(Comment {
            rule,
            at: position((marker.line, marker.column)),
            verbs: position(marker.position(verbs)),
            text: marker.offset..marker.offset + marker.arguments.len(),
            function: functions.at(marker.line).map(ToOwned::to_owned),
        });
    }
    reading
}

/// A marker that is being read, and what is wrong with it so far.
pub(super) struct Reader<'a> {
    pub(super) marker: &'a Marker,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    /// Remembers a problem at a byte offset into the arguments.
    pub(super) fn refuse_at(
        &mut self,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (line, column) = self.marker.position(offset);
        self.push(line, column, message.into(), help.into());
    }

    /// Remembers a problem of the marker as a whole.
    pub(super) fn refuse(&mut self, message: impl Into<String>, help: impl Into<String>) {
        let (line, column) = (self.marker.line, self.marker.column);
        self.push(line, column, message.into(), help.into());
    }

    fn push(&mut self, line: usize, column: usize, message: String, help: String) {
        let problem = Problem::new(message).help(help);
        self.findings
            .push(Finding::new(&self.marker.path, line, column, problem));
    }
}
