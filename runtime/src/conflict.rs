//! What a server-side apply without force says when others have set its fields.

use std::collections::BTreeMap;

use kube::core::Status;

/// Which fields others have set, and who, when that is what the answer is about: the server's own
/// message counts the conflicts, and names no more than the first.
pub(crate) fn describe(status: &Status) -> Option<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let conflicts = causes.filter(|cause| cause.reason == "FieldManagerConflict");
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for conflict in conflicts {
        let field = conflict.field.trim_start_matches('.');
        fields
            .entry(manager(&conflict.message))
            .or_default()
            .push(field);
    }
    let wanted = match fields.values().map(Vec::len).sum() {
        0 => return None,
        1 => "another value",
        _ => "other values",
    };
    let set = fields.into_iter().map(|(manager, fields)| {
        let verb = if fields.len() == 1 { "is" } else { "are" };
        format!("`{}` {verb} set by `{manager}`", fields.join("`, `"))
    });
    let set: Vec<_> = set.collect();
    Some(format!("{}, and this wants {wanted}", set.join("; ")))
}

/// The manager in `conflict with "kubectl-scale" with subresource "scale" using apps/v1`, or the
/// whole text if it reads differently.
fn manager(message: &str) -> &str {
    let quoted = message.strip_prefix("conflict with \"");
    let name = quoted.and_then(|rest| rest.split_once('"'));
    name.map_or(message, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn conflict(causes: &[(&str, &str)]) -> Status {
        let causes: Vec<_> = causes
            .iter()
            .map(|(field, message)| {
                json!({ "reason": "FieldManagerConflict", "field": field, "message": message })
            })
            .collect();
        serde_json::from_value(json!({
            "status": "Failure", "code": 409, "reason": "Conflict",
            "message": "Apply failed with conflicts", "details": { "causes": causes },
        }))
        .unwrap()
    }

    #[test]
    fn each_manager_is_named_with_its_fields() {
        let replicas = (
            ".spec.replicas",
            "conflict with \"hpa\" with subresource \"scale\" using apps/v1",
        );
        assert_eq!(
            describe(&conflict(&[replicas])).unwrap(),
            "`spec.replicas` is set by `hpa`, and this wants another value"
        );
        let image = r#".spec.template.spec.containers[name="a"].image"#;
        let both = conflict(&[
            replicas,
            (image, "conflict with \"kubectl\" using apps/v1"),
            (".spec.paused", "conflict with \"kubectl\" using apps/v1"),
        ]);
        assert_eq!(
            describe(&both).unwrap(),
            "`spec.replicas` is set by `hpa`; \
             `spec.template.spec.containers[name=\"a\"].image`, `spec.paused` are set by `kubectl`, \
             and this wants other values"
        );
    }

    #[test]
    fn a_conflict_of_another_kind_is_left_to_the_server() {
        assert_eq!(describe(&conflict(&[])), None);
        let status = Status::failure("the object has been modified", "Conflict");
        assert_eq!(describe(&status), None);
    }
}
