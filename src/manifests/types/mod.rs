//! The user's types as they are written: what a place in a CRD is called in Rust, where it stands, and what its author
//! allows there.
//!
//! The schema comes from the compiled types, never from here. This only finds names and lines for messages, so a type
//! that it does not understand costs a message its line and nothing else.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::comments::{self, Finding};
use crate::{
    crd::{Allowance, Place, Step},
    problem::Problem,
    rbac,
};

mod names;
mod read;

pub use read::{DEAD_SCALE, STRUCT_TAG};
use read::{Field, Item, Shape};

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file, below the project's directory.
    pub path: Utf8PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

/// `api/src/apps/v1/my_app.rs:12:5`
impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// What stands behind a place of a CRD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// As the user would say it, e.g. `MyAppSpec.backend.pull_policy`.
    pub name: String,
    /// Where the field stands, or the nearest one around it.
    pub at: Option<Position>,
    /// Whether the last step of the place is a field of the user's.
    pub is_own: bool,
    /// The type there, without the pointers and the `Option` around it: `u64`, `Vec`, `Backend`.
    pub rust: Option<String>,
    /// Attributes there that have no effect, e.g. `#[validate(rule)]`.
    pub dead: Vec<(String, Position)>,
    /// The comments that allow something there: of the field, and of every field and type on the way.
    allows: Vec<usize>,
}

/// `// +opgen:allow:ID because REASON` at a type or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// What is allowed, and why.
    pub allowance: Allowance,
    /// Where the comment stands.
    pub at: Position,
}

/// Every struct and enum of the project's sources.
#[derive(Clone, Debug, Default)]
pub struct Types {
    items: Vec<Item>,
    allows: Vec<Allow>,
}

impl Types {
    /// Reads the types of the sources, and what is wrong with the comments among them. Files that are no Rust are
    /// skipped: rustc has said why.
    pub fn of(sources: &BTreeMap<Utf8PathBuf, String>) -> (Self, Vec<Finding>) {
        let mut types = Self::default();
        let mut findings = Vec::new();
        for (path, text) in sources {
            let first = types.items.len();
            types.items.extend(read::items(path, text));
            let (markers, _) = comments::scan(path, text);
            for marker in markers.iter().filter(|marker| marker.name == "allow") {
                let place = (marker.line, marker.column);
                let wrong = |problem| Finding::new(path, place.0, place.1, problem);
                let allowance: Allowance = match marker.arguments.parse() {
                    Ok(allowance) => allowance,
                    Err(problem) => {
                        findings.push(wrong(problem));
                        continue;
                    }
                };
                if rbac::is_risk(&allowance.id) {
                    let message = format!("`{}` is allowed by the rule itself", allowance.id);
                    let help = "write the reason behind it: `// +opgen:rbac:… because REASON`";
                    findings.push(wrong(Problem::new(message).help(help)));
                    continue;
                }
                let index = types.allows.len();
                if !read::attach(&mut types.items[first..], marker.line, index) {
                    let problem = Problem::new("comment that belongs to no type and no field");
                    let help = "write it above the type or the field that it is about";
                    findings.push(wrong(problem.help(help)));
                    continue;
                }
                let (path, line, column) = (path.clone(), marker.line, marker.column);
                let at = Position { path, line, column };
                types.allows.push(Allow { allowance, at });
            }
        }
        (types, findings)
    }

    /// Every comment that allows something.
    pub fn allows(&self) -> &[Allow] {
        &self.allows
    }

    /// Which of the comments of a place allows what has this id, as an index into [`Self::allows`].
    pub fn allowed(&self, written: &Written, id: &str, path: &str) -> Option<usize> {
        let fits = |index: &&usize| {
            let allowance = &self.allows[**index].allowance;
            let here = allowance.path.as_deref().is_none_or(|there| there == path);
            allowance.id == id && here
        };
        written.allows.iter().find(fits).copied()
    }

    /// The Rust type of a version of a kind, as [`Self::find`] takes it.
    pub fn type_name(&self, group: &str, kind: &str, version: &str) -> Option<String> {
        let says = |word: &Option<String>, what| word.as_deref() == Some(what);
        let is_it = |item: &&Item| {
            let kube = &item.kube;
            says(&kube.group, group) && says(&kube.kind, kind) && says(&kube.version, version)
        };
        let item = self.items.iter().find(is_it)?;
        Some(format!(
            "crate::{}::{}",
            item.module,
            item.kube.type_name()?
        ))
    }

    /// What stands behind a place of a kind. `root` is its Rust type, e.g. `myapp_api::apps::v1::my_app::MyApp`.
    pub fn find(&self, root: &str, place: &Place) -> Written {
        let mut written = Written {
            name: place.to_string(),
            at: None,
            is_own: false,
            rust: None,
            dead: Vec::new(),
            allows: Vec::new(),
        };
        let Some(spec) = self.root(root) else {
            return written;
        };
        written.name.clone_from(&spec.name);
        written.at = Some(spec.at.clone());
        written.allows.extend(&spec.allows);
        let mut steps = place.steps.as_slice();
        let mut shape = Some(Shape::named(&spec.name));
        let mut item = Some(spec);
        if let [Step::Field(name), rest @ ..] = steps
            && (name == "status" || !spec.kube.no_spec)
        {
            steps = rest;
            if name == "status" {
                shape.clone_from(&spec.kube.status);
                item = self.item(shape.as_ref(), spec);
                let type_name = shape.as_ref().map(|shape| shape.name.clone());
                written.name = type_name.unwrap_or_else(|| "status".to_owned());
            } else if name != "spec" {
                (shape, item) = (None, None);
                written.name.push_str(&format!(".{name}"));
            }
        }
        if let Some(item) = item {
            written.enter(item);
        }
        for step in steps {
            written.is_own = false;
            written.dead.clear();
            let name = match step {
                Step::Field(name) => {
                    let field = item.and_then(|item| self.field(item, name));
                    shape = field.and_then(|field| field.shape.clone());
                    if let Some(field) = field {
                        written.pass(field);
                    }
                    let name = field.map_or(name, |field| &field.name);
                    format!(".{name}")
                }
                Step::Items => {
                    shape = shape.and_then(Shape::into_items);
                    "[*]".to_owned()
                }
                Step::Values => {
                    shape = shape.and_then(Shape::into_values);
                    "{*}".to_owned()
                }
            };
            written.name.push_str(&name);
            item = self.item(shape.as_ref(), item.unwrap_or(spec));
            if let Some(item) = item {
                written.enter(item);
            }
        }
        written.rust = shape.map(|shape| shape.name);
        written
    }

    /// The type whose `#[kube(kind = "..")]` makes the kind, in the module of the kind.
    fn root(&self, root: &str) -> Option<&Item> {
        let (module, kind) = root.rsplit_once("::")?;
        let (_, module) = module.split_once("::").unwrap_or(("", ""));
        let is_kind = |item: &&Item| item.kube.type_name() == Some(kind);
        let mut of_kind = self.items.iter().filter(is_kind);
        let here = of_kind.clone().find(|item| item.module == module);
        here.or_else(|| of_kind.next())
    }

    /// The type of a shape, the nearest to a type that uses it.
    fn item(&self, shape: Option<&Shape>, near: &Item) -> Option<&Item> {
        let name = shape?.name.as_str();
        let distance = |item: &&Item| near.module_distance(&item.module);
        let named = self.items.iter().filter(|item| item.name == name);
        named.min_by_key(distance)
    }

    /// The field of a type by its name in JSON, also in what it flattens.
    fn field<'a>(&'a self, item: &'a Item, name: &str) -> Option<&'a Field> {
        let mut seen = vec![item];
        let mut next = 0;
        while let Some(item) = seen.get(next).copied() {
            let exact = item.fields.iter().find(|field| field.is_exactly(name));
            let field = exact.or_else(|| item.fields.iter().find(|field| field.is(name)));
            if field.is_some() {
                return field;
            }
            let flattened = item.fields.iter().filter(|field| field.flatten);
            for inner in flattened.filter_map(|field| self.item(field.shape.as_ref(), item)) {
                if !seen.iter().any(|known| std::ptr::eq(*known, inner)) {
                    seen.push(inner);
                }
            }
            next += 1;
        }
        None
    }
}

impl Written {
    /// Goes through a field.
    fn pass(&mut self, field: &Field) {
        self.at = Some(field.at.clone());
        self.is_own = true;
        self.dead.extend_from_slice(&field.dead);
        self.allows.extend(&field.allows);
    }

    /// Comes to a type.
    fn enter(&mut self, item: &Item) {
        self.at.get_or_insert_with(|| item.at.clone());
        self.dead.extend_from_slice(&item.dead);
        self.allows.extend(&item.allows);
    }
}

#[cfg(test)]
mod tests;
