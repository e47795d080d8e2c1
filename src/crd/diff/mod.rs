//! What differs between two sets of CRDs, and whom a difference may hurt.
//!
//! [`diff`] compares what CRDs mean, not their text: order, defaults that are written out and zero values that
//! Kubernetes leaves out are no difference. Labels, annotations and the status of a CRD do not count, but for the
//! versions that the status says are stored.
//!
//! Each difference has an id, and the id tells the direction: comparing the other way round turns `-added` into
//! `-removed`, `-tightened` into `-loosened`, `-narrowed` into `-widened`, and `versions-differ` into
//! `versions-agree`.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};
use serde_json::Value;

use super::{Allowance, Place};
use crate::resource::Version;

mod between;
mod definition;
mod formats;
mod schema;
mod values;

pub(super) use between::checked_otherwise;
pub use definition::diff;

/// Whom a difference may hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A stored object or a client that worked may stop working.
    Breaking,
    /// Nothing stops working, but somebody should know: a validation that is gone, a text that says something else.
    Look,
    /// More is allowed than before.
    Safe,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What kind of difference it is, e.g. `field-removed`; these names stay.
    pub id: String,
    /// Whom it may hurt.
    pub class: Class,
    /// The `metadata.name` of the CRD.
    pub crd: String,
    /// Where it is; without a version where it is about the CRD as a whole.
    pub place: Place,
    /// What differs, without the place and the values.
    pub message: String,
    /// What there was, if it is a value.
    pub before: Option<Value>,
    /// What there is now, if it is a value.
    pub after: Option<Value>,
    /// Why somebody accepts it.
    pub allowed: Option<String>,
}

impl Difference {
    /// True if a client or an object may stop working and nobody has accepted that.
    pub fn breaks(&self) -> bool {
        self.class == Class::Breaking && self.allowed.is_none()
    }
}

/// The place is spread over `kind`, `version` and `path`, as a reader of JSON wants it.
impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Difference", 10)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("class", &self.class)?;
        fields.serialize_field("crd", &self.crd)?;
        fields.serialize_field("kind", &self.place.kind)?;
        fields.serialize_field("version", &self.place.version)?;
        fields.serialize_field("path", &self.place.path())?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("before", &self.before)?;
        fields.serialize_field("after", &self.after)?;
        fields.serialize_field("allowed", &self.allowed)?;
        fields.end()
    }
}

/// How the ids of differences end.
const ENDS: &[&str] = &[
    "-added",
    "-agree",
    "-changed",
    "-differ",
    "-loosened",
    "-narrowed",
    "-removed",
    "-tightened",
    "-widened",
];

/// True for what may be the id of a difference.
pub fn is_id(id: &str) -> bool {
    ENDS.iter().any(|end| id.ends_with(end))
}

/// Marks the differences that are accepted, and returns the allowances that none of them needs.
pub fn allow<'a>(
    differences: &mut [Difference],
    allowances: &'a [Allowance],
) -> Vec<&'a Allowance> {
    let mut unused = Vec::new();
    for allowance in allowances {
        let mut used = false;
        for difference in differences.iter_mut() {
            let path = difference.place.path();
            let here = allowance.path.as_ref().is_none_or(|asked| *asked == path);
            if allowance.id == difference.id && here {
                used = true;
                difference
                    .allowed
                    .get_or_insert_with(|| allowance.reason.clone());
            }
        }
        if !used {
            unused.push(allowance);
        }
    }
    unused
}

/// By CRD and version, what breaks first.
fn sort(differences: &mut [Difference]) {
    differences.sort_by(|left, right| {
        let version = Version::order(&left.place.version, &right.place.version);
        let key = |it: &Difference| (it.class, it.place.path(), it.id.clone(), it.message.clone());
        (left.crd.cmp(&right.crd))
            .then(version)
            .then_with(|| key(left).cmp(&key(right)))
    });
}

/// Where the differences of one CRD are collected.
struct Report<'a> {
    crd: &'a str,
    differences: Vec<Difference>,
}

impl<'a> Report<'a> {
    fn new(crd: &'a str) -> Self {
        let differences = Vec::new();
        Self { crd, differences }
    }

    /// Adds a difference: its id and class, what it is, and the values on both sides.
    fn add(
        &mut self,
        place: &Place,
        (id, class): (impl Into<String>, Class),
        message: impl Into<String>,
        (before, after): (Option<Value>, Option<Value>),
    ) {
        self.differences.push(Difference {
            id: id.into(),
            class,
            crd: self.crd.to_owned(),
            place: place.clone(),
            message: message.into(),
            before,
            after,
            allowed: None,
        });
    }
}

#[cfg(test)]
mod crdify;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
