//! Whether cargo would take a project where it stands: below somebody's workspace it may be claimed as a member.

use camino::Utf8Path;

use crate::problem::{Problem, Problems};

/// Looks at the workspaces above a project that is about to be made.
///
/// # Errors
/// A workspace that would claim the project's packages, with the line that excludes it.
pub fn check(root: &Utf8Path) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for above in root.ancestors().skip(1) {
        let manifest = above.join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else {
            continue;
        };
        let Ok(document) = text.parse::<toml_edit::DocumentMut>() else {
            continue;
        };
        let Some(workspace) = document.get("workspace") else {
            continue;
        };
        let below = root.strip_prefix(above).unwrap_or(root);
        if matches(workspace.get("members"), below) && !matches(workspace.get("exclude"), below) {
            problems.0.push(
                Problem::new(format!(
                    "`{manifest}` would take this project for a member of its workspace"
                ))
                .help(format!(
                    "add `exclude = [\"{below}\"]` to its `[workspace]`"
                )),
            );
        }
        break;
    }
    problems.into_result()
}

/// True when a list of paths and globs has this path or one above it.
fn matches(list: Option<&toml_edit::Item>, path: &Utf8Path) -> bool {
    let patterns = list
        .and_then(|item| item.as_array())
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str());
    patterns.into_iter().any(|pattern| {
        let pattern = pattern.trim_end_matches('/');
        let glob = glob::Pattern::new(pattern);
        path.ancestors().any(|above| {
            above == pattern || glob.as_ref().is_ok_and(|glob| glob.matches(above.as_str()))
        })
    })
}
