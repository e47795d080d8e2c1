//! The embedded templates: a folder of them and a context become a scaffold.
//!
//! `templates/<command>/<option>/<output path>.tera` is a file; `<output path>.entry.tera` is an entry in a list
//! of that file. A `{name}` in a path stands for `context.path.name`.

use std::{collections::BTreeSet, sync::OnceLock};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde_json::Value;
use tera::Tera;

use crate::scaffold::{Existing, File, Owner, Scaffold};

pub mod context;
mod lock;
#[cfg(test)]
mod tests;
mod wrap;

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static RUNTIME: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/runtime.rs"));

/// Files that a fresh repository from a forge has already, and that serve as well as ours.
const KEPT: &[&str] = &["README.md", ".gitignore", "LICENSE"];

/// A template of the embedded tree.
struct Template {
    /// Its path below `templates/`, as messages name it.
    name: &'static str,
    /// Its path below its folder, without `.tera`: the output path with its `{placeholders}`.
    output: &'static str,
    text: &'static str,
}

impl Template {
    /// The file whose list this is an entry of.
    fn entry_of(&self) -> Option<&'static str> {
        self.output.strip_suffix(".entry")
    }
}

/// Every template below a folder of `templates/`, sorted.
fn templates(folder: &str) -> Vec<Template> {
    fn collect(
        directory: &'static Dir<'static>,
        found: &mut Vec<&'static include_dir::File<'static>>,
    ) {
        found.extend(directory.files());
        directory.dirs().for_each(|below| collect(below, found));
    }
    let mut files = Vec::new();
    let root = if folder.is_empty() {
        Some(&TEMPLATES)
    } else {
        TEMPLATES.get_dir(folder)
    };
    collect(
        root.unwrap_or_else(|| panic!("templates/{folder} is a folder of ours")),
        &mut files,
    );
    let template = |file: &'static include_dir::File<'static>| {
        let name = file.path().to_str()?;
        let output = name
            .strip_prefix(folder)?
            .trim_start_matches('/')
            .strip_suffix(".tera")?;
        Some(Template {
            name,
            output,
            text: file.contents_utf8()?,
        })
    };
    let mut found: Vec<_> = files.into_iter().filter_map(template).collect();
    found.sort_by_key(|template| template.name);
    found
}

/// Renders every template of a folder.
///
/// # Errors
/// A template that does not fit its context, which is a bug in opgen.
pub fn render(folder: &str, context: &impl Serialize) -> anyhow::Result<Scaffold> {
    let bug =
        |name: &str| format!("failed to render `{name}`: this is a bug in opgen, please report it");
    let value = serde_json::to_value(context).with_context(|| bug(folder))?;
    let tera_context = tera::Context::from_serialize(&value).with_context(|| bug(folder))?;
    let templates = templates(folder);
    let engine = engine(&templates).with_context(|| bug(folder))?;
    let mut scaffold = Scaffold::default();
    for template in &templates {
        let text = engine
            .render(template.name, &tera_context)
            .with_context(|| bug(template.name))?;
        let path = output_path(template.entry_of().unwrap_or(template.output), &value)
            .with_context(|| bug(template.name))?;
        if template.entry_of().is_some() {
            scaffold
                .entries
                .entry(path)
                .or_default()
                .push(text.trim_end().to_owned());
        } else {
            let text = finish(&path, &text);
            scaffold.files.insert(
                path.clone(),
                File {
                    owner: owner(template),
                    existing: existing(&path),
                    text,
                },
            );
        }
    }
    Ok(scaffold)
}

/// The runtime's sources, as they stand in `vendor/opgen-runtime` of a project.
pub fn runtime() -> Scaffold {
    let file = |text: &str| File {
        owner: Owner::Opgen,
        existing: Existing::Conflict,
        text: text.to_owned(),
    };
    let files = RUNTIME
        .iter()
        .map(|(path, text)| (Utf8Path::new("vendor/opgen-runtime").join(path), file(text)));
    Scaffold {
        files: files.collect(),
        ..Scaffold::default()
    }
}

/// The names of all packages in the lock file of a fresh project, but its own.
pub fn locked_packages() -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let file = TEMPLATES
            .get_file("init/base/Cargo.lock.tera")
            .and_then(include_dir::File::contents_utf8);
        lock::package_names(file.unwrap_or_default()).collect()
    });
    names.iter().copied()
}

fn engine(templates: &[Template]) -> tera::TeraResult<Tera> {
    let mut engine = Tera::new();
    engine.autoescape_on(Vec::<&'static str>::new());
    engine.register_filter(
        "json",
        |value: tera::Value, _: tera::Kwargs, _: &tera::State<'_>| {
            serde_json::to_string(&value).map_err(tera::Error::message)
        },
    );
    // A name that YAML would read as something else is quoted, and no other.
    engine.register_filter(
        "yaml",
        |value: tera::Value, _: tera::Kwargs, _: &tera::State<'_>| {
            let text = crate::yaml::to_string(&value).map_err(tera::Error::message)?;
            Ok::<_, tera::Error>(text.trim_end().to_owned())
        },
    );
    engine.add_raw_templates(
        templates
            .iter()
            .map(|template| (template.name, template.text)),
    )?;
    Ok(engine)
}

/// Indexes are opgen's; a file that templates have entries for is shared.
fn owner(template: &Template) -> Owner {
    static SHARED: OnceLock<Vec<String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let entries = templates("")
            .into_iter()
            .filter_map(|template| template.entry_of());
        entries.map(|output| format!("/{output}")).collect()
    });
    match template.name.split('/').next() {
        Some("index") => Owner::Opgen,
        _ if shared
            .iter()
            .any(|entry| entry.ends_with(&format!("/{}", template.output))) =>
        {
            Owner::Shared
        }
        _ => Owner::User,
    }
}

fn existing(path: &Utf8Path) -> Existing {
    if KEPT.contains(&path.as_str()) {
        Existing::Keep
    } else {
        Existing::Conflict
    }
}

/// Puts `context.path` in place of the `{placeholders}` of a path.
fn output_path(pattern: &str, context: &Value) -> anyhow::Result<Utf8PathBuf> {
    let mut path = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after
            .split_once('}')
            .with_context(|| format!("`{pattern}` has a `{{` without a `}}`"))?;
        let value = context["path"][name]
            .as_str()
            .with_context(|| format!("`{pattern}`: no `path.{name}`"))?;
        path.push_str(before);
        path.push_str(value);
        rest = tail;
    }
    path.push_str(rest);
    Ok(path.into())
}

/// What a kind of file needs behind the template engine.
fn finish(path: &Utf8Path, text: &str) -> String {
    let text = text.trim_end().to_owned() + "\n";
    match (path.file_name(), path.extension()) {
        (Some("Cargo.lock"), _) => lock::sort(&text),
        (_, Some("rs")) => wrap::lines(&text),
        _ => text,
    }
}
