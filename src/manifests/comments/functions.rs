//! Which function a comment stands at.

use syn::{
    spanned::Spanned as _,
    visit::{self, Visit},
};

/// The functions of a Rust source.
#[derive(Debug, Default)]
pub struct Functions {
    list: Vec<Function>,
    /// Around what is being visited.
    module: Lines,
    /// The type whose methods are being visited.
    owner: Option<String>,
}

#[derive(Debug)]
struct Function {
    /// `reconcile`, or `Context::reconcile` for a method.
    name: String,
    /// From its first attribute to its last brace.
    lines: Lines,
    /// The module around it, as far as that is in the same file.
    module: Lines,
}

#[derive(Clone, Copy, Debug)]
struct Lines {
    first: usize,
    last: usize,
}

impl Functions {
    /// The functions of a source; none if it is no Rust, which is for the compiler to say.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let mut functions = Self::default();
        if let Ok(file) = syn::parse_file(source) {
            functions.visit_file(&file);
        }
        functions
    }

    /// The function around a line, or else the next one below it in the same module.
    #[must_use]
    pub fn at(&self, line: usize) -> Option<&str> {
        let around = self.list.iter().filter(|it| it.lines.has(line));
        let innermost = around.max_by_key(|it| it.lines.first);
        let below = self.list.iter();
        let below = below.filter(|it| it.lines.first > line && it.module.has(line));
        let found = innermost.or_else(|| below.min_by_key(|it| it.lines.first));
        found.map(|function| function.name.as_str())
    }

    fn function(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let name = name.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let name = match &self.owner {
            Some(owner) => format!("{owner}::{name}"),
            None => name.to_owned(),
        };
        self.list.push(Function {
            name,
            lines: Lines::of(whole),
            module: self.module,
        });
    }

    /// Visits what belongs to a type, or to none.
    fn within(&mut self, owner: Option<String>, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.owner, owner);
        visit(self);
        self.owner = outer;
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within(None, |this| {
            this.function(&item.sig.ident, item.span());
            visit::visit_item_fn(this, item);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, item.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig.ident, item.span());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|it| it.ident.to_string()),
            _ => None,
        };
        self.within(owner, |this| visit::visit_item_impl(this, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let owner = Some(item.ident.to_string());
        self.within(owner, |this| visit::visit_item_trait(this, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let outer = std::mem::replace(&mut self.module, Lines::of(item.span()));
        visit::visit_item_mod(self, item);
        self.module = outer;
    }
}

impl Lines {
    fn of(span: proc_macro2::Span) -> Self {
        Self {
            first: span.start().line,
            last: span.end().line,
        }
    }

    fn has(self, line: usize) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

/// A whole file.
impl Default for Lines {
    fn default() -> Self {
        Self {
            first: 0,
            last: usize::MAX,
        }
    }
}
