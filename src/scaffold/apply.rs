//! The only step that writes into a project.

use std::fs;
use std::io::{self, Write as _};

use anyhow::Context as _;
use camino::Utf8Path;

use super::plan::{Change, Plan, Step};

/// Where a plan is carried out. Tests put one in that fails at a given write.
pub trait Target {
    /// Puts `text` at `path`, whole or not at all.
    ///
    /// # Errors
    /// The disk's, with the path.
    fn write(&mut self, path: &Utf8Path, text: &str) -> anyhow::Result<()>;

    /// Removes the file at `path`.
    ///
    /// # Errors
    /// The disk's, with the path.
    fn remove(&mut self, path: &Utf8Path) -> anyhow::Result<()>;
}

/// A project's directory.
pub struct Directory<'a>(pub &'a Utf8Path);

impl Target for Directory<'_> {
    #[expect(clippy::disallowed_methods, reason = "this is the place that writes")]
    fn write(&mut self, path: &Utf8Path, text: &str) -> anyhow::Result<()> {
        let file = self.0.join(path);
        // A link inside of the project stays one: its end is written.
        let file = match file.is_symlink() {
            true => file.canonicalize_utf8().unwrap_or(file),
            false => file,
        };
        let directory = file.parent().unwrap_or(self.0);
        if !directory.is_dir() {
            fs::create_dir_all(directory)
                .with_context(|| format!("failed to create `{directory}`"))?;
        }
        // Always the same name, so that what a run leaves that is killed here goes with the next one.
        let name = file.file_name().unwrap_or_default();
        let temporary = directory.join(format!(".{name}.opgen"));
        let _ = fs::remove_file(&temporary);
        // No fsync: a project is in version control, and ninety of them would take eight times as long.
        let written = put(&temporary, text, fs::metadata(&file).ok())
            .and_then(|()| fs::rename(&temporary, &file));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.with_context(|| format!("failed to write `{file}`"))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place that writes")]
    fn remove(&mut self, path: &Utf8Path) -> anyhow::Result<()> {
        let file = self.0.join(path);
        fs::remove_file(&file).with_context(|| format!("failed to remove `{file}`"))?;
        // Git keeps no empty directory either; one that has anything else in it stays.
        let above = file.ancestors().skip(1);
        let inside = above.take_while(|directory| *directory != self.0);
        inside
            .map(fs::remove_dir)
            .take_while(Result::is_ok)
            .for_each(drop);
        Ok(())
    }
}

/// Makes a file, with the permissions of the one that it is to replace.
fn put(file: &Utf8Path, text: &str, before: Option<fs::Metadata>) -> io::Result<()> {
    let mut new = fs::File::create_new(file)?;
    new.write_all(text.as_bytes())?;
    match before {
        Some(before) => new.set_permissions(before.permissions()),
        None => Ok(()),
    }
}

/// Carries a plan out, in its order, and tells of each step that is done.
///
/// # Errors
/// The first write that fails. What was written before it stays: the project compiles, and the same command
/// completes it.
pub fn apply(
    plan: &Plan,
    target: &mut dyn Target,
    done: &mut dyn FnMut(&Step),
) -> anyhow::Result<()> {
    for step in plan.changes() {
        match (&step.change, &step.after) {
            (Change::Remove, _) => target.remove(&step.path)?,
            (_, Some(text)) => target.write(&step.path, text)?,
            (_, None) => {}
        }
        done(step);
    }
    Ok(())
}
