//! What differs between two schemas, keyword by keyword.

use std::{cmp::Ordering, collections::BTreeSet};

use heck::ToKebabCase as _;
use serde_json::{Map, Value};

use super::{
    Class::{self, Breaking, Look, Safe},
    Report,
    values::{Whole, fields, get, names},
};
use crate::crd::Place;

mod nested;
mod rules;
mod validation;

/// How two values of a keyword are compared.
pub(super) enum How {
    /// As wholes.
    Whole(Whole),
    /// As wholes, where nothing written means this.
    Default(Class, &'static str),
    /// As upper bounds, which the second keyword makes exclusive.
    AtMost(Option<&'static str>),
    /// As lower bounds, which the second keyword makes exclusive. Of a count, 0 is no bound.
    AtLeast(Option<&'static str>),
    /// As schemas that all, some or one must hold: what it means that there is one more, and one less.
    Branches { more: Class, fewer: Class },
    /// In its own way.
    By(fn(&Both, &mut Report)),
    /// Together with another keyword.
    Elsewhere,
}

/// A validation that refuses values.
const VALIDATION: How = How::Whole(Whole::VALIDATION);

/// Text for people.
const TEXT: How = How::Whole(Whole::LOOK);

/// Every keyword that a schema of a CRD may have. One that is not here is worth a look wherever it changes.
pub(super) const KEYWORDS: &[(&str, How)] = &[
    ("type", How::Elsewhere),
    ("x-kubernetes-int-or-string", How::Elsewhere),
    ("properties", How::By(nested::properties)),
    ("required", How::By(nested::required)),
    ("items", How::By(nested::list_items)),
    ("additionalProperties", How::By(nested::map_values)),
    ("default", How::Whole(Whole::of(Breaking))),
    (
        "nullable",
        How::Whole(Whole {
            added: Safe,
            changed: Breaking,
            removed: Breaking,
        }),
    ),
    ("enum", How::By(validation::enumeration)),
    ("pattern", VALIDATION),
    ("format", How::By(validation::format)),
    ("maximum", How::AtMost(Some("exclusiveMaximum"))),
    ("exclusiveMaximum", How::Elsewhere),
    ("minimum", How::AtLeast(Some("exclusiveMinimum"))),
    ("exclusiveMinimum", How::Elsewhere),
    ("multipleOf", How::By(validation::multiple_of)),
    ("maxLength", How::AtMost(None)),
    ("minLength", How::AtLeast(None)),
    ("maxItems", How::AtMost(None)),
    ("minItems", How::AtLeast(None)),
    ("maxProperties", How::AtMost(None)),
    ("minProperties", How::AtLeast(None)),
    ("uniqueItems", VALIDATION),
    (
        "allOf",
        How::Branches {
            more: Breaking,
            fewer: Look,
        },
    ),
    (
        "anyOf",
        How::Branches {
            more: Safe,
            fewer: Breaking,
        },
    ),
    // One alternative more refuses the values that now fit two of them.
    (
        "oneOf",
        How::Branches {
            more: Look,
            fewer: Breaking,
        },
    ),
    ("not", VALIDATION),
    ("x-kubernetes-validations", How::By(rules::rules)),
    ("x-kubernetes-list-type", How::Default(Breaking, "atomic")),
    (
        "x-kubernetes-list-map-keys",
        How::By(validation::list_map_keys),
    ),
    ("x-kubernetes-map-type", How::Default(Breaking, "granular")),
    (
        "x-kubernetes-preserve-unknown-fields",
        How::Whole(Whole {
            added: Look,
            changed: Breaking,
            removed: Breaking,
        }),
    ),
    ("x-kubernetes-embedded-resource", VALIDATION),
    ("description", TEXT),
    ("title", TEXT),
    ("example", TEXT),
    ("externalDocs", TEXT),
];

/// Whether an id is of a difference in what people read, which no machine checks.
pub(super) fn is_text(id: &str) -> bool {
    let stem = id.rsplit_once('-').map_or(id, |(stem, _)| stem);
    let texts = KEYWORDS.iter().filter(|(_, how)| {
        matches!(how, How::Whole(whole) if [whole.added, whole.changed, whole.removed] == [Look; 3])
    });
    let mut stems = texts.map(|(keyword, _)| self::stem(keyword));
    stems.any(|text| text == stem) || id == "rule-message-changed"
}

/// Two schemas of one place.
pub(super) struct Both<'a> {
    old: &'a Map<String, Value>,
    new: &'a Map<String, Value>,
    place: &'a Place,
}

impl<'a> Both<'a> {
    fn get(&self, keyword: &str) -> (Option<&'a Value>, Option<&'a Value>) {
        (get(self.old, keyword), get(self.new, keyword))
    }
}

/// Compares the schemas of one place, and those of all places below it that both have.
pub(super) fn compare(old: &Value, new: &Value, place: &Place, report: &mut Report) {
    let object = |value: &Value| value.is_object() || value.is_null();
    if !(object(old) && object(new)) {
        let sides = (Some(old), Some(new));
        Whole::LOOK.compare("schema", "the schema", place, sides, report);
        return;
    }
    let (old, new) = (fields(Some(old)), fields(Some(new)));
    let both = Both { old, new, place };
    if kinds(&both, report) == Kinds::Disjoint {
        // Whatever else differs follows from that.
        return;
    }
    for (keyword, how) in KEYWORDS {
        how.compare(keyword, &both, report);
    }
    let unknown = names(old, new).into_iter();
    for name in unknown.filter(|name| KEYWORDS.iter().all(|(known, _)| known != name)) {
        let what = format!("`{name}`, which opgen does not know,");
        Whole::LOOK.compare("keyword", &what, place, both.get(name), report);
    }
}

impl How {
    fn compare(&self, keyword: &str, both: &Both, report: &mut Report) {
        let stem = stem(keyword);
        let what = format!("`{keyword}`");
        match self {
            Self::Whole(whole) => {
                whole.compare(&stem, &what, both.place, both.get(keyword), report);
            }
            Self::Default(class, implied) => {
                let implied = Value::from(*implied);
                let (old, new) = both.get(keyword);
                let sides = (Some(old.unwrap_or(&implied)), Some(new.unwrap_or(&implied)));
                Whole::of(*class).compare(&stem, &what, both.place, sides, report);
            }
            Self::AtMost(exclusive) => {
                validation::bound(keyword, *exclusive, both, Ordering::Less, report)
            }
            Self::AtLeast(exclusive) => {
                validation::bound(keyword, *exclusive, both, Ordering::Greater, report)
            }
            Self::Branches { more, fewer } => {
                validation::branches(keyword, (*more, *fewer), both, report)
            }
            Self::By(compare) => compare(both, report),
            Self::Elsewhere => {}
        }
    }
}

/// The word for a keyword in ids: `min-length` for `minLength`.
fn stem(keyword: &str) -> String {
    keyword
        .strip_prefix("x-kubernetes-")
        .unwrap_or(keyword)
        .to_kebab_case()
}

/// Whether two schemas can hold values of one type.
#[derive(PartialEq, Eq)]
enum Kinds {
    Shared,
    Disjoint,
}

/// Compares the types, of which `x-kubernetes-int-or-string` makes two. A schema without a type takes any value.
fn kinds(both: &Both, report: &mut Report) -> Kinds {
    let (old, new) = (types(both.old), types(both.new));
    let word = |types: &Option<BTreeSet<&str>>| {
        let words = types.iter().flatten().copied().collect::<Vec<_>>();
        match words.as_slice() {
            [] => "any".to_owned(),
            ["integer", "number"] => "number".to_owned(),
            words => words.join(" or "),
        }
    };
    let within = |left: &Option<BTreeSet<&str>>, right: &Option<BTreeSet<&str>>| match (left, right)
    {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(left), Some(right)) => left.is_subset(right),
    };
    let (kinds, change) = match (within(&new, &old), within(&old, &new)) {
        (true, true) => return Kinds::Shared,
        (true, false) => (
            Kinds::Shared,
            ("type-narrowed", Breaking, "the type is narrowed"),
        ),
        // A client that reads the field may meet a type that it does not expect.
        (false, true) => (
            Kinds::Shared,
            (
                "type-widened",
                Look,
                "the type is widened: clients may read what they do not expect",
            ),
        ),
        (false, false) => (
            Kinds::Disjoint,
            ("type-changed", Breaking, "the type is changed"),
        ),
    };
    let (id, class, message) = change;
    let sides = (Some(word(&old).into()), Some(word(&new).into()));
    report.add(both.place, (id, class), message, sides);
    kinds
}

/// The types of the values that a schema takes; `None` for all of them.
fn types(schema: &Map<String, Value>) -> Option<BTreeSet<&str>> {
    if get(schema, "x-kubernetes-int-or-string").is_some() {
        return Some(["integer", "string"].into());
    }
    match get(schema, "type")?.as_str()? {
        "number" => Some(["integer", "number"].into()),
        other => Some([other].into()),
    }
}
