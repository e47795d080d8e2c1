//! The type and the cost of an expression, found in one walk.
//!
//! The parser is given no macros, so that `has`, `all`, `map` and their like are calls here, and messages can name what
//! the user wrote. What a macro costs is what its expansion in cel-go costs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr, ListExpr, LiteralValue, MapExpr, SelectExpr, StructExpr},
};

use super::{
    cost::{Entry, LIST, MAP, Node, Origin, Size},
    functions::TYPES,
    schema::{Decl, Kind},
    types::{Type, Unifier},
};
use crate::problem::{Problem, did_you_mean};
use text::{dotted, guards, text};

mod calls;
mod macros;
mod text;

/// What is found out of one expression.
pub(super) struct Inferred {
    pub(super) node: Node,
    /// Mistakes: the API server refuses the rule.
    pub(super) problems: Vec<Problem>,
    /// Fields that may be missing when the rule runs.
    pub(super) optional: Vec<Problem>,
    pub(super) uses_old_self: bool,
    /// What was measured for the cost, by its path.
    pub(super) measured: BTreeMap<String, Arc<Decl>>,
    /// Whether the cost counts a value of which no size is known.
    pub(super) has_unmeasured: bool,
}

/// Finds the type and the cost of an expression on a place of the schema.
pub(super) fn infer(expression: &IdedExpr, decl: &Arc<Decl>, optional_old_self: bool) -> Inferred {
    let old_self = match decl.ty() {
        ty if optional_old_self => Type::optional(ty),
        ty => ty,
    };
    let mut guarded = BTreeSet::new();
    guards(expression, &mut guarded);
    let mut walk = Walk {
        root: decl.clone(),
        old_self,
        locals: Vec::new(),
        unifier: Unifier::default(),
        guarded,
        found: Vec::new(),
        optional: Vec::new(),
        uses_old_self: false,
        measured: BTreeMap::new(),
        has_unmeasured: false,
        in_format: false,
    };
    let mut node = walk.expression(expression);
    node.ty = match walk.unifier.resolve(&node.ty) {
        Type::Param(_) => Type::Dyn,
        ty => ty,
    };
    Inferred {
        node,
        problems: walk.found,
        optional: walk.optional,
        uses_old_self: walk.uses_old_self,
        measured: walk.measured,
        has_unmeasured: walk.has_unmeasured,
    }
}

/// A variable of a macro.
struct Local {
    name: String,
    ty: Type,
    origin: Origin,
    size: Option<Size>,
    entry: Option<Entry>,
}

struct Walk {
    root: Arc<Decl>,
    old_self: Type,
    locals: Vec<Local>,
    unifier: Unifier,
    /// What stands in a `has(..)` somewhere in the rule.
    guarded: BTreeSet<String>,
    found: Vec<Problem>,
    optional: Vec<Problem>,
    uses_old_self: bool,
    measured: BTreeMap<String, Arc<Decl>>,
    has_unmeasured: bool,
    /// Whether the walk is in the arguments of `format`, which takes a list of anything.
    in_format: bool,
}

impl Walk {
    fn expression(&mut self, expression: &IdedExpr) -> Node {
        match &expression.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) => self.identifier(name),
            Expr::Select(select) => match self.type_name(expression) {
                Some(node) => node,
                None => self.select(select),
            },
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.list_literal(list).0,
            Expr::Map(map) => self.map_literal(map),
            Expr::Struct(literal) => self.struct_literal(literal),
            Expr::Comprehension(_) | Expr::Unspecified => self.node(Type::Dyn, 0),
        }
    }

    fn expressions(&mut self, expressions: &[IdedExpr]) -> Vec<Node> {
        let nodes = expressions
            .iter()
            .map(|expression| self.expression(expression));
        nodes.collect()
    }

    /// A node that is computed and of which nothing more is known.
    fn node(&self, ty: Type, cost: u64) -> Node {
        let size = self
            .unifier
            .resolve(&ty)
            .is_scalar()
            .then_some(Size::exactly(1));
        let (entry, origin, int) = (None, Origin::Computed, None);
        Node {
            ty,
            cost,
            size,
            entry,
            origin,
            int,
        }
    }

    /// A node that comes from a place of the schema, if that is known.
    fn from(&self, origin: Origin, ty: Type, cost: u64) -> Node {
        let node = self.node(ty, cost);
        let size = match &origin {
            Origin::Schema(decl) => Some(Size::up_to(decl.max)),
            _ => node.size,
        };
        Node {
            size,
            origin,
            ..node
        }
    }

    /// The size of a value; where it comes from is remembered.
    fn size(&mut self, node: &Node) -> Size {
        if let Origin::Schema(decl) = &node.origin
            && node.size.is_some()
        {
            self.measure(decl);
        }
        let size = node.size.unwrap_or(Size::UNKNOWN);
        self.has_unmeasured |= size.max == u64::MAX;
        size
    }

    fn measure(&mut self, decl: &Arc<Decl>) {
        let place = super::path(&decl.steps);
        self.measured.insert(place, decl.clone());
    }

    /// One step down from where a value comes from. Of what is computed, the estimate of Kubernetes takes the root.
    fn step(&self, origin: &Origin, step: &str) -> Origin {
        let decl = match origin {
            Origin::Computed => return Origin::Schema(self.root.clone()),
            Origin::Unknown => return Origin::Unknown,
            Origin::Schema(decl) => decl,
        };
        let below = match (&decl.kind, step) {
            (Kind::List(items), "@items") => Some(items),
            (Kind::Map(_, values), "@values") => Some(values),
            (Kind::Map(keys, _), "@keys") => Some(keys),
            (Kind::Object { fields, .. }, name) => fields.get(name).map(|field| &field.decl),
            _ => None,
        };
        below.map_or(Origin::Unknown, |decl| Origin::Schema(decl.clone()))
    }

    fn refuse(&mut self, message: String, help: Option<String>) {
        let problem = Problem::new(message);
        self.add(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    fn add(&mut self, problem: Problem) {
        if !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }

    fn literal(&mut self, literal: &LiteralValue) -> Node {
        let (ty, size) = match literal {
            LiteralValue::Boolean(_) => (Type::Bool, 1),
            LiteralValue::Bytes(bytes) => (Type::Bytes, bytes.inner().len()),
            LiteralValue::Double(_) => (Type::Double, 1),
            LiteralValue::Int(_) => (Type::Int, 1),
            LiteralValue::Null => (Type::Null, 1),
            LiteralValue::String(text) => (Type::String, text.inner().chars().count()),
            LiteralValue::UInt(_) => (Type::Uint, 1),
        };
        let mut node = self.node(ty, 0);
        node.size = Some(Size::exactly(size as u64));
        if let LiteralValue::Int(int) = literal {
            node.int = Some(*int.inner());
        }
        node
    }

    fn identifier(&mut self, name: &str) -> Node {
        if let Some(local) = self.locals.iter().rev().find(|local| local.name == name) {
            let mut node = self.from(local.origin.clone(), local.ty.clone(), 1);
            node.size = node.size.or(local.size);
            node.entry = local.entry;
            return node;
        }
        let origin = Origin::Schema(self.root.clone());
        match name {
            "self" => return self.from(origin, self.root.ty(), 1),
            "oldSelf" => {
                self.uses_old_self = true;
                return self.from(origin, self.old_self.clone(), 1);
            }
            _ if TYPES.contains(&name) => return self.from(origin, Type::Meta, 1),
            _ => {}
        }
        let locals = self.locals.iter().map(|local| local.name.as_str());
        let known: Vec<_> = ["self", "oldSelf"].into_iter().chain(locals).collect();
        let help = match did_you_mean(name, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => match &self.root.kind {
                Kind::Object { fields, .. } if fields.contains_key(name) => {
                    format!("write `self.{name}`")
                }
                _ => "a rule knows `self` and `oldSelf`".to_owned(),
            },
        };
        self.refuse(format!("unknown variable `{name}`"), Some(help));
        self.node(Type::Error, 1)
    }

    /// A dotted name that is a type, e.g. `net.IP`.
    fn type_name(&mut self, expression: &IdedExpr) -> Option<Node> {
        let name = dotted(expression)?;
        let first = name.split('.').next().unwrap_or_default();
        let is_local = self.locals.iter().any(|local| local.name == first);
        let origin = Origin::Schema(self.root.clone());
        (TYPES.contains(&name.as_str()) && !is_local).then(|| self.from(origin, Type::Meta, 1))
    }

    fn select(&mut self, select: &SelectExpr) -> Node {
        let operand = self.expression(&select.operand);
        let place = || format!("{}.{}", text(&select.operand), select.field);
        let (ty, cost) = self.field(&operand, &select.field, &place);
        if let Type::Object(decl) = &operand.ty
            && decl
                .field(&select.field)
                .is_some_and(|field| !field.present)
            && !self.guarded.contains(&place())
        {
            let place = place();
            let problem = Problem::new(format!("`{place}` may be missing"));
            let help = format!(
                "guard it with `has({place})`: where it is missing, Kubernetes refuses the object"
            );
            let problem = problem.help(help);
            if !self.optional.contains(&problem) {
                self.optional.push(problem);
            }
        }
        let origin = self.step(&operand.origin, &select.field);
        let cost = operand.cost.saturating_add(cost);
        self.from(origin, ty, cost)
    }

    /// The type of a field, and what it costs to get there.
    fn field(&mut self, operand: &Node, name: &str, place: &dyn Fn() -> String) -> (Type, u64) {
        let ty = self.unifier.resolve(&operand.ty);
        let (found, cost) = match ty.unwrapped() {
            Type::Map(_, value) => (value.as_ref().clone(), 1),
            Type::Object(decl) => (self.object_field(decl, name, place), 1),
            Type::Param(_) => {
                self.unifier.assignable(&Type::Dyn, &ty);
                (Type::Dyn, 1)
            }
            Type::Dyn | Type::Error => (Type::Dyn, 0),
            other => {
                let help = match other {
                    Type::List(_) => "take one of its items, or write a macro such as `all`",
                    _ => "`self` is the value at the place of the rule",
                };
                let message = format!("`{}`: a value of type `{other}` has no fields", place());
                self.refuse(message, Some(help.to_owned()));
                (Type::Error, 0)
            }
        };
        match ty {
            Type::Optional(_) => (Type::optional(found), 0),
            _ => (found, cost),
        }
    }

    fn object_field(&mut self, decl: &Arc<Decl>, name: &str, place: &dyn Fn() -> String) -> Type {
        let Kind::Object { fields, hidden } = &decl.kind else {
            return Type::Dyn;
        };
        if let Some(field) = decl.field(name) {
            return field.decl.ty();
        }
        let escaped = super::schema::escape(name);
        let help = match did_you_mean(name, fields.keys().map(String::as_str)) {
            _ if hidden.contains(name) => {
                "a rule cannot see it: its schema has no type that CEL knows".to_owned()
            }
            _ if escaped
                .as_ref()
                .is_some_and(|name| fields.contains_key(name)) =>
            {
                format!("write `{}`", escaped.unwrap_or_default())
            }
            _ if name == "metadata" => {
                "only the root of an object has `metadata`: put the rule there".to_owned()
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None if fields.is_empty() => "the schema names no fields there".to_owned(),
            None => {
                let names: Vec<_> = fields.keys().map(|name| format!("`{name}`")).collect();
                match names.len() {
                    1..=12 => format!("the fields are {}", names.join(", ")),
                    _ => "look for it in the schema".to_owned(),
                }
            }
        };
        self.refuse(format!("`{}`: no such field", place()), Some(help));
        Type::Error
    }

    /// A list, and the types of what stands in it.
    fn list_literal(&mut self, list: &ListExpr) -> (Node, Vec<Type>) {
        let nodes = self.expressions(&list.elements);
        let is_optional = |index| list.optional_indices.contains(&index);
        let types = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| match is_optional(index) {
                true => node.ty.unwrapped().clone(),
                false => node.ty.clone(),
            });
        let types: Vec<_> = types.collect();
        let of = self.join(&types, "list");
        let value = self.largest(&nodes);
        let key = Size::exactly(1);
        let cost = LIST.saturating_add(total(&nodes));
        let mut node = self.node(Type::list(of), cost);
        node.size = Some(Size::exactly(nodes.len() as u64));
        node.entry = Some(Entry { key, value });
        (node, types)
    }

    fn map_literal(&mut self, map: &MapExpr) -> Node {
        let (mut keys, mut values, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &map.entries {
            if let EntryExpr::MapEntry(entry) = &entry.expr {
                keys.push(self.expression(&entry.key));
                let value = self.expression(&entry.value);
                types.push(match entry.optional {
                    true => value.ty.unwrapped().clone(),
                    false => value.ty.clone(),
                });
                values.push(value);
            }
        }
        let key = self.join(
            &keys.iter().map(|node| node.ty.clone()).collect::<Vec<_>>(),
            "map",
        );
        // Such a key fails when the rule runs, and a type of it could double with every step of a rule.
        let key = match self.unifier.resolve(&key) {
            Type::List(_) | Type::Map(..) | Type::Optional(_) => Type::Dyn,
            _ => key,
        };
        let value = self.join(&types, "map");
        let sizes = (self.largest(&keys), self.largest(&values));
        let cost = MAP
            .saturating_add(total(&keys))
            .saturating_add(total(&values));
        let mut node = self.node(Type::map(key, value), cost);
        node.size = Some(Size::exactly(keys.len() as u64));
        node.entry = Some(Entry {
            key: sizes.0,
            value: sizes.1,
        });
        node
    }

    fn struct_literal(&mut self, literal: &StructExpr) -> Node {
        let mut cost = 40_u64;
        for entry in &literal.entries {
            if let EntryExpr::StructField(field) = &entry.expr {
                cost = cost.saturating_add(self.expression(&field.value).cost);
            }
        }
        let name = &literal.type_name;
        if !name.starts_with("google.protobuf.") {
            let help = "write a map, e.g. `{'key': value}`".to_owned();
            self.refuse(
                format!("no objects of type `{name}` can be made"),
                Some(help),
            );
            return self.node(Type::Error, cost);
        }
        self.node(Type::Dyn, cost)
    }

    /// The one type of all parts of a literal. They must be the same, but not in what `format` takes.
    fn join(&mut self, types: &[Type], what: &str) -> Type {
        let mut joined: Option<Type> = None;
        for ty in types {
            joined = Some(match joined {
                None => ty.clone(),
                Some(known) if self.unifier.assignable(&known, ty) => {
                    Unifier::most_general(&known, ty)
                }
                Some(_) => Type::Dyn,
            });
        }
        let types: Vec<_> = types.iter().map(|ty| self.unifier.resolve(ty)).collect();
        if let Some((first, others)) = types.split_first()
            && let Some(other) = others.iter().find(|other| *other != first)
            && !self.in_format
            && !types.contains(&Type::Error)
        {
            let message = format!("`{first}` and `{other}` stand in one {what}");
            let help = "write `dyn(..)` around each of them".to_owned();
            self.refuse(message, Some(help));
        }
        joined.unwrap_or_else(|| Type::Param(self.unifier.fresh(1)))
    }

    fn largest(&mut self, nodes: &[Node]) -> Size {
        let sizes: Vec<_> = nodes.iter().map(|node| self.size(node)).collect();
        sizes
            .into_iter()
            .reduce(Size::union)
            .unwrap_or(Size::exactly(0))
    }
}

/// What nodes cost together.
fn total(nodes: &[Node]) -> u64 {
    nodes
        .iter()
        .fold(0, |sum, node| sum.saturating_add(node.cost))
}
