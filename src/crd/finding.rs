//! What opgen finds in a CRD.

use super::Place;
use crate::problem::Problem;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Kubernetes would refuse the CRD, or objects would lose data.
    Error,
    /// Something does not do what its author believes.
    Warning,
    /// What was done to make the CRD fit.
    Note,
    /// A convention of Kubernetes' APIs that is not followed.
    Hint,
}

/// One thing that is found in a CRD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name that `// +opgen:allow:<id> because …` takes.
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Where in the schema.
    pub place: Place,
    /// What is wrong there and what to do, without the place.
    pub problem: Problem,
}
