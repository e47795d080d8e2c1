//! Whether an object passes the rules of its schema, for tests of objects that opgen makes.

use kube_cel::{ErrorKind, Validator};
use serde_json::Value;

/// What the CEL rules of a schema have against an object that is new, one message each. Rules with functions that
/// kube-cel cannot run, e.g. macros of two variables, say nothing: the API server is the judge of those.
pub fn evaluate(schema: &Value, object: &Value) -> Vec<String> {
    let errors = match Validator::new().validate(schema, object, None) {
        Ok(()) => return Vec::new(),
        Err(errors) => errors.into_vec(),
    };
    let runs = errors
        .iter()
        .filter(|error| error.kind != ErrorKind::UnsupportedReference);
    runs.map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_that_breaks_a_rule_is_told() {
        let schema = json!({
            "type": "object",
            "properties": { "n": { "type": "integer" }, "q": { "type": "string" } },
            "x-kubernetes-validations": [
                { "rule": "self.n > 1", "message": "n is small" },
                { "rule": "!has(self.q) || quantity(self.q).isLessThan(quantity('1Gi'))" },
                { "rule": "self.n == oldSelf.n" },
            ],
        });
        assert_eq!(
            evaluate(&schema, &json!({ "n": 2, "q": "5Mi" })),
            Vec::<String>::new()
        );
        assert_eq!(evaluate(&schema, &json!({ "n": 1 })), ["n is small"]);
        assert_eq!(evaluate(&schema, &json!({ "n": 2, "q": "5Gi" })).len(), 1);
    }
}
