//! Where in the schema of a kind something stands.

use std::fmt;

/// One step down in a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a field of an object, by its name in JSON.
    Field(String),
    /// Into what a list holds.
    Items,
    /// Into the values of a map.
    Values,
}

/// A place in the schema of one version of a kind; without steps, the version itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The kind, e.g. `MyApp`.
    pub kind: String,
    /// The version, e.g. `v1`; empty for what all versions share.
    pub version: String,
    /// The way from the root of an object.
    pub steps: Vec<Step>,
}

impl Place {
    /// The root of a version of a kind.
    pub fn root(kind: impl Into<String>, version: impl Into<String>) -> Self {
        let (kind, version, steps) = (kind.into(), version.into(), Vec::new());
        Self {
            kind,
            version,
            steps,
        }
    }

    /// One step further down.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut place = self.clone();
        place.steps.push(step);
        place
    }

    /// One field further down.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.step(Step::Field(name.to_owned()))
    }

    /// The way as it is written in a path: `.spec.ports[*].name`, and `.spec.labels{*}` for the values of a map.
    #[must_use]
    pub fn path(&self) -> String {
        let step = |step: &Step| match step {
            Step::Field(name) => format!(".{name}"),
            Step::Items => "[*]".to_owned(),
            Step::Values => "{*}".to_owned(),
        };
        self.steps.iter().map(step).collect()
    }
}

/// `MyApp v1 .spec.ports[*].name`
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        let parts = [&self.kind, &self.version, &path];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let parts: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
        formatter.write_str(&parts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_like_a_path() {
        let place = Place::root("MyApp", "v1").field("spec").field("ports");
        let place = place.step(Step::Items).field("name");
        assert_eq!(place.to_string(), "MyApp v1 .spec.ports[*].name");
        let values = Place::root("A", "").field("labels").step(Step::Values);
        assert_eq!(values.to_string(), "A .labels{*}");
    }
}
