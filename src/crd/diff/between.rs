//! What differs between the versions of one CRD.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Class::{Look, Safe},
    Difference, Report,
    definition::{converts, is_true, kind, version_schema, versions},
    schema,
};
use crate::{crd::Place, resource::Version};

/// Fields that served versions do not share, where nothing converts between them: an object that is written in one
/// version may not be valid, or not be whole, in another. What was so before is no difference.
pub(super) fn between_versions(old: &Value, new: &Value, report: &mut Report) {
    let (before, after) = (disagreements(old), disagreements(new));
    let mut add = |id: &str, class, list: &[Disagreement], known: &[Disagreement], verb: &str| {
        for (place, other, difference) in list.iter().filter(|it| !known.contains(it)) {
            let message = format!("{verb} `{other}`: {}", difference.message);
            let sides = (difference.before.clone(), difference.after.clone());
            report.add(place, (id, class), message, sides);
        }
    };
    add(
        "versions-differ",
        Look,
        &after,
        &before,
        "differs, without conversion, from",
    );
    add(
        "versions-agree",
        Safe,
        &before,
        &after,
        "no longer differs from",
    );
}

/// The paths at which two schemas accept other values.
pub fn checked_otherwise(one: &Value, other: &Value) -> BTreeSet<String> {
    let mut report = Report::new("");
    schema::compare(one, other, &Place::default(), &mut report);
    let differences = report.differences.iter();
    let checked = differences.filter(|it| !schema::is_text(&it.id));
    checked.map(|it| it.place.path()).collect()
}

/// Where a version differs, from which older one, and how.
type Disagreement = (Place, String, Difference);

fn disagreements(crd: &Value) -> Vec<Disagreement> {
    let versions = versions(crd);
    let mut served: Vec<_> = versions
        .iter()
        .filter(|(_, it)| is_true(it, "served"))
        .collect();
    served.sort_by(|left, right| Version::order(left.0, right.0));
    let mut found = Vec::new();
    for (index, (newer, right)) in served.iter().enumerate() {
        for (older, left) in served[..index].iter().filter(|_| !converts(crd)) {
            let mut report = Report::new("");
            let place = Place::root("", newer.as_str());
            schema::compare(
                version_schema(left),
                version_schema(right),
                &place,
                &mut report,
            );
            let checked = report
                .differences
                .into_iter()
                .filter(|it| !schema::is_text(&it.id));
            found.extend(checked.map(|it| {
                let place = Place {
                    kind: kind(crd),
                    ..it.place.clone()
                };
                (place, (*older).clone(), it)
            }));
        }
    }
    found
}
