//! Which function a comment stands at.

use syn::{
    spanned::Spanned as _,
    visit::{self, Visit},
};

/// The functions of a Rust source.
#[derive(Debug, Default)]
pub struct Functions {
    list: Vec<Function>,
    /// The modules that stand in the file with all that is in them.
    modules: Vec<Lines>,
    /// The type whose methods are being visited.
    owner: Option<String>,
}

#[derive(Debug)]
struct Function {
    /// `reconcile`, or `Context::reconcile` for a method.
    name: String,
    /// From its first attribute to its last brace.
    lines: Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let module = self.module(line);
        let below = self.list.iter().filter(|it| it.lines.first > line);
        let below = below.filter(|it| self.module(it.lines.first) == module);
        let found = innermost.or_else(|| below.min_by_key(|it| it.lines.first));
        found.map(|function| function.name.as_str())
    }

    /// The innermost module around a line; none for the file itself.
    fn module(&self, line: usize) -> Option<Lines> {
        let around = self.modules.iter().copied();
        let around = around.filter(|it| it.first < line && it.has(line));
        around.max_by_key(|it| it.first)
    }

    fn function(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let name = name.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let name = match &self.owner {
            Some(owner) => format!("{owner}::{name}"),
            None => name.to_owned(),
        };
        let lines = Lines::of(whole);
        self.list.push(Function { name, lines });
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
        self.modules.push(Lines::of(item.span()));
        self.within(None, |this| visit::visit_item_mod(this, item));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stands_at_the_function_around_it_or_the_next_below() {
        let source = "\
use a; // main
// main
#[inline]
#[tokio::main]
// main
async fn main() {
    // main
    fn inner() { // inner
    } // inner
} // main
// Context::new
impl<T> x::Context<T> {
    // Context::new
    fn new() {}
    // Context::r#fn
    fn r#fn() {}
}
// Do::it
trait Do {
    fn it();
}
// last
mod within {
    // deep
    fn deep() {}
    // none
}
const A: u8 = 1;
fn last() {}
// none
#[cfg(test)]
mod tests {
    fn test() {}
}
";
        let functions = Functions::of(source);
        for (index, line) in source.lines().enumerate() {
            if let Some((_, expected)) = line.split_once("// ") {
                let expected = Some(expected.replace("r#", "")).filter(|it| it != "none");
                let found = functions.at(index + 1).map(ToOwned::to_owned);
                assert_eq!(found, expected, "line {}: {line}", index + 1);
            }
        }
        assert_eq!(Functions::of("fn a() {").at(1), None, "no Rust");
    }
}
