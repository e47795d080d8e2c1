//! Calls that CEL expands: `has`, `all`, `map` and their like. What one costs is what its expansion in cel-go costs.

use cel::{
    IdedExpr,
    common::ast::{Expr, LiteralValue},
};

use super::{Local, Walk, text::text};
use crate::crd::cel::{
    cost::{Entry, LIST, MAP, Node, Origin, Size},
    types::Type,
};

impl Walk {
    pub(super) fn has(&mut self, argument: &IdedExpr) -> Node {
        let Expr::Select(select) = &argument.expr else {
            let help = "write `has(self.field)`".to_owned();
            self.refuse(
                "`has` does not take what is no field".to_owned(),
                Some(help),
            );
            return self.node(Type::Bool, 0);
        };
        let operand = self.expression(&select.operand);
        self.field(&operand, &select.field, &|| text(argument));
        self.node(Type::Bool, operand.cost)
    }

    pub(super) fn optional_field(&mut self, operand: &IdedExpr, field: &IdedExpr) -> Node {
        let node = self.expression(operand);
        let Expr::Literal(LiteralValue::String(name)) = &field.expr else {
            return self.node(Type::Error, node.cost);
        };
        let place = || format!("{}.?{}", text(operand), name.inner());
        let (ty, _) = self.field(&node, name.inner(), &place);
        let ty = match ty {
            Type::Optional(_) => ty,
            ty => Type::optional(ty),
        };
        self.node(ty, node.cost.saturating_add(1))
    }

    pub(super) fn macro_call(
        &mut self,
        name: &str,
        target: &IdedExpr,
        arguments: &[IdedExpr],
    ) -> Node {
        let range = self.expression(target);
        match name {
            "optMap" | "optFlatMap" => self.optional_map(name, target, range, arguments),
            "sortBy" => self.sort_by(range, arguments),
            _ => self.comprehension(name, target, range, arguments),
        }
    }

    /// The name of a macro's variable.
    fn variable(&mut self, name: &str, argument: &IdedExpr) -> String {
        if let Expr::Ident(variable) = &argument.expr {
            return variable.clone();
        }
        let message = format!("`{name}` wants a simple name before `,`");
        self.refuse(message, Some(format!("write `{name}(item, ..)`")));
        String::new()
    }

    /// Types and origins of the variables that a macro gives to its expressions, one or two.
    fn iteration(
        &mut self,
        range: &Node,
        target: &str,
        two: bool,
    ) -> Vec<(Type, Origin, Option<Size>)> {
        let ty = self.unifier.resolve(&range.ty);
        let entry = range.entry;
        let at = |walk: &Self, step: &str| walk.step(&range.origin, step);
        let (key, value) = (entry.map(|entry| entry.key), entry.map(|entry| entry.value));
        match &ty {
            Type::List(of) => {
                let items = (of.as_ref().clone(), at(self, "@items"), value);
                match two {
                    true => vec![(Type::Int, at(self, "@indices"), key), items],
                    false => vec![items],
                }
            }
            Type::Map(of, values) => {
                let keys = (of.as_ref().clone(), at(self, "@keys"), key);
                match two {
                    true => vec![keys, (values.as_ref().clone(), at(self, "@values"), value)],
                    false => vec![keys],
                }
            }
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.unifier.assignable(&Type::Dyn, &ty);
                let keys = (Type::Dyn, at(self, "@keys"), key);
                match two {
                    true => vec![keys, (Type::Dyn, at(self, "@values"), value)],
                    false => vec![keys],
                }
            }
            other => {
                let message =
                    format!("`{target}`: a value of type `{other}` is neither list nor map");
                let help = "macros such as `all` go through lists, and through the keys of maps";
                self.refuse(message, Some(help.to_owned()));
                vec![(Type::Error, Origin::Unknown, None); if two { 2 } else { 1 }]
            }
        }
    }

    fn comprehension(
        &mut self,
        name: &str,
        target: &IdedExpr,
        range: Node,
        arguments: &[IdedExpr],
    ) -> Node {
        let two = match name {
            "map" | "filter" => false,
            name if name.starts_with("transform") => true,
            _ => arguments.len() == 3,
        };
        let count = if two { 2 } else { 1 };
        let variables = self.iteration(&range, &text(target), two);
        let first_type = variables[0].0.clone();
        let (names, bodies) = arguments.split_at(count);
        for (argument, (ty, origin, size)) in names.iter().zip(variables) {
            let name = self.variable(name, argument);
            self.locals.push(Local {
                name,
                ty,
                origin,
                size,
                entry: None,
            });
        }
        if let [.., left, right] = self.locals.as_slice()
            && two
            && left.name == right.name
        {
            let message = format!("`{name}` has two variables named `{}`", left.name);
            self.refuse(message, None);
        }
        let item = self.identifier_size();
        let bodies = self.expressions(bodies);
        self.locals.truncate(self.locals.len() - count);
        let (body, filter) = match bodies.as_slice() {
            [filter, body] => (body, Some(filter)),
            [body, ..] => (body, None),
            [] => return self.node(Type::Error, range.cost),
        };
        let predicate = match name {
            "all" | "exists" | "exists_one" | "existsOne" | "filter" => Some(body),
            _ => filter,
        };
        if let Some(predicate) = predicate
            && !self.unifier.assignable(&predicate.ty, &Type::Bool)
        {
            let ty = self.unifier.resolve(&predicate.ty);
            self.refuse(format!("`{name}` wants a `bool`, and this is `{ty}`"), None);
        }
        let filter_cost = filter.map_or(0, |filter| filter.cost);
        let body_ty = self.unifier.resolve(&body.ty);
        // What the loop starts with, what each round costs beside the body, and what the end costs.
        let (ty, start, round, end) = match name {
            "all" => (Type::Bool, 0, 3, 1),
            "exists" => (Type::Bool, 0, 4, 1),
            "exists_one" | "existsOne" => (Type::Bool, 0, 2, 2),
            "filter" => (Type::list(first_type), LIST, 13, 1),
            "transformMap" => (Type::map(first_type, body_ty), MAP, 3, 1),
            "transformMapEntry" => (self.map_of(body_ty), MAP, 2, 1),
            _ => (Type::list(body_ty), LIST, 12, 1),
        };
        let length = self.size(&range);
        let each = body.cost.saturating_add(round).saturating_add(filter_cost);
        let cost = range.cost.saturating_add(start + end);
        let cost = cost.saturating_add(length.max.saturating_mul(each));
        let held = match name {
            "filter" => item,
            _ => self.size(body),
        };
        let mut node = self.node(ty, cost);
        match name {
            "all" | "exists" | "exists_one" | "existsOne" => node.size = Some(Size::exactly(1)),
            _ => node.size = Some(length),
        }
        if matches!(name, "map" | "filter" | "transformList") {
            let (key, value) = (Size::exactly(1), Size::up_to(held.max));
            node.entry = Some(Entry { key, value });
        }
        node
    }

    /// The size of the last variable, for what `filter` keeps.
    fn identifier_size(&mut self) -> Size {
        let name = self.locals.last().map(|local| local.name.clone());
        let node = name
            .filter(|name| !name.is_empty())
            .map(|name| self.identifier(&name));
        node.map_or(Size::UNKNOWN, |node| node.size.unwrap_or(Size::UNKNOWN))
    }

    /// The type of a map that `transformMapEntry` makes.
    fn map_of(&mut self, body: Type) -> Type {
        let first = self.unifier.fresh(2);
        let map = Type::map(Type::Param(first), Type::Param(first + 1));
        if !self.unifier.assignable(&body, &map) {
            let message = format!("`transformMapEntry` wants a map, and this is `{body}`");
            self.refuse(message, Some("write `{key: value}`".to_owned()));
        }
        self.unifier.resolve(&map)
    }

    fn optional_map(
        &mut self,
        name: &str,
        target: &IdedExpr,
        range: Node,
        arguments: &[IdedExpr],
    ) -> Node {
        let ty = match self.unifier.resolve(&range.ty) {
            Type::Optional(of) => of.as_ref().clone(),
            ty if ty.is_wild() => Type::Dyn,
            ty => {
                let message = format!("`{}`: a value of type `{ty}` is not optional", text(target));
                let help = "write `.?field` or `optional.of(..)`".to_owned();
                self.refuse(message, Some(help));
                Type::Error
            }
        };
        let variable = self.variable(name, &arguments[0]);
        let size = self.node(ty.clone(), 0).size;
        self.locals.push(Local {
            name: variable,
            ty,
            origin: Origin::Computed,
            size,
            entry: None,
        });
        let body = self.expression(&arguments[1]);
        self.locals.pop();
        let body_ty = self.unifier.resolve(&body.ty);
        let is_flat = name == "optFlatMap";
        let ty = match body_ty {
            Type::Optional(_) if is_flat => body_ty,
            ty if !is_flat => Type::optional(ty),
            ty if ty.is_wild() => Type::optional(Type::Dyn),
            ty => {
                let message = format!("`optFlatMap` wants an optional value, and this is `{ty}`");
                self.refuse(message, Some("write `optMap`".to_owned()));
                Type::Error
            }
        };
        // The target is asked whether it has a value, and again for the value.
        let bound = LIST
            .saturating_add(range.cost)
            .saturating_add(1 + body.cost);
        let yes = bound.saturating_add(u64::from(!is_flat));
        let cost = range.cost.saturating_add(1).saturating_add(yes);
        self.node(ty, cost)
    }

    fn sort_by(&mut self, range: Node, arguments: &[IdedExpr]) -> Node {
        let variables = self.iteration(&range, "sortBy", false);
        let name = self.variable("sortBy", &arguments[0]);
        for (ty, origin, size) in variables {
            self.locals.push(Local {
                name: name.clone(),
                ty,
                origin,
                size,
                entry: None,
            });
        }
        let body = self.expression(&arguments[1]);
        self.locals.pop();
        let length = self.size(&range);
        let rounds = length.max.saturating_mul(body.cost.saturating_add(12));
        let mut keys = self.node(Type::list(body.ty), rounds.saturating_add(1 + LIST + 1));
        keys.size = Some(length);
        let cost = range.cost.saturating_add(LIST);
        let list = Node { cost: 1, ..range };
        let mut node = self.resolve("@sortByAssociatedKeys", &[list, keys], true);
        node.cost = node.cost.saturating_add(cost);
        node
    }
}
