//! The types of CEL's values, and whether one can stand where another is expected.
//!
//! The rules are those of the type checker that Kubernetes uses: `dyn` goes with everything, `null` goes with objects
//! and with what a library defines, and a type parameter takes the most general of what it met.

use std::{fmt, sync::Arc};

use super::schema::Decl;

/// The type of an expression.
#[derive(Clone, Debug)]
pub(super) enum Type {
    /// Known when the rule runs, and not before.
    Dyn,
    /// Of an expression that was refused: goes with everything, so that one mistake is told once.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    /// The type of types.
    Meta,
    List(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    Optional(Arc<Type>),
    /// What a library defines, e.g. `net.IP`.
    Named(&'static str),
    /// An object of the schema: it is the same type only at the same place.
    Object(Arc<Decl>),
    /// To be found out, by its number.
    Param(usize),
}

impl Type {
    pub(super) fn list(of: Self) -> Self {
        Self::List(Arc::new(of))
    }

    pub(super) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    pub(super) fn optional(of: Self) -> Self {
        Self::Optional(Arc::new(of))
    }

    /// What a value of this type holds if it is an optional one, else the type itself.
    pub(super) fn unwrapped(&self) -> &Self {
        match self {
            Self::Optional(of) => of,
            other => other,
        }
    }

    /// Whether every value has the size 1.
    pub(super) fn is_scalar(&self) -> bool {
        match self {
            Self::Bool
            | Self::Double
            | Self::Duration
            | Self::Int
            | Self::Timestamp
            | Self::Uint => true,
            Self::Optional(of) => of.is_scalar(),
            _ => false,
        }
    }

    pub(super) fn is_wild(&self) -> bool {
        matches!(self, Self::Dyn | Self::Error)
    }

    fn is_nullable(&self) -> bool {
        use Type::{Duration, Named, Null, Object, Optional, Timestamp};
        matches!(
            self,
            Null | Duration | Timestamp | Named(_) | Object(_) | Optional(_)
        )
    }

    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::List(of) | Self::Optional(of) => vec![of],
            Self::Map(key, value) => vec![key, value],
            _ => Vec::new(),
        }
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(left), Self::Object(right)) => Arc::ptr_eq(left, right),
            (Self::Named(left), Self::Named(right)) => left == right,
            (Self::Param(left), Self::Param(right)) => left == right,
            _ => {
                std::mem::discriminant(self) == std::mem::discriminant(other)
                    && self.parts() == other.parts()
            }
        }
    }
}

/// As CEL writes it: `map(string, list(int))`.
impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Dyn | Self::Param(_) => "dyn",
            Self::Error => "error",
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Duration => "duration",
            Self::Timestamp => "timestamp",
            Self::Meta => "type",
            Self::Object(_) => "object",
            Self::Named(name) => name,
            Self::List(of) => return write!(formatter, "list({of})"),
            Self::Map(key, value) => return write!(formatter, "map({key}, {value})"),
            Self::Optional(of) => return write!(formatter, "optional({of})"),
        };
        formatter.write_str(name)
    }
}

/// What type parameters were found to be.
#[derive(Debug, Default)]
pub(super) struct Unifier {
    found: Vec<Option<Type>>,
}

impl Unifier {
    /// The first of `count` new parameters.
    pub(super) fn fresh(&mut self, count: usize) -> usize {
        let first = self.found.len();
        self.found.resize(first + count, None);
        first
    }

    /// Whether values of these types can stand where those are expected; what is learnt of parameters is kept only
    /// if all of them can.
    pub(super) fn assignable_all(&mut self, given: &[Type], expected: &[Type]) -> bool {
        let before = self.found.clone();
        let all = given.len() == expected.len()
            && given
                .iter()
                .zip(expected)
                .all(|(given, expected)| self.unify(given, expected));
        if !all {
            self.found = before;
        }
        all
    }

    /// Whether a value of one type can stand where another is expected.
    pub(super) fn assignable(&mut self, given: &Type, expected: &Type) -> bool {
        self.assignable_all(std::slice::from_ref(given), std::slice::from_ref(expected))
    }

    /// The type with every parameter put in that is known.
    pub(super) fn resolve(&self, of: &Type) -> Type {
        match of {
            Type::Param(number) => match self.known(*number) {
                Some(known) => self.resolve(known),
                None => of.clone(),
            },
            Type::List(of) => Type::list(self.resolve(of)),
            Type::Optional(of) => Type::optional(self.resolve(of)),
            Type::Map(key, value) => Type::map(self.resolve(key), self.resolve(value)),
            other => other.clone(),
        }
    }

    /// The more general of two types of which one can stand for the other.
    pub(super) fn most_general(left: &Type, right: &Type) -> Type {
        if less_specific(left, right) {
            left
        } else {
            right
        }
        .clone()
    }

    fn known(&self, number: usize) -> Option<&Type> {
        self.found.get(number).and_then(Option::as_ref)
    }

    fn unify(&mut self, given: &Type, expected: &Type) -> bool {
        if let Type::Param(number) = expected {
            match self.substitute(given, *number) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Param(number) = given {
            return self.substitute(expected, *number).0;
        }
        match (given, expected) {
            (left, right) if left.is_wild() || right.is_wild() => true,
            (Type::Null, other) | (other, Type::Null) => other.is_nullable(),
            (Type::List(left), Type::List(right))
            | (Type::Optional(left), Type::Optional(right)) => self.unify(left, right),
            (Type::Map(left, left_value), Type::Map(right, right_value)) => {
                self.unify(left, right) && self.unify(left_value, right_value)
            }
            (left, right) => left == right,
        }
    }

    /// Whether the parameter can be the type, and whether it was known before.
    fn substitute(&mut self, of: &Type, number: usize) -> (bool, bool) {
        if *of == Type::Param(number) {
            return (true, true);
        }
        if let Some(known) = self.known(number).cloned() {
            if *of == known {
                return (true, true);
            }
            if !self.unify(of, &known) {
                return (false, true);
            }
            let general = Self::most_general(of, &known);
            if !self.mentions(&general, number) {
                self.found[number] = Some(general);
            }
            return (true, true);
        }
        if self.mentions(of, number) {
            return (false, false);
        }
        self.found[number] = Some(of.clone());
        (true, false)
    }

    /// Whether the type has the parameter somewhere in it.
    fn mentions(&self, of: &Type, number: usize) -> bool {
        match of {
            Type::Param(other) if *other == number => true,
            Type::Param(other) => self
                .known(*other)
                .is_some_and(|known| self.mentions(known, number)),
            other => other.parts().iter().any(|part| self.mentions(part, number)),
        }
    }
}

/// Whether the first type is the same as the second, or the same with `dyn` or a parameter in it.
fn less_specific(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Dyn | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Param(_)) => false,
        (Type::List(left), Type::List(right)) | (Type::Optional(left), Type::Optional(right)) => {
            less_specific(left, right)
        }
        (Type::Map(left, left_value), Type::Map(right, right_value)) => {
            less_specific(left, right) && less_specific(left_value, right_value)
        }
        (left, right) => left == right,
    }
}
