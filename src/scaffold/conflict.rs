//! What stands against a plan, as a person wants to read it: one problem for one cause.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{File, Owner, disk::OnDisk, record::Record};
use crate::{problem::Problem, shell};

/// Where vendored sources stand: there are too many of them for a difference each.
const VENDOR: &str = "vendor";
/// How many differences of vendored sources are shown.
const MOST_SHOWN: usize = 3;

/// Why a file cannot be written.
pub(super) enum Refusal {
    /// It is there with another text, and only the user can say whose is right.
    Differs { before: String },
    /// Something is there that is no file of text.
    Blocked(OnDisk),
}

/// Every refusal of a plan.
#[derive(Default)]
pub(super) struct Conflicts {
    /// The files that each obstacle is in the way of.
    blocked: BTreeMap<Obstacle, Vec<Utf8PathBuf>>,
    /// What would be written, and what is there.
    differing: BTreeMap<Utf8PathBuf, (File, String)>,
}

/// What is in the way, and where it stands.
type Obstacle = (Utf8PathBuf, OnDisk);

impl Conflicts {
    pub(super) fn add(&mut self, path: Utf8PathBuf, file: File, refusal: Refusal) {
        match refusal {
            Refusal::Differs { before } => {
                self.differing.insert(path, (file, before));
            }
            Refusal::Blocked(found) => {
                let place = match &found {
                    OnDisk::FileAbove(place) | OnDisk::LinkOut(place) => place.clone(),
                    _ => path.clone(),
                };
                self.blocked.entry((place, found)).or_default().push(path);
            }
        }
    }

    /// Everything that the user has to decide or mend.
    pub(super) fn problems(self, record: &Record) -> Vec<Problem> {
        let obstacles = self.blocked.iter();
        let mut problems: Vec<_> = obstacles
            .map(|((place, found), paths)| obstacle(place, found, paths))
            .collect();
        // An index that opgen has never written is a file that the user had before.
        let (indexes, files): (Vec<_>, Vec<_>) = self
            .differing
            .into_iter()
            .partition(|(path, (file, _))| file.owner == Owner::Opgen && record.contains(path));
        let files: Vec<_> = files.into_iter().map(|(path, _)| path).collect();
        if !files.is_empty() {
            problems.push(already_there(&files));
        }
        problems.extend(edited_by_hand(indexes));
        problems
    }
}

fn obstacle(place: &Utf8Path, found: &OnDisk, paths: &[Utf8PathBuf]) -> Problem {
    let files = match paths {
        [only] => format!("`{only}`"),
        several => format!("{} files", several.len()),
    };
    let away = "move it away";
    let (message, help) = match found {
        OnDisk::Directory => ("is a directory, and opgen writes a file there".into(), away),
        OnDisk::FileAbove(_) if paths.len() == 1 => (
            format!("is a file, and {files} needs a directory there"),
            away,
        ),
        OnDisk::FileAbove(_) => (
            format!("is a file, and {files} need a directory there"),
            away,
        ),
        OnDisk::LinkOut(_) => {
            let what = if paths == [place] {
                "a file".into()
            } else {
                files
            };
            (
                format!("is a link out of the project, and opgen would write {what} through it"),
                "replace the link by what it points at, or work in that directory",
            )
        }
        OnDisk::Binary | OnDisk::Text(_) | OnDisk::Missing => {
            ("is there and is not a text file".into(), away)
        }
    };
    Problem::new(format!("`{place}` {message}")).help(help)
}

/// Files that the user had before.
fn already_there(paths: &[Utf8PathBuf]) -> Problem {
    let (message, it) = match paths.len() {
        1 => ("1 file already exists and differs".to_owned(), "it"),
        several => (format!("{several} files already exist and differ"), "them"),
    };
    Problem::new(message).detail(list(paths)).help(format!(
        "pass `--force` to overwrite {it}, or `--force --dry-run` to see the difference"
    ))
}

/// Files of opgen's that somebody has changed since.
fn edited_by_hand(files: Vec<(Utf8PathBuf, (File, String))>) -> Vec<Problem> {
    let (vendored, mut shown): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(path, _)| path.starts_with(VENDOR));
    let mut problems = Vec::new();
    if vendored.len() > MOST_SHOWN {
        let paths: Vec<_> = vendored.into_iter().map(|(path, _)| path).collect();
        let message = format!(
            "{} files in `{VENDOR}` were edited by hand, and opgen is about to rewrite them",
            paths.len()
        );
        problems.push(Problem::new(message).detail(list(&paths)).help(
            "move the edits elsewhere, or pass `--force` to lose them; \
             `--force --dry-run` shows them",
        ));
    } else {
        shown.extend(vendored);
    }
    let edited = shown.iter().map(|(path, (file, before))| {
        Problem::new(format!(
            "`{path}` was edited by hand, and opgen is about to rewrite it"
        ))
        .detail(shell::diff(path, Some(before), Some(&file.text)))
        .help("move the edit elsewhere, or pass `--force` to lose it")
    });
    problems.splice(0..0, edited);
    problems
}

fn list(paths: &[Utf8PathBuf]) -> String {
    let lines: Vec<_> = paths.iter().map(|path| format!("  {path}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::Existing;

    fn edited_vendored(count: usize) -> Vec<Problem> {
        let mut conflicts = Conflicts::default();
        let mut record = Record::default();
        for index in 0..count {
            let path = Utf8PathBuf::from(format!("vendor/{index}.rs"));
            record.put(&path, Owner::Opgen, "old\n");
            let file = File {
                owner: Owner::Opgen,
                existing: Existing::Conflict,
                text: "new\n".into(),
            };
            let before = "edited\n".into();
            conflicts.add(path, file, Refusal::Differs { before });
        }
        conflicts.problems(&record)
    }

    #[test]
    fn few_edited_copies_are_shown_and_many_are_listed() {
        let few = edited_vendored(MOST_SHOWN);
        assert_eq!(few.len(), MOST_SHOWN);
        assert!(few.iter().all(|problem| {
            let detail = problem.detail.as_deref();
            detail.is_some_and(|detail| detail.contains("-edited"))
        }));
        let many = edited_vendored(MOST_SHOWN + 1);
        assert_eq!(many.len(), 1, "{many:?}");
        assert!(many[0].message.starts_with("4 files"), "{many:?}");
    }
}
