//! Calls of functions and operators: which overloads take such arguments, and what they cost.

use std::sync::Arc;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, ListExpr, LiteralValue},
};

use super::{Walk, text::dotted, total};
use crate::{
    crd::cel::{
        cost::{self, Call, Node, Origin, Size},
        functions::{FUNCTIONS, MACROS, Overload},
        literals,
        schema::{Decl, Kind},
        types::Type,
    },
    problem::did_you_mean,
};

impl Walk {
    pub(super) fn call(&mut self, call: &CallExpr) -> Node {
        let (name, arguments) = (call.func_name.as_str(), call.args.as_slice());
        let Some(target) = &call.target else {
            return match (name, arguments) {
                ("has", [argument]) => self.has(argument),
                ("_?._", [operand, field]) => self.optional_field(operand, field),
                ("dyn", [argument]) => {
                    let node = self.expression(argument);
                    let (ty, origin) = (Type::Dyn, Origin::Computed);
                    let cost = node.cost.saturating_add(1);
                    Node {
                        ty,
                        cost,
                        origin,
                        ..node
                    }
                }
                _ => {
                    literals::check(name, arguments)
                        .into_iter()
                        .for_each(|problem| self.add(problem));
                    let nodes = self.expressions(arguments);
                    self.resolve(name, &nodes, false)
                }
            };
        };
        let is_macro = |(other, counts): &(&str, &[usize])| {
            *other == name && counts.contains(&arguments.len())
        };
        if MACROS.iter().any(is_macro) {
            return self.macro_call(name, target, arguments);
        }
        if let Some(prefix) = dotted(target) {
            let qualified = format!("{prefix}.{name}");
            if FUNCTIONS.contains_key(&qualified) {
                let nodes = self.expressions(arguments);
                return self.resolve(&qualified, &nodes, false);
            }
        }
        literals::check(name, arguments)
            .into_iter()
            .for_each(|problem| self.add(problem));
        if let (
            "format",
            [
                IdedExpr {
                    expr: Expr::List(list),
                    ..
                },
            ],
        ) = (name, arguments)
        {
            return self.format(target, list);
        }
        let outside = self.in_format;
        self.in_format |= name == "format";
        let mut nodes = vec![self.expression(target)];
        nodes.extend(self.expressions(arguments));
        self.in_format = outside;
        self.resolve(name, &nodes, true)
    }

    /// `format` with a list that is written out, which may have anything in it.
    fn format(&mut self, target: &IdedExpr, list: &ListExpr) -> Node {
        let outside = std::mem::replace(&mut self.in_format, true);
        let template = self.expression(target);
        let (arguments, types) = self.list_literal(list);
        self.in_format = outside;
        if let Expr::Literal(LiteralValue::String(text)) = &target.expr {
            let types: Vec<_> = types.iter().map(|ty| self.unifier.resolve(ty)).collect();
            let problem = literals::check_format(text.inner(), &types);
            problem.into_iter().for_each(|problem| self.add(problem));
        }
        self.resolve("format", &[template, arguments], true)
    }

    /// A call of a function, by every overload that takes such arguments.
    pub(super) fn resolve(&mut self, name: &str, nodes: &[Node], member: bool) -> Node {
        let given: Vec<_> = nodes
            .iter()
            .map(|node| self.unifier.resolve(&node.ty))
            .collect();
        let Some(overloads) = FUNCTIONS.get(name) else {
            self.unknown_function(name, member);
            return self.node(Type::Error, total(nodes));
        };
        let mut result: Option<Type> = None;
        let mut matching = Vec::new();
        for overload in overloads
            .iter()
            .filter(|overload| overload.member == member)
        {
            let first = self.unifier.fresh(overload.parameters);
            let expected: Vec<_> = overload
                .arguments
                .iter()
                .map(|of| shift(of, first))
                .collect();
            if !self.unifier.assignable_all(&given, &expected) {
                continue;
            }
            let ty = self.unifier.resolve(&shift(&overload.result, first));
            result = Some(match result {
                None => ty,
                Some(Type::Dyn) => Type::Dyn,
                Some(known) if known == ty => known,
                Some(_) => Type::Dyn,
            });
            matching.push(overload);
        }
        let Some(ty) = result else {
            self.no_overload(name, &given, overloads, member);
            return self.node(Type::Error, total(nodes));
        };
        let base = match (name, nodes) {
            ("_?_:_", [condition, yes, no]) => condition.cost.saturating_add(yes.cost.max(no.cost)),
            _ => total(nodes),
        };
        self.costs(name, nodes, &matching, base, ty)
    }

    fn costs(
        &mut self,
        name: &str,
        nodes: &[Node],
        overloads: &[&Overload],
        base: u64,
        ty: Type,
    ) -> Node {
        let (mut cost, mut size, mut entry) = (0, None::<Size>, None);
        let mut origin = Origin::Computed;
        for overload in overloads {
            let items = self.items(nodes.first());
            if let Some((_, decl, _)) = &items
                && [
                    "join",
                    "max",
                    "min",
                    "sum",
                    "isSorted",
                    "indexOf",
                    "lastIndexOf",
                ]
                .contains(&name)
            {
                let decl = decl.clone();
                decl.iter().for_each(|decl| self.measure(decl));
            }
            self.has_unmeasured |= matches!(items, Some((_, None, _))) && name == "join";
            let measure = |index: usize| match nodes.get(index) {
                Some(node) => self.size(node),
                None => Size::UNKNOWN,
            };
            let items = || items.map(|(ty, _, size)| (ty, size));
            let call: Call = cost::call(name, overload, nodes, measure, items);
            cost = cost.max(call.cost);
            size = match (size, call.size) {
                (Some(left), Some(right)) => Some(left.union(right)),
                (left, right) => left.or(right),
            };
            entry = entry.or(call.entry);
            if let ("_[_]", Some(Type::List(_) | Type::Map(..)), Some(operand)) =
                (name, overload.arguments.first(), nodes.first())
            {
                let is_list = matches!(overload.arguments[0], Type::List(_));
                let step = if is_list { "@items" } else { "@values" };
                origin = self.step(&operand.origin, step);
                size = call.size;
            }
        }
        let node = self.from(origin, ty, base.saturating_add(cost));
        Node {
            size: size.or(node.size),
            entry,
            ..node
        }
    }

    /// The type of what a list holds, where it comes from, and its size.
    fn items(&self, list: Option<&Node>) -> Option<(Type, Option<Arc<Decl>>, Size)> {
        let Type::List(of) = self.unifier.resolve(&list?.ty) else {
            return None;
        };
        let of = of.as_ref().clone();
        Some(match &list?.origin {
            Origin::Schema(decl) => match &decl.kind {
                Kind::List(items) => (of, Some(items.clone()), Size::up_to(items.max)),
                _ => (of, None, Size::UNKNOWN),
            },
            _ => (of, None, Size::UNKNOWN),
        })
    }

    fn unknown_function(&mut self, name: &str, member: bool) {
        let overloads = FUNCTIONS
            .iter()
            .filter(|(_, overloads)| overloads.iter().any(|overload| overload.member == member));
        let functions = overloads.map(|(name, _)| name.as_str());
        let functions = functions.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        let macros = MACROS.iter().map(|(name, _)| *name).filter(|_| member);
        let known = functions.chain(macros).chain((!member).then_some("has"));
        let counts = MACROS
            .iter()
            .find(|(other, _)| *other == name)
            .filter(|_| member);
        let help = match (counts, did_you_mean(name, known)) {
            (Some((_, counts)), _) => {
                let counts: Vec<_> = counts.iter().map(ToString::to_string).collect();
                format!("it takes {} arguments", counts.join(" or "))
            }
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) => {
                "rules know the functions of CEL and of Kubernetes' libraries".to_owned()
            }
        };
        self.refuse(format!("unknown function `{name}`"), Some(help));
    }

    fn no_overload(&mut self, name: &str, given: &[Type], overloads: &[Overload], member: bool) {
        let types: Vec<_> = given.iter().map(|ty| format!("`{ty}`")).collect();
        let operator = name.replace(['_', '@'], "");
        let message = match (name, types.as_slice()) {
            ("_==_" | "_!=_", [left, right]) => {
                format!("{left} is compared with {right}: they are never equal")
            }
            ("_[_]" | "_[?_]", [value, index]) => format!("{value} has no `[]` for {index}"),
            ("_?_:_", [condition, yes, no]) => {
                format!("`? :` does not take {condition}, {yes} and {no}")
            }
            (_, [left, right]) if name.starts_with('_') || name == "@in" => {
                format!("`{operator}` does not take {left} and {right}")
            }
            (_, [value]) if name.ends_with('_') => format!("`{operator}` does not take {value}"),
            (_, [receiver, arguments @ ..]) if member => match arguments {
                [] => format!("{receiver} has no `{name}()`"),
                _ => format!("{receiver} has no `{name}` for {}", arguments.join(", ")),
            },
            (_, []) => format!("`{name}` does not take no arguments"),
            (_, types) => format!("`{name}` does not take {}", types.join(", ")),
        };
        let is_operator = !name.starts_with(|c: char| c.is_ascii_lowercase());
        let ways: Vec<_> = overloads
            .iter()
            .map(|overload| format!("`{}`", overload.text))
            .collect();
        let help = match ways.len() {
            1..=4 if !is_operator => Some(format!("it is {}", ways.join(", "))),
            _ if name == "_!=_" || name == "_==_" => given
                .contains(&Type::Null)
                .then(|| "ask with `has(..)` whether a field is there".to_owned()),
            _ => None,
        };
        self.refuse(message, help);
    }
}

/// The type of an overload, with parameters of its own.
fn shift(of: &Type, first: usize) -> Type {
    match of {
        Type::Param(number) => Type::Param(first + number),
        Type::List(of) => Type::list(shift(of, first)),
        Type::Optional(of) => Type::optional(shift(of, first)),
        Type::Map(key, value) => Type::map(shift(key, first), shift(value, first)),
        other => other.clone(),
    }
}
