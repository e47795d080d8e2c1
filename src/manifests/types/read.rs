//! Reads structs and enums of a source file.

use camino::Utf8Path;
use proc_macro2::Span;
use syn::{
    Attribute, Fields, GenericArgument, Meta, PathArguments, Type,
    punctuated::Punctuated,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::{Position, names};

/// A struct or an enum; the variants of an enum are its fields.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) module: String,
    pub(super) at: Position,
    pub(super) fields: Vec<Field>,
    /// What `#[kube(..)]` makes of it.
    pub(super) kube: Kube,
    pub(super) dead: Vec<(String, Position)>,
    /// Indices of the comments at it.
    pub(super) allows: Vec<usize>,
    /// Lines from the first attribute to the opening brace.
    head: (usize, usize),
}

impl Item {
    /// How far the module of another type is: in this file, beside it, elsewhere.
    pub(super) fn module_distance(&self, other: &str) -> usize {
        let (mine, other): (Vec<_>, Vec<_>) = (
            self.module.split("::").collect(),
            other.split("::").collect(),
        );
        let shared = mine.iter().zip(&other).take_while(|(a, b)| a == b).count();
        mine.len() + other.len() - 2 * shared
    }
}

/// A field of a struct, or a variant of an enum.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    renamed: Option<String>,
    pub(super) shape: Option<Shape>,
    pub(super) flatten: bool,
    pub(super) at: Position,
    pub(super) dead: Vec<(String, Position)>,
    pub(super) allows: Vec<usize>,
    lines: (usize, usize),
}

impl Field {
    pub(super) fn is_exactly(&self, json: &str) -> bool {
        self.renamed.as_deref() == Some(json)
    }

    pub(super) fn is(&self, json: &str) -> bool {
        self.renamed.is_none() && !self.flatten && names::same(&self.name, json)
    }
}

/// The name of a type and its arguments, without the pointers and the `Option` around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) name: String,
    arguments: Vec<Shape>,
}

impl Shape {
    pub(super) fn named(name: &str) -> Self {
        let (name, arguments) = (name.to_owned(), Vec::new());
        Self { name, arguments }
    }

    /// What a list holds.
    pub(super) fn into_items(self) -> Option<Self> {
        self.arguments.into_iter().next()
    }

    /// The values of a map.
    pub(super) fn into_values(self) -> Option<Self> {
        self.arguments.into_iter().nth(1)
    }

    fn of(ty: &Type) -> Option<Self> {
        match ty {
            Type::Array(list) => Some(Self::list(Self::of(&list.elem))),
            Type::Slice(list) => Some(Self::list(Self::of(&list.elem))),
            Type::Reference(reference) => Self::of(&reference.elem),
            Type::Path(path) => {
                let last = path.path.segments.last()?;
                let PathArguments::AngleBracketed(generic) = &last.arguments else {
                    return Some(Self::named(&last.ident.to_string()));
                };
                let arguments = generic.args.iter().filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(Self::of(ty).unwrap_or(Self::named(""))),
                    _ => None,
                });
                let name = last.ident.to_string();
                let mut arguments: Vec<_> = arguments.collect();
                let transparent = ["Option", "Box", "Arc", "Rc", "Cow"].contains(&name.as_str());
                if transparent && !arguments.is_empty() {
                    return Some(arguments.swap_remove(0));
                }
                Some(Self { name, arguments })
            }
            _ => None,
        }
    }

    fn list(item: Option<Self>) -> Self {
        Self {
            name: "Vec".to_owned(),
            arguments: item.into_iter().collect(),
        }
    }
}

/// The types of a file, those inside its modules and functions too.
pub(super) fn items(path: &Utf8Path, text: &str) -> Vec<Item> {
    let Ok(file) = syn::parse_file(text) else {
        return Vec::new();
    };
    let mut reader = Reader {
        path,
        module: names::module(path),
        items: Vec::new(),
    };
    reader.visit_file(&file);
    reader.items
}

/// Gives a comment to the field or type that it stands in or above. False where there is none.
pub(super) fn attach(items: &mut [Item], line: usize, allow: usize) -> bool {
    let ends = |(first, last): (usize, usize)| (last >= line).then_some((first.max(line), last));
    let mut nearest: Option<((usize, usize), &mut Vec<usize>)> = None;
    for item in items {
        let of_fields = item
            .fields
            .iter_mut()
            .map(|field| (field.lines, &mut field.allows));
        let all = std::iter::once((item.head, &mut item.allows)).chain(of_fields);
        for (lines, allows) in all {
            if let Some(key) = ends(lines)
                && nearest.as_ref().is_none_or(|(best, _)| key < *best)
            {
                nearest = Some((key, allows));
            }
        }
    }
    nearest.map(|(_, allows)| allows.push(allow)).is_some()
}

struct Reader<'a> {
    path: &'a Utf8Path,
    module: String,
    items: Vec<Item>,
}

impl Reader<'_> {
    fn position(&self, span: Span) -> Position {
        let start = span.start();
        Position {
            path: self.path.to_owned(),
            line: start.line,
            column: start.column + 1,
        }
    }

    fn item(
        &mut self,
        ident: &syn::Ident,
        attributes: &[Attribute],
        whole: Span,
        fields: Vec<Field>,
    ) {
        let kube = Kube::of(attributes);
        let mut dead = self.dead(attributes, &[]);
        if kube.scale && kube.status.is_none() {
            // kube writes the subresources of kinds with a status alone.
            dead.push((DEAD_SCALE.to_owned(), self.position(ident.span())));
        }
        self.items.push(Item {
            name: plain(ident),
            module: self.module.clone(),
            at: self.position(ident.span()),
            fields,
            kube,
            dead,
            allows: Vec::new(),
            head: (whole.start().line, ident.span().end().line),
        });
    }

    fn fields(&self, fields: &Fields) -> Vec<Field> {
        let named = fields
            .iter()
            .filter_map(|field| Some((field.ident.as_ref()?, field)));
        let read = |(ident, field): (&syn::Ident, &syn::Field)| {
            self.field(ident, &field.attrs, Shape::of(&field.ty), field.span())
        };
        named.map(read).collect()
    }

    fn field(
        &self,
        ident: &syn::Ident,
        attributes: &[Attribute],
        shape: Option<Shape>,
        whole: Span,
    ) -> Field {
        let mut field = Field {
            name: plain(ident),
            renamed: None,
            shape,
            flatten: false,
            at: self.position(ident.span()),
            dead: self.dead(attributes, READ_BY_SCHEMARS),
            allows: Vec::new(),
            lines: (whole.start().line, whole.end().line),
        };
        for meta in inside(attributes, "serde") {
            match &meta {
                Meta::Path(path) if path.is_ident("flatten") => field.flatten = true,
                Meta::NameValue(pair) if pair.path.is_ident("rename") => {
                    field.renamed = text(&pair.value);
                }
                _ => {}
            }
        }
        field
    }

    /// What `#[validate(..)]` says and schemars does not read: everything at a type, and kube's former `rule`.
    fn dead(&self, attributes: &[Attribute], read: &[&str]) -> Vec<(String, Position)> {
        let mut dead = Vec::new();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("validate")) {
            for meta in nested(attribute) {
                let Some(name) = meta.path().get_ident().map(plain) else {
                    continue;
                };
                if !read.contains(&name.as_str()) {
                    let at = self.position(attribute.span());
                    dead.push((format!("#[validate({name})]"), at));
                }
            }
        }
        dead
    }
}

/// The name of a scale subresource that kube leaves out.
pub const DEAD_SCALE: &str = "#[kube(scale)]";

/// The tag of a struct, which serde writes and schemars leaves out of the schema.
pub const STRUCT_TAG: &str = "#[serde(tag)]";

/// What schemars 1 takes from `#[validate(..)]` of a field (schemars_derive, `attr/validation.rs`).
const READ_BY_SCHEMARS: &[&str] = &[
    "contains", "email", "ip", "ipv4", "ipv6", "length", "range", "regex", "required", "url",
];

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let fields = self.fields(&item.fields);
        self.item(&item.ident, &item.attrs, item.span(), fields);
        let has_tag = |meta: &Meta| meta.path().is_ident("tag");
        if inside(&item.attrs, "serde").iter().any(has_tag)
            && let at = self.position(item.ident.span())
            && let Some(item) = self.items.last_mut()
        {
            item.dead.push((STRUCT_TAG.to_owned(), at));
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let mut fields = Vec::new();
        for variant in &item.variants {
            let shape = match &variant.fields {
                Fields::Unnamed(inner) if inner.unnamed.len() == 1 => {
                    Shape::of(&inner.unnamed[0].ty)
                }
                _ => None,
            };
            fields.push(self.field(&variant.ident, &variant.attrs, shape, variant.ident.span()));
            // With an internal tag, or none, these stand beside each other.
            fields.extend(self.fields(&variant.fields));
        }
        self.item(&item.ident, &item.attrs, item.span(), fields);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let outer = self.module.clone();
        self.module = format!("{outer}::{}", plain(&item.ident))
            .trim_start_matches(':')
            .to_owned();
        visit::visit_item_mod(self, item);
        self.module = outer;
    }
}

/// What `#[kube(..)]` says.
#[derive(Clone, Debug, Default)]
pub(super) struct Kube {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    /// The Rust type of the kind, where it is not named like it.
    root: Option<String>,
    pub(super) status: Option<Shape>,
    pub(super) no_spec: bool,
    scale: bool,
}

impl Kube {
    /// The Rust type of the kind, which the derive makes.
    pub(super) fn type_name(&self) -> Option<&str> {
        self.root.as_deref().or(self.kind.as_deref())
    }

    fn of(attributes: &[Attribute]) -> Self {
        let mut kube = Self::default();
        for meta in inside(attributes, "kube") {
            kube.scale |= meta.path().is_ident("scale");
            let Meta::NameValue(pair) = &meta else {
                kube.no_spec |= meta.path().is_ident("no_spec");
                continue;
            };
            let value = text(&pair.value);
            match pair.path.get_ident().map(plain).as_deref() {
                Some("group") => kube.group = value,
                Some("version") => kube.version = value,
                Some("kind") => kube.kind = value,
                Some("root") => kube.root = value,
                Some("status") => {
                    let ty = value.and_then(|text| syn::parse_str(&text).ok());
                    kube.status = ty.as_ref().and_then(Shape::of);
                }
                _ => {}
            }
        }
        kube
    }
}

/// The parts of every `#[name(..)]`.
fn inside(attributes: &[Attribute], name: &str) -> Vec<Meta> {
    let named = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name));
    named.flat_map(nested).collect()
}

fn nested(attribute: &Attribute) -> Vec<Meta> {
    let parts = attribute.parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated);
    parts
        .map(|parts| parts.into_iter().collect())
        .unwrap_or_default()
}

fn text(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn plain(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}
