//! What a Deployment says about itself, as conditions of the object that it was made for.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::new;

/// `Available` and `Progressing`, as the Deployment reports them, both for the given generation of
/// the object that it was made for.
///
/// `Available` holds for the pods that run, whichever generation made them. What the Deployment
/// says of its progress counts only once it has seen its newest generation: until then, it is
/// progressing.
///
/// ```
/// use k8s_openapi::api::apps::v1::Deployment;
/// use opgen_runtime::conditions;
///
/// let [available, progressing] = conditions::of_deployment(&Deployment::default(), Some(1));
/// assert_eq!((available.type_.as_str(), available.status.as_str()), ("Available", "False"));
/// assert_eq!(progressing.reason, "DeploymentNotObserved");
/// ```
pub fn of_deployment(deployment: &Deployment, generation: Option<i64>) -> [Condition; 2] {
    let ready = status(deployment, |status| status.available_replicas).unwrap_or(0);
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let (is_available, reason, _) = reported(deployment, "Available");
    let message = format!("{ready} of {wanted} replicas are available");
    let available = new("Available", is_available, reason, message, generation);

    let observed = status(deployment, |status| status.observed_generation);
    let (is_progressing, reason, message) = if observed < deployment.metadata.generation {
        (true, "DeploymentUpdated", "the rollout has not begun yet")
    } else {
        reported(deployment, "Progressing")
    };
    let progressing = new("Progressing", is_progressing, reason, message, generation);
    [available, progressing]
}

fn status<T>(
    deployment: &Deployment,
    field: impl FnOnce(&k8s_openapi::api::apps::v1::DeploymentStatus) -> Option<T>,
) -> Option<T> {
    deployment.status.as_ref().and_then(field)
}

/// Whether the Deployment's condition is true, its reason and its message.
fn reported<'a>(deployment: &'a Deployment, type_: &str) -> (bool, &'a str, &'a str) {
    let conditions = deployment
        .status
        .as_ref()
        .and_then(|it| it.conditions.as_deref());
    let is_it = |it: &&DeploymentCondition| it.type_.as_deref() == Some(type_);
    match conditions.unwrap_or_default().iter().find(is_it) {
        Some(found) => {
            let reason = found.reason.as_deref().filter(|reason| !reason.is_empty());
            let message = found.message.as_deref().unwrap_or_default();
            let is_true = found.status.as_deref() == Some("True");
            (is_true, reason.unwrap_or("DeploymentReported"), message)
        }
        None => (false, "DeploymentNotObserved", "nothing is reported yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(observed: i64, available: bool) -> Deployment {
        let available = if available { "True" } else { "False" };
        serde_json::from_value(json!({
            "metadata": { "generation": 2 },
            "spec": { "replicas": 3, "selector": {}, "template": {} },
            "status": { "availableReplicas": 2, "observedGeneration": observed, "conditions": [
                { "type": "Available", "status": available, "reason": "Enough" },
                { "type": "Progressing", "status": "False", "reason": "Late", "message": "too slow" },
            ] },
        }))
        .unwrap()
    }

    fn said(condition: &Condition) -> (&str, &str, &str) {
        (&condition.status, &condition.reason, &condition.message)
    }

    #[test]
    fn the_conditions_are_those_of_the_deployment() {
        let [available, progressing] = of_deployment(&deployment(2, true), Some(7));
        let message = "2 of 3 replicas are available";
        assert_eq!(said(&available), ("True", "Enough", message));
        assert_eq!(said(&progressing), ("False", "Late", "too slow"));
        assert_eq!(available.observed_generation, Some(7));
    }

    #[test]
    fn progress_of_an_older_generation_does_not_count() {
        let [available, progressing] = of_deployment(&deployment(1, false), Some(7));
        assert_eq!(available.status, "False");
        let message = "the rollout has not begun yet";
        assert_eq!(said(&progressing), ("True", "DeploymentUpdated", message));
    }
}
