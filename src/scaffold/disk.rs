//! The disk as a command finds it: read once, before anything is planned.

use std::{collections::BTreeMap, fs, io};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use super::record::{self, Record};
use crate::problem::{Problem, Problems};

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnDisk {
    /// Nothing.
    Missing,
    /// A file of text.
    Text(String),
    /// A file that is not UTF-8.
    Binary,
    /// A directory, where a file should be.
    Directory,
    /// A file, where a directory of this path should be.
    FileAbove(Utf8PathBuf),
    /// A link that ends outside of the project.
    LinkOut(Utf8PathBuf),
}

/// What stands at each of some paths below a project.
#[derive(Clone, Debug, Default)]
pub struct Disk(pub BTreeMap<Utf8PathBuf, OnDisk>);

impl Disk {
    /// Reads every path, and the record of what opgen rendered.
    ///
    /// # Errors
    /// A file that is there but cannot be read.
    pub fn read<'a>(
        root: &Utf8Path,
        paths: impl Iterator<Item = &'a Utf8Path>,
    ) -> anyhow::Result<Self> {
        let paths = paths.chain([
            Utf8Path::new(record::FILE),
            Utf8Path::new(crate::project::FILE),
        ]);
        paths
            .map(|path| Ok((path.to_owned(), look(root, path)?)))
            .collect::<anyhow::Result<_>>()
            .map(Self)
    }

    /// The text of a file, if there is one.
    pub fn text(&self, path: &Utf8Path) -> Option<&str> {
        match self.0.get(path) {
            Some(OnDisk::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// What opgen rendered last, in a project that may not have a record yet.
///
/// # Errors
/// A record that opgen did not write, or that is gone: without it, every file would be a stranger's.
pub fn record(root: &Utf8Path) -> Result<Record, Problems> {
    match fs::read_to_string(root.join(record::FILE)) {
        Ok(text) => Record::parse(&text).map_err(Problems::from),
        // `PROJECT` is written last, so a project that has it had a record.
        Err(_) if root.join(crate::project::FILE).is_file() => {
            let problem = Problem::new(format!("`{}` is missing", record::FILE));
            Err(problem.help("restore it from version control").into())
        }
        Err(_) => Ok(Record::default()),
    }
}

fn look(root: &Utf8Path, path: &Utf8Path) -> anyhow::Result<OnDisk> {
    if let Some(obstacle) = obstacle(root, path)? {
        return Ok(obstacle);
    }
    let file = root.join(path);
    match fs::read(&file) {
        Ok(bytes) => Ok(String::from_utf8(bytes).map_or(OnDisk::Binary, OnDisk::Text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(OnDisk::Missing),
        Err(error) => Err(error).with_context(|| format!("failed to read `{file}`")),
    }
}

/// What stands in the way of a file: a file as its directory, a directory as itself, a link out of the project.
fn obstacle(root: &Utf8Path, path: &Utf8Path) -> anyhow::Result<Option<OnDisk>> {
    let mut place = root.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let last = parts.peek().is_none();
        let found = match fs::symlink_metadata(&place) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("failed to read `{place}`")),
        };
        let below = place.strip_prefix(root).unwrap_or(&place).to_owned();
        if found.is_symlink() && leaves(root, &place) {
            return Ok(Some(OnDisk::LinkOut(below)));
        }
        let directory = place.is_dir();
        if last && directory {
            return Ok(Some(OnDisk::Directory));
        }
        if !last && !directory {
            return Ok(Some(OnDisk::FileAbove(below)));
        }
    }
    Ok(None)
}

/// True when a link ends outside of the project, or nowhere.
fn leaves(root: &Utf8Path, link: &Utf8Path) -> bool {
    match (root.canonicalize(), link.canonicalize()) {
        (Ok(root), Ok(end)) => !end.starts_with(root),
        _ => true,
    }
}
