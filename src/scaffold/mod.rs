//! What one command wants a project to look like, in memory: files, and entries in lists of the user's files.
//!
//! [`plan`] compares a scaffold with the disk that [`disk`] has read, and [`apply`] carries the plan out.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use sha1::{Digest, Sha1};

pub mod apply;
mod conflict;
pub mod disk;
pub mod entry;
pub mod plan;
pub mod record;

/// Who may change a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The user, from the moment it is there.
    User,
    /// The user, and opgen adds entries.
    Shared,
    /// opgen, which rewrites it whole.
    Opgen,
}

impl Owner {
    /// The word for this owner in `.opgen/files`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Opgen => "opgen",
        }
    }
}

/// A file of a scaffold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Who may change it.
    pub owner: Owner,
    /// What a command does about a file that is there and differs.
    pub existing: Existing,
    /// The whole text.
    pub text: String,
}

/// What a command does about a file that is on the disk already, differs, and was not made by opgen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse the command: the file might hold work of the user's.
    Conflict,
    /// Keep the file and say so: it serves as well as ours.
    Keep,
    /// Write over it, also where it was edited: the file is derived from others, and no work is lost. Only a file
    /// that nothing shows to be opgen's is a conflict all the same.
    Replace,
    /// Write over it: the user has asked for a change of a file of theirs, and it stays theirs.
    Edit,
}

/// Everything that one command wants in a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scaffold {
    /// Files by their path below the project.
    pub files: BTreeMap<Utf8PathBuf, File>,
    /// Lines that must stand in a file, by its path.
    pub entries: BTreeMap<Utf8PathBuf, Vec<String>>,
    /// Files of opgen's that a project no longer needs.
    pub removals: Vec<Utf8PathBuf>,
}

impl Scaffold {
    /// Adds everything of another scaffold, whose files win.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        for (path, lines) in other.entries {
            self.entries.entry(path).or_default().extend(lines);
        }
        self.removals.extend(other.removals);
    }

    /// Adds a file that opgen derives from others, and so may always write.
    pub fn derived(&mut self, path: impl Into<Utf8PathBuf>, text: String) {
        self.files.insert(
            path.into(),
            File {
                owner: Owner::Opgen,
                existing: Existing::Replace,
                text,
            },
        );
    }

    /// Every file that opgen shares with the user, and the lines that must stand in it. One that replaces what is
    /// there is meant whole.
    pub fn shared(&self) -> BTreeMap<&Utf8Path, &[String]> {
        let shared = self
            .files
            .iter()
            .filter(|(_, file)| file.owner == Owner::Shared && file.existing != Existing::Replace);
        let mut lists: BTreeMap<&Utf8Path, &[String]> = shared
            .map(|(path, _)| (path.as_path(), [].as_slice()))
            .collect();
        lists.extend(
            self.entries
                .iter()
                .map(|(path, lines)| (path.as_path(), lines.as_slice())),
        );
        lists
    }

    /// Every path that the scaffold touches.
    pub fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        let files = self.files.keys().chain(self.entries.keys());
        files.chain(&self.removals).map(Utf8PathBuf::as_path)
    }
}

/// The id that git gives to a text with LF line ends: `sha1("blob <bytes>\0<text>")` in hexadecimal.
pub fn blob_id(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", text.len()));
    hasher.update(&text);
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_id_is_gits_own() {
        // `printf 'hello\n' | git hash-object --stdin`
        assert_eq!(
            blob_id("hello\n"),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
        assert_eq!(blob_id("hello\r\n"), blob_id("hello\n"));
    }
}
