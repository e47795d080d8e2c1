//! What a call costs at most, and how big its result is.
//!
//! The figures are those of `checker/cost.go` of cel-go and `pkg/cel/library/cost.go` of `k8s.io/apiserver`: one unit is
//! about 50 ns. The API server refuses by this estimate, so its oddities are kept.

use std::sync::Arc;

use super::{functions::Overload, schema::Decl, types::Type};

/// What a rule may cost, times the number of times that it runs for one object.
pub(super) const RULE_LIMIT: u64 = 10_000_000;
/// What all rules of one version may cost together.
pub(super) const SCHEMA_LIMIT: u64 = 100_000_000;

pub(super) const LIST: u64 = 10;
pub(super) const MAP: u64 = 30;
const TRAVERSAL: f64 = 0.1;
const REGEX: f64 = 0.25;
/// The longest regular expression and the longest text of a named format.
const FORMAT_REGEX: f64 = 128.0;
const FORMAT: u64 = 64;

/// How many characters, bytes, items or entries a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Size {
    pub(super) const UNKNOWN: Self = Self {
        min: 0,
        max: u64::MAX,
    };

    pub(super) fn exactly(size: u64) -> Self {
        Self {
            min: size,
            max: size,
        }
    }

    pub(super) fn up_to(max: u64) -> Self {
        Self { min: 0, max }
    }

    pub(super) fn union(self, other: Self) -> Self {
        let (min, max) = (self.min.min(other.min), self.max.max(other.max));
        Self { min, max }
    }

    fn plus(self, other: Self) -> Self {
        let min = self.min.saturating_add(other.min);
        let max = self.max.saturating_add(other.max);
        Self { min, max }
    }

    fn times(self, other: Self) -> Self {
        let min = self.min.saturating_mul(other.min);
        let max = self.max.saturating_mul(other.max);
        Self { min, max }
    }
}

/// The sizes of what a list or a map holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) key: Size,
    pub(super) value: Size,
}

impl Entry {
    pub(super) fn union(left: Option<Self>, right: Option<Self>) -> Option<Self> {
        let (left, right) = (left?, right?);
        let (key, value) = (left.key.union(right.key), left.value.union(right.value));
        Some(Self { key, value })
    }
}

/// Where in the schema a value comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// It is computed.
    Computed,
    /// From here.
    Schema(Arc<Decl>),
    /// From a place that the schema does not describe.
    Unknown,
}

/// What is known of an expression.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) ty: Type,
    /// What it costs at most.
    pub(super) cost: u64,
    pub(super) size: Option<Size>,
    pub(super) entry: Option<Entry>,
    pub(super) origin: Origin,
    /// The value of a whole number in the rule.
    pub(super) int: Option<i64>,
}

/// What a call costs without its arguments, and how big its result is where that is known.
pub(super) struct Call {
    pub(super) cost: u64,
    pub(super) size: Option<Size>,
    pub(super) entry: Option<Entry>,
}

impl Call {
    fn costs(cost: u64) -> Self {
        let (size, entry) = (None, None);
        Self { cost, size, entry }
    }

    fn giving(cost: u64, size: Size) -> Self {
        let size = Some(size);
        Self {
            size,
            ..Self::costs(cost)
        }
    }

    /// A call that makes a list.
    fn list(factor: f64, size: Size) -> Self {
        let cost = scaled(size.max, factor).saturating_add(1 + LIST);
        Self::giving(cost, size)
    }
}

/// A size times a factor, rounded up.
fn scaled(size: u64, factor: f64) -> u64 {
    // Casts from floating-point numbers saturate.
    (size as f64 * factor).ceil() as u64
}

fn traversal(size: Size) -> u64 {
    scaled(size.max, TRAVERSAL)
}

/// A regular expression on a text.
fn matching(text: Size, regex: Size) -> u64 {
    traversal(text.plus(Size::exactly(1))).saturating_mul(scaled(regex.max, REGEX))
}

/// The cost of a call by one overload. `sizes` gives the size of an argument, the receiver first, and `items` the size
/// of what the list before the dot holds.
pub(super) fn call(
    name: &str,
    overload: &Overload,
    nodes: &[Node],
    mut size: impl FnMut(usize) -> Size,
    items: impl FnOnce() -> Option<(Type, Size)>,
) -> Call {
    let first = overload.arguments.first();
    let is_text = matches!(first, Some(Type::String | Type::Bytes));
    match (name, nodes.len()) {
        ("_&&_" | "_||_", _) => Call::costs(0),
        ("_?_:_", 3) => Call {
            entry: Entry::union(nodes[1].entry, nodes[2].entry),
            ..Call::giving(0, size(1).union(size(2)))
        },
        ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", 1..) => {
            let length = size(0);
            Call::costs(match items() {
                Some((Type::String | Type::Bytes, item)) => {
                    length.max.saturating_mul(traversal(item).saturating_add(1))
                }
                Some(_) => length.max,
                None => traversal(length),
            })
        }
        ("url" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "strings.quote", 1..) => {
            let text = size(0);
            let result = match name {
                "strings.quote" => text.times(Size { min: 1, max: 2 }).plus(Size::exactly(2)),
                _ => text,
            };
            Call::giving(traversal(text), result)
        }
        ("replace", 3..) => {
            let text = size(0);
            Call::giving(
                scaled(text.max, 2.0 * TRAVERSAL),
                replaced(text, size(1), size(2)),
            )
        }
        ("split", 2..) => {
            let text = size(0);
            let limit = nodes.get(2).and_then(|limit| limit.int);
            let most = limit.map_or(text.max, i64::cast_unsigned);
            Call::giving(scaled(text.max, 2.0 * TRAVERSAL), Size::up_to(most))
        }
        ("join", 1..) => {
            let length = size(0);
            let separators = Size {
                min: length.min.saturating_sub(1),
                max: length.max.saturating_sub(1),
            };
            let texts = items().map_or(Size::exactly(0), |(_, item)| length.times(item));
            let result = match nodes.len() {
                1 => texts,
                _ => texts.plus(size(1).times(separators)),
            };
            Call::giving(traversal(result), result)
        }
        ("find" | "findAll", 2..) => {
            let text = size(0);
            Call::giving(matching(text, size(1)), Size::up_to(text.max))
        }
        ("matches", 2) => Call::costs(matching(size(0), size(1))),
        ("contains", 2) => Call::costs(traversal(size(0)).saturating_mul(traversal(size(1)))),
        ("startsWith" | "endsWith", 2) => Call::costs(traversal(size(1))),
        ("cidr" | "isIP" | "isCIDR" | "quantity" | "isQuantity" | "semver" | "isSemver", 1..) => {
            Call::costs(traversal(size(0)))
        }
        ("ip", 1) if !overload.member => Call::costs(traversal(size(0))),
        ("ip.isCanonical", 1) => Call::costs(scaled(size(0).max, 2.0 * TRAVERSAL)),
        ("containsIP" | "containsCIDR", 2) => {
            let parsed = match overload.arguments[1] {
                Type::String => traversal(size(1)),
                _ => 0,
            };
            let fixed = if name == "containsIP" { 4 } else { 4 + 2 + 1 };
            Call::costs(parsed.saturating_add(fixed))
        }
        ("validate", 2) => Call::costs(scaled(traversal(size(1)), FORMAT_REGEX * REGEX)),
        ("format", 2) => Call::costs(traversal(size(0))),
        ("bytes", 1) if first == Some(&Type::String) => {
            let text = size(0);
            Call::giving(traversal(text), text.times(Size { min: 1, max: 4 }))
        }
        ("string", 1) if first == Some(&Type::Bytes) => {
            let (text, cost) = (size(0), traversal(size(0)));
            let min = text.min / 4;
            Call::giving(cost, Size { min, ..text })
        }
        ("@in", 2) if matches!(overload.arguments[1], Type::List(_)) => Call::costs(size(1).max),
        ("_+_", 2) if is_text || matches!(first, Some(Type::List(_))) => {
            let result = size(0).plus(size(1));
            let cost = if is_text { traversal(result) } else { 1 };
            Call {
                entry: Entry::union(nodes[0].entry, nodes[1].entry),
                ..Call::giving(cost, result)
            }
        }
        ("_[_]", 2) => Call {
            size: nodes[0].entry.map(|entry| entry.value),
            ..Call::costs(1)
        },
        ("_==_", 2) if nodes[0].ty == nodes[1].ty && matches!(nodes[0].ty, Type::Named(_)) => {
            Call::costs(match nodes[0].ty {
                Type::Named("kubernetes.NamedFormat") => traversal(Size::exactly(FORMAT)),
                Type::Named("kubernetes.URL") => {
                    traversal(nodes[1].size.unwrap_or(Size::exactly(1)))
                }
                _ => 1,
            })
        }
        ("_==_" | "_!=_", 2) => Call::costs(comparing(size(0), size(1))),
        ("_<_" | "_<=_" | "_>_" | "_>=_", 2) if is_text => Call::costs(comparing(size(0), size(1))),
        ("sets.contains" | "sets.intersects" | "sets.equivalent", 2) => {
            let factor = if name == "sets.equivalent" { 2 } else { 1 };
            let pairs = size(0).times(size(1)).times(Size::exactly(factor));
            Call::costs(pairs.max.saturating_add(1))
        }
        ("slice", 3) => {
            let number = |node: &Node| node.int.map(|int| int.max(0).cast_unsigned());
            let (start, end) = (number(&nodes[1]).unwrap_or(0), number(&nodes[2]));
            let end = end.unwrap_or_else(|| size(0).max);
            Call::list(1.0, Size::exactly(end.wrapping_sub(start)))
        }
        ("lists.range", 1) => Call::list(
            1.0,
            Size::exactly(
                nodes[0]
                    .int
                    .map_or(u64::MAX, |int| int.max(0).cast_unsigned()),
            ),
        ),
        ("reverse", 1) => Call::list(1.0, size(0)),
        ("flatten", 1..) => {
            let depth = nodes
                .get(1)
                .map(|depth| depth.int.map_or(u64::MAX, |int| int.max(0).cast_unsigned()));
            Call::list(depth.unwrap_or(1) as f64, size(0))
        }
        ("distinct", 1) => Call::list(2.0, size(0).times(size(0))),
        ("sort" | "@sortByAssociatedKeys", 1..) => {
            let last = overload.arguments.last();
            let is_text =
                matches!(last, Some(Type::List(of)) if matches!(**of, Type::String | Type::Bytes));
            let length = size(nodes.len() - 1);
            let factor = if is_text { 2.0 + TRAVERSAL } else { 2.0 };
            Call::list(factor, length.times(length))
        }
        _ => Call::costs(1),
    }
}

/// Two values are compared up to the end of the shorter one.
fn comparing(left: Size, right: Size) -> u64 {
    scaled(left.max.min(right.max), TRAVERSAL)
}

/// The size of a text after `replace`.
fn replaced(text: Size, old: Size, new: Size) -> Size {
    let (count, kept) = if old.min == 0 {
        (text.max.saturating_add(1), text.max)
    } else if new.max <= old.min {
        (0, text.max)
    } else {
        (text.max.div_ceil(old.min), 0)
    };
    let max = count.saturating_mul(new.max).saturating_add(kept);
    let (count, kept) = if old.max == 0 {
        (text.min.saturating_add(1), text.min)
    } else if old.max <= new.min {
        (0, text.min)
    } else {
        (text.min.div_ceil(old.max), 0)
    };
    let min = count.saturating_mul(new.min).saturating_add(kept);
    Size { min, max }
}
