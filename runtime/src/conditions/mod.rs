//! `status.conditions` as the Kubernetes API conventions want them.
//!
//! ```
//! use opgen_runtime::conditions;
//!
//! let mut list = Vec::new();
//! let ready = conditions::new("Available", true, "MinimumReplicasAvailable", "2/2 replicas", Some(1));
//! assert!(conditions::set(&mut list, ready.clone()), "the status changed: it was not there");
//! assert!(!conditions::set(&mut list, ready), "nothing changed");
//! assert_eq!(conditions::find(&list, "Available").unwrap().status, "True");
//! ```

mod deployment;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

pub use self::deployment::of_deployment;

/// A condition that is true or false as of now.
///
/// - `type_`: what it is about, for example `Available`.
/// - `reason`: one word in `CamelCase` for programs. Kubernetes refuses an empty one.
/// - `message`: a sentence for people.
/// - `generation`: the `metadata.generation` that was looked at.
///
/// For `Unknown`, set the `status` of the result.
pub fn new(
    type_: impl Into<String>,
    status: bool,
    reason: impl Into<String>,
    message: impl Into<String>,
    generation: Option<i64>,
) -> Condition {
    Condition {
        type_: type_.into(),
        status: if status { "True" } else { "False" }.into(),
        reason: reason.into(),
        message: message.into(),
        observed_generation: generation,
        last_transition_time: Time(now()),
    }
}

/// Puts a condition in the list, in place of the one with the same type.
///
/// Returns whether its `status` changed (or the condition is new). Only then does
/// `lastTransitionTime` move: a condition that says the same thing again is equal to the old one,
/// so that [`Cache::apply_status`](crate::Cache::apply_status) has nothing to write.
pub fn set(conditions: &mut Vec<Condition>, mut condition: Condition) -> bool {
    let Some(current) = conditions
        .iter_mut()
        .find(|known| known.type_ == condition.type_)
    else {
        conditions.push(condition);
        return true;
    };
    let transition = current.status != condition.status;
    if !transition {
        condition.last_transition_time = current.last_transition_time.clone();
    }
    *current = condition;
    transition
}

/// The condition of the given type.
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Now, in whole seconds: Kubernetes stores a `Time` without fractions, and one that comes back
/// changed would look like a change.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64, status: bool, message: &str) -> Condition {
        Condition {
            last_transition_time: Time(Timestamp::from_second(second).unwrap()),
            ..new("Available", status, "Because", message, Some(second))
        }
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let mut list = vec![at(1, false, "starting")];
        assert!(!set(&mut list, at(2, false, "still starting")));
        let stayed = find(&list, "Available").unwrap();
        assert_eq!(
            stayed.last_transition_time,
            at(1, false, "").last_transition_time
        );
        assert_eq!(stayed.message, "still starting");
        assert_eq!(stayed.observed_generation, Some(2));

        assert!(set(&mut list, at(3, true, "up")));
        let moved = find(&list, "Available").unwrap();
        assert_eq!(
            moved.last_transition_time,
            at(3, true, "").last_transition_time
        );
    }

    #[test]
    fn other_conditions_keep_their_place() {
        let mut list = vec![new("A", true, "R", "", None), new("B", true, "R", "", None)];
        set(&mut list, new("A", false, "R", "", None));
        let types: Vec<_> = list
            .iter()
            .map(|condition| condition.type_.as_str())
            .collect();
        assert_eq!(types, ["A", "B"]);
    }
}
