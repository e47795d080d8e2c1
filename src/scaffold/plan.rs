//! A scaffold compared with the disk: what would be created, updated, kept or removed, and what stands against it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Existing, File, Owner, Scaffold,
    conflict::{Conflicts, Refusal},
    disk::{Disk, OnDisk},
    entry,
    record::Record,
};
use crate::problem::Problem;

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is not there and will be.
    Create,
    /// It is there with another text.
    Update,
    /// It is there as it should be.
    Unchanged,
    /// It differs and stays: the user has edited or deleted it, or had it before.
    Kept,
    /// It is there and will not be.
    Remove,
}

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The path below the project.
    pub path: Utf8PathBuf,
    /// What happens to it.
    pub change: Change,
    /// Its text before, if it was there.
    pub before: Option<String>,
    /// Its text afterwards, if it will be there.
    pub after: Option<String>,
    /// Whether it is written with the first or the last: see [`Rank`].
    pub rank: Rank,
    /// True when edits of the user's go with it: a derived file that somebody changed by hand.
    pub loses_edits: bool,
}

/// The order of writing. A project compiles after each of these, and after each file within one:
/// a new file is named by nothing yet, an entry or index names files that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Files that nothing names yet.
    New,
    /// Entries in files of the user's.
    Entry,
    /// Lists rendered whole, and what else opgen rewrites.
    Index,
    /// `.opgen/files`.
    Record,
    /// `PROJECT`.
    Project,
}

/// What a command would do to a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The files, in the order in which they are written.
    pub steps: Vec<Step>,
    /// What stands against it; nothing is written while there is any.
    pub conflicts: Vec<Problem>,
}

impl Plan {
    /// Compares a scaffold with the disk. `force` takes conflicts that are about text alone.
    pub fn compute(scaffold: &Scaffold, disk: &Disk, record: &Record, force: bool) -> Self {
        let mut plan = Self::default();
        let mut conflicts = Conflicts::default();
        for (path, file) in wanted(scaffold, disk, record) {
            match compare(&path, &file, disk, record, force) {
                Ok(step) => plan.steps.push(step),
                Err(refusal) => conflicts.add(path, file, refusal),
            }
        }
        for path in &scaffold.removals {
            if let Some(before) = disk.text(path) {
                plan.steps.push(Step {
                    path: path.clone(),
                    change: Change::Remove,
                    before: Some(before.to_owned()),
                    after: None,
                    rank: Rank::Index,
                    loses_edits: !record.is_untouched(path, before),
                });
            }
        }
        plan.conflicts = conflicts.problems(record);
        plan.steps
            .sort_by(|left, right| (left.rank, &left.path).cmp(&(right.rank, &right.path)));
        plan
    }

    /// The steps that change the disk.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| {
            matches!(
                step.change,
                Change::Create | Change::Update | Change::Remove
            )
        })
    }

    /// The record after the plan: `before` with what this scaffold renders.
    pub fn record(&self, scaffold: &Scaffold, before: &Record) -> Record {
        let mut record = before.clone();
        let shared = scaffold.shared();
        for step in &self.steps {
            let path = step.path.as_path();
            let file = scaffold.files.get(path);
            let owner = match shared.contains_key(path) {
                true => Owner::Shared,
                false => file.map_or(Owner::User, |file| file.owner),
            };
            // A shared file that the user has edited stays an edited one; one that an interrupted run
            // has given its entries does not.
            let edited = |text: &str| {
                shared.get(path).is_some_and(|lines| {
                    before.contains(path) && !before.is_untouched(path, &entry::remove(text, lines))
                })
            };
            match (step.change, &step.after) {
                (Change::Remove, _) => record.remove(path),
                // It is no longer as opgen has rendered it.
                _ if file.is_some_and(|file| file.existing == Existing::Edit) => {}
                (Change::Unchanged, Some(text)) if edited(text) => {}
                (Change::Kept, _) | (_, None) => {}
                (_, Some(text)) => record.put(path, owner, text),
            }
        }
        record
    }
}

/// Every file of the scaffold with its entries in place, on top of the user's text where there is one.
fn wanted(scaffold: &Scaffold, disk: &Disk, record: &Record) -> BTreeMap<Utf8PathBuf, File> {
    let mut files = scaffold.files.clone();
    for (path, lines) in scaffold.shared() {
        let rendered = files.get(path).map(|file| file.text.as_str());
        // A file that is there but not opgen's is a conflict, not a place for entries.
        let known =
            |text: &&str| record.contains(path) || rendered.is_none_or(|ours| ours == *text);
        let base = disk
            .text(path)
            .filter(known)
            .or(rendered)
            .unwrap_or_default();
        let file = File {
            owner: Owner::Shared,
            // Entries alone take nothing from a file, whoever made it.
            existing: match rendered {
                Some(_) => Existing::Conflict,
                None => Existing::Replace,
            },
            text: entry::insert(base, lines),
        };
        files.insert(path.to_owned(), file);
    }
    files
}

fn compare(
    path: &Utf8Path,
    file: &File,
    disk: &Disk,
    record: &Record,
    force: bool,
) -> Result<Step, Refusal> {
    let before = match disk.0.get(path).unwrap_or(&OnDisk::Missing) {
        OnDisk::Missing => None,
        OnDisk::Text(text) => Some(text.clone()),
        // It stays, whatever it says.
        OnDisk::Binary if file.existing == Existing::Keep && !force => Some(String::new()),
        obstacle => return Err(Refusal::Blocked(obstacle.clone())),
    };
    let change = match &before {
        // The user has deleted a file of theirs; opgen's own come back.
        None if file.owner == Owner::User && record.contains(path) && !force => Change::Kept,
        None => Change::Create,
        Some(text) if same(text, &file.text) => Change::Unchanged,
        Some(_) if force => Change::Update,
        Some(text) => match decide(path, file, text, record) {
            Some(change) => change,
            None => {
                return Err(Refusal::Differs {
                    before: text.clone(),
                });
            }
        },
    };
    let after = match change {
        Change::Kept => before.clone(),
        _ => Some(file.text.clone()),
    };
    let rank = match (path.as_str(), change, file.owner) {
        (crate::project::FILE, ..) => Rank::Project,
        (super::record::FILE, ..) => Rank::Record,
        (_, _, Owner::Opgen) => Rank::Index,
        (_, Change::Create, _) => Rank::New,
        _ => Rank::Entry,
    };
    let edited = |text: &String| record.contains(path) && !record.is_untouched(path, text);
    let loses_edits = change == Change::Update
        && file.owner == Owner::Opgen
        && rank < Rank::Record
        && before.as_ref().is_some_and(edited);
    Ok(Step {
        path: path.to_owned(),
        change,
        before,
        after,
        rank,
        loses_edits,
    })
}

/// What happens to a file that differs; nothing where only the user can say.
fn decide(path: &Utf8Path, file: &File, text: &str, record: &Record) -> Option<Change> {
    let known = record.contains(path);
    match (file.existing, file.owner) {
        (Existing::Replace, Owner::Shared) => Some(Change::Update),
        (Existing::Replace, _) if known || is_derived(path, text) => Some(Change::Update),
        (Existing::Keep, _) => Some(Change::Kept),
        (Existing::Edit, _) => Some(Change::Update),
        // What opgen has written and nobody touched since is opgen's to renew.
        _ if record.is_untouched(path, text) => Some(Change::Update),
        (_, Owner::User) if known => Some(Change::Kept),
        (_, Owner::Shared) if known => Some(Change::Update),
        _ => None,
    }
}

/// True for what only opgen writes, also where an interrupted run has not recorded it.
fn is_derived(path: &Utf8Path, text: &str) -> bool {
    use crate::manifests::{HEADER, HEADER_OF_MARKDOWN};
    let headers = [HEADER, HEADER_OF_MARKDOWN];
    path == crate::project::FILE || headers.iter().any(|it| text.starts_with(it.trim_end()))
}

/// Line ends are the checkout's business.
fn same(left: &str, right: &str) -> bool {
    left == right || left.replace("\r\n", "\n") == right.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(
        owner: Owner,
        existing: Existing,
        on_disk: OnDisk,
        rendered_before: Option<&str>,
        force: bool,
    ) -> Plan {
        let path = Utf8PathBuf::from("a/b");
        let mut scaffold = Scaffold::default();
        scaffold.files.insert(
            path.clone(),
            File {
                owner,
                existing,
                text: "new\n".into(),
            },
        );
        let mut record = Record::default();
        if let Some(text) = rendered_before {
            record.put(&path, owner, text);
        }
        Plan::compute(&scaffold, &Disk([(path, on_disk)].into()), &record, force)
    }

    #[test]
    fn each_state_of_a_file_has_one_outcome() {
        use Change::{Create, Kept, Unchanged, Update};
        use Existing::{Conflict, Keep, Replace};
        use Owner::{Opgen, User};
        let text = |text: &str| OnDisk::Text(text.into());
        for (owner, existing, on_disk, before, outcome) in [
            (User, Conflict, OnDisk::Missing, None, Some(Create)),
            (User, Conflict, text("new\n"), None, Some(Unchanged)),
            (User, Conflict, text("new\r\n"), None, Some(Unchanged)),
            (User, Conflict, text("theirs\n"), None, None),
            (User, Keep, text("theirs\n"), None, Some(Kept)),
            (User, Conflict, text("edited\n"), Some("old\n"), Some(Kept)),
            (User, Conflict, text("old\n"), Some("old\n"), Some(Update)),
            (User, Conflict, OnDisk::Missing, Some("old\n"), Some(Kept)),
            (
                Opgen,
                Conflict,
                OnDisk::Missing,
                Some("old\n"),
                Some(Create),
            ),
            (Opgen, Conflict, text("old\n"), Some("old\n"), Some(Update)),
            (Opgen, Conflict, text("edited\n"), Some("old\n"), None),
            (
                Opgen,
                Replace,
                text("edited\n"),
                Some("old\n"),
                Some(Update),
            ),
            (Opgen, Replace, text("theirs\n"), None, None),
            (
                Opgen,
                Replace,
                text("# Code generated by opgen. DO NOT EDIT.\nold\n"),
                None,
                Some(Update),
            ),
            (User, Conflict, OnDisk::Directory, None, None),
            (User, Conflict, OnDisk::Binary, None, None),
            (User, Keep, OnDisk::Binary, None, Some(Kept)),
            (User, Conflict, OnDisk::FileAbove("a".into()), None, None),
            (User, Conflict, OnDisk::LinkOut("a".into()), None, None),
        ] {
            let what = format!("{owner:?} {existing:?} {on_disk:?} {before:?}");
            let plan = plan(owner, existing, on_disk, before, false);
            assert_eq!(
                plan.steps.first().map(|step| step.change),
                outcome,
                "{what}"
            );
            assert_eq!(plan.conflicts.is_empty(), outcome.is_some(), "{what}");
        }
    }

    #[test]
    fn edits_of_a_derived_file_are_lost_and_told() {
        use Owner::{Opgen, User};
        for (owner, on_disk, before, lost) in [
            (Opgen, "edited\n", Some("old\n"), true),
            (Opgen, "old\n", Some("old\n"), false),
            (Opgen, "new\n", Some("old\n"), false),
            (User, "edited\n", Some("old\n"), false),
        ] {
            let on_disk = OnDisk::Text(on_disk.into());
            let plan = plan(owner, Existing::Replace, on_disk, before, false);
            let step = &plan.steps[0];
            assert_eq!(step.loses_edits, lost, "{step:?}");
        }
    }

    #[test]
    fn force_takes_text_but_no_obstacle() {
        let forced = |on_disk| plan(Owner::User, Existing::Conflict, on_disk, None, true);
        assert_eq!(
            forced(OnDisk::Text("theirs".into())).steps[0].change,
            Change::Update
        );
        assert_eq!(forced(OnDisk::Directory).conflicts.len(), 1);
    }
}
